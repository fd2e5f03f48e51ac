"""What a client does with its endpoints over the API."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.api.webhooks import WebhookRules
from gateway.webhooks.addresses import Addresses
from gateway.webhooks.kinds import KINDS, TEST
from tests.gateway.api.door import RULES, Door, Got, login
from tests.gateway.furnished import split
from tests.gateway.house import House
from tests.gateway.webhooks.receiver import verified
from tests.gateway.webhooks.vendor import BROKEN, WAITS, Vendor

URL = "https://vendor.example/hook"


class WebhookTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        self.house.client("alpha")
        self.house.client("beta")
        self.token = self.house.token("alpha")
        self.vendor = Vendor(self.house)

    def call(self, method: str, path: str, given: Any = None, token: str = "") -> Got:
        body = b"" if given is None else json.dumps(given).encode()
        headers = login(token or self.token)
        return self.door.line().request(method, path, body, headers)

    def add(self, **given: Any) -> Any:
        got = self.call("POST", "/v1/webhooks", {"url": URL} | given)
        assert got.status == 201, got.body
        return got.json()

    def refused(self, got: Got) -> tuple[int, str]:
        return got.status, got.json()["code"]

    def test_an_endpoint_is_registered_and_told_its_secret_once(self) -> None:
        """The answer holds the secret; no later one does."""
        made = self.add(events=["lot.sent"], description="office")
        place = f"/v1/webhooks/{made['id']}"

        assert made["secret"].startswith("whsec_")
        assert (made["url"], made["events"]) == (URL, ["lot.sent"])
        assert (made["state"], made["description"]) == ("active", "office")
        shown = self.call("GET", place).json()
        assert shown == {key: made[key] for key in made if key != "secret"}
        assert self.call("GET", "/v1/webhooks").json() == {"items": [shown]}

    def test_a_test_is_signed_with_the_secret_that_was_told(self) -> None:
        """From the answer of the API to the signature on the wire."""
        made = self.add()
        got = self.call("POST", f"/v1/webhooks/{made['id']}/test")
        assert got.status == 202
        assert (got.json()["type"], got.json()["state"]) == (TEST, "pending")
        self.vendor.work()
        ((url, came),) = self.vendor.endpoints.came

        assert url == URL
        assert verified(made["secret"], came, self.house.now())
        listed = self.call("GET", f"/v1/webhooks/{made['id']}/deliveries").json()
        (delivery,) = listed["items"]
        assert (delivery["state"], delivery["status"]) == ("delivered", 204)
        assert delivery["event"] == came.headers["webhook-id"]

    def test_an_endpoint_is_changed_paused_and_put_back_in_use(self) -> None:
        """What is left out stays as it is."""
        place = f"/v1/webhooks/{self.add(description='office')['id']}"
        other = "https://other.example/"
        got = self.call("PATCH", place, {"url": other, "events": ["answer.late"]})
        assert (got.json()["url"], got.json()["description"]) == (other, "office")
        assert got.json()["events"] == ["answer.late"]
        assert (
            self.call("PATCH", place, {"state": "paused"}).json()["state"] == "paused"
        )
        assert (
            self.call("PATCH", place, {"state": "active"}).json()["state"] == "active"
        )
        assert self.call("PATCH", place, {}).json()["url"] == other

    def test_a_new_secret_signs_beside_the_old_one(self) -> None:
        """Nothing breaks while the vendor changes it over."""
        made = self.add()
        fresh = self.call("POST", f"/v1/webhooks/{made['id']}/secret").json()
        assert fresh["secret"] != made["secret"]
        assert fresh["old_secret_until"] is not None
        self.call("POST", f"/v1/webhooks/{made['id']}/test")
        self.vendor.work()
        ((_, came),) = self.vendor.endpoints.came
        for secret in (made["secret"], fresh["secret"]):
            assert verified(secret, came, self.house.now())

    def test_an_endpoint_that_is_removed_is_gone(self) -> None:
        """With all that waited for it."""
        place = f"/v1/webhooks/{self.add()['id']}"
        self.call("POST", f"{place}/test")
        got = self.call("DELETE", place)
        assert (got.status, got.body) == (204, b"")
        assert self.refused(self.call("GET", place)) == (404, "not-found")
        self.vendor.work()
        assert not self.vendor.endpoints.came

    def test_nobody_reaches_another_clients_endpoint(self) -> None:
        """Another's endpoint cannot be told from one that is not there."""
        made = self.add()
        self.call("POST", f"/v1/webhooks/{made['id']}/test")
        token = self.house.token("beta")
        place, none = f"/v1/webhooks/{made['id']}", "/v1/webhooks/w0"
        for method, tail, given in (
            ("GET", "", None),
            ("PATCH", "", {"state": "paused"}),
            ("DELETE", "", None),
            ("POST", "/test", None),
            ("POST", "/secret", None),
            ("POST", "/replay", None),
            ("GET", "/deliveries", None),
            ("POST", f"/deliveries/{made['id']}-1/replay", None),
        ):
            found, absent = (
                self.call(method, each + tail, given, token) for each in (place, none)
            )
            assert self.refused(found) == (404, "not-found"), (method, tail)
            words = found.json()["detail"].replace(made["id"], "w0")
            assert words == absent.json()["detail"]
        assert self.call("GET", "/v1/webhooks", token=token).json() == {"items": []}

    def test_an_address_inside_is_refused_at_once(self) -> None:
        """The answer says why, and what was wanted."""
        place = f"/v1/webhooks/{self.add()['id']}"
        for url in ("http://vendor.example/", "https://169.254.169.254/", "nowhere"):
            for got in (
                self.call("POST", "/v1/webhooks", {"url": url}),
                self.call("PATCH", place, {"url": url}),
            ):
                assert self.refused(got) == (400, "bad-body")
                assert "url cannot be called" in got.json()["detail"]

    def test_settings_may_allow_an_address_inside(self) -> None:
        """As for a vendor's software in the same house."""
        allowed = Addresses(allowed=(ip_network("10.1.0.0/16"),))
        self.door = Door(
            self.house, rules=WebhookRules(addresses=allowed, most=1, old_secret=1.0)
        )
        assert self.add(url="https://10.1.2.3/hook")["state"] == "active"

    def test_a_body_is_read_as_declared(self) -> None:
        """Whatever else is in it is refused, with words that name it."""
        for body, words in (
            (b"", "no JSON object"),
            (b"[]", "no JSON object"),
            (b"{", "no JSON object"),
            (b"[" * 60_000, "no JSON object"),
            (b'{"url": "\xff"}', "not UTF-8 (from byte 10 on)"),
            ('{"url": "x"}'.encode("utf-16"), "not UTF-8"),
            ('{"url": "x"}'.encode("utf-16-le"), "no JSON object in UTF-8"),
            (b'\xef\xbb\xbf{"url": "x"}', "byte order mark"),
            (b'{"url": "a", "url": "b"}', "'url' stands twice"),
            (b"{}", "'url' is missing"),
            (b'{"url": 7}', "'url' has a wrong value"),
            (b'{"url": null}', "'url' has a wrong value"),
            (b'{"url": "https://a.example", "x": 1}', "'x' is no member here"),
            (b'{"url": "https://a.example", "events": "lot.sent"}', "a list of texts"),
            (b'{"url": "https://a.example", "events": ["x"]}', "wanted one of deposit"),
            (b'{"url": "https://a.example", "description": "\\u0000"}', "control"),
            (b'{"url": "https://a.example", "description": "\\ud800"}', "control"),
        ):
            got = self.door.post("/v1/webhooks", body, self.token)
            assert self.refused(got) == (400, "bad-body"), body[:40]
            assert words in got.json()["detail"], (body[:40], got.json()["detail"])
        got = self.door.post("/v1/webhooks", b" " * 70_000, self.token)
        assert self.refused(got) == (413, "too-large")

    def test_there_are_only_so_many(self) -> None:
        """One more is refused, and says what to do."""
        for _ in range(RULES.most):
            self.add()
        got = self.call("POST", "/v1/webhooks", {"url": URL})
        assert self.refused(got) == (409, "too-many-webhooks")

    def test_what_was_given_up_is_replayed_one_by_one_or_all(self) -> None:
        """The same events with the same ids, in order, each once."""
        made = self.add()
        place = f"/v1/webhooks/{made['id']}"
        for _ in range(3):
            self.call("POST", f"{place}/test")
        self.vendor.endpoints.broken = {URL}
        while "pending" in self.vendor.states(made["id"]):
            self.vendor.work()
            self.house.clock.advance(WAITS[-1] * 1.2)
        self.vendor.endpoints.broken = set()
        dead = self.call("GET", f"{place}/deliveries?state=dead").json()["items"]
        assert [each["error"] for each in dead] == [BROKEN.words] * 3

        (oldest,) = [each["id"] for each in dead if each["id"].endswith("-1")]
        got = self.call("POST", f"{place}/deliveries/{oldest}/replay")
        assert (got.status, got.json()["state"]) == (202, "pending")
        again = self.call("POST", f"{place}/deliveries/{got.json()['id']}/replay")
        assert self.refused(again) == (409, "still-pending")
        got = self.call("POST", f"{place}/replay?since=2026-11-01T00:00:00Z")
        assert got.json() == {"replayed": 2}
        assert self.call("POST", f"{place}/replay").json() == {"replayed": 0}

        self.vendor.endpoints.came.clear()
        self.vendor.work()
        ids = [came.headers["webhook-id"] for _, came in self.vendor.endpoints.came]
        assert ids == [each["event"] for each in reversed(dead)]

    def test_deliveries_are_listed_page_by_page_while_more_come(self) -> None:
        """Newest first; what comes in between shifts nothing."""
        place = f"/v1/webhooks/{self.add()['id']}"
        for _ in range(5):
            self.call("POST", f"{place}/test")
        first = self.call("GET", f"{place}/deliveries?limit=2").json()
        self.call("POST", f"{place}/test")
        second = self.call(
            "GET", f"{place}/deliveries?limit=9&after={first['next']}"
        ).json()
        listed = [
            each["id"].rsplit("-")[-1] for each in first["items"] + second["items"]
        ]
        assert listed == ["5", "4", "3", "2", "1"]
        assert second["next"] is None

    def test_a_delivery_is_in_the_life_of_what_it_told(self) -> None:
        """Who asks about a deposit sees that its vendor was told."""
        self.add()
        alpha = self.house.limits("alpha")
        deposit = self.house.deposit(alpha, "a.b2", b"x").deposit
        split(self.house, "alpha", deposit, [1])
        self.vendor.work()
        events = self.door.get(f"/v1/deposits/{deposit}/events", self.token).json()
        (told,) = [
            each for each in events["items"] if each["kind"] == "webhook.delivered"
        ]
        assert told["facts"]["kind"] == "deposit.read"

    def test_the_kinds_are_documented(self) -> None:
        """In the document for programs, from the table that serves."""
        document = self.door.get("/openapi.json").json()
        body = document["paths"]["/v1/webhooks"]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]
        assert schema["properties"]["events"]["items"]["enum"] == list(KINDS)
        assert schema["required"] == ["url"]

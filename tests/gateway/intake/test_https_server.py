"""The HTTPS door itself: connections, timeouts, what it says and what it logs."""

from __future__ import annotations

import json
from io import StringIO

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from gateway.api.routes import Answer, Asked
from gateway.console.forms import read_form
from gateway.intake.credentials import token_hash
from gateway.intake.https_elsewhere import Beside
from gateway.intake.https_server import HttpsLimits
from gateway.journal import clients, tree
from gateway.logs import observer
from tests.gateway.api.door import Door, head, login
from tests.gateway.house import House


async def form(asked: Asked) -> Answer:
    """Stand for a page of the console."""
    fields = await read_form(asked)
    return Answer(body=repr(sorted(fields.as_mapping().items())).encode())


class ConnectionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        limits = HttpsLimits(max_connections=2, head_seconds=20, idle_seconds=60)
        self.door = Door(self.house, limits=limits)

    def test_a_head_that_trickles_is_cut(self) -> None:
        """A client that feeds its head byte by byte cannot hold a connection."""
        line = self.door.line()
        for _ in range(3):
            line.send(b"G")
            self.house.clock.advance(10)
        line.send(b"E")

        assert line.transport.disconnected
        assert self.door.seen.rejections == ["head-time"]

    def test_a_silent_connection_is_closed(self) -> None:
        """Nothing for the idle time, and the connection ends."""
        line = self.door.line()
        self.house.clock.advance(60)

        assert line.transport.disconnecting
        assert self.door.seen.rejections == ["idle"]

    def test_a_body_that_stops_is_closed(self) -> None:
        """An upload that comes to a halt is cut, and leaves nothing."""
        self.house.client("alpha")
        named = login(self.house.token("alpha"))
        line = self.door.line()
        line.send(head("POST", "/v1/deposits?filename=a.b2", 9, named) + b"half")
        self.house.clock.advance(60)

        assert line.transport.disconnecting

    def test_one_connection_too_many_is_turned_away(self) -> None:
        """Beyond the limit a connection is closed; one that ends makes room."""
        first, _second, third = (self.door.line() for _ in range(3))
        refused = third.transport.disconnecting
        third.cut()
        first.cut()
        fourth = self.door.line()

        assert refused
        assert self.door.seen.rejections == ["connections"]
        assert not fourth.transport.disconnecting
        assert self.door.seen.open == 2

    def test_draining_lets_a_request_end(self) -> None:
        """At a stop idle connections close, and one at work ends with its answer."""
        self.house.client("alpha")
        named = login(self.house.token("alpha"))
        idle, busy = self.door.line(), self.door.line()
        idle.request("GET", "/healthz")
        busy.send(head("POST", "/v1/deposits?filename=a.b2", 3, named) + b"ab")

        drained = self.door.site.drain()
        assert idle.transport.disconnecting
        idle.cut()
        self.assertNoResult(drained)
        busy.send(b"c")
        assert busy.answer("POST").status == 201
        assert busy.transport.disconnecting
        busy.cut()
        self.successResultOf(drained)

    def test_who_has_just_come_is_served_at_a_stop(self) -> None:
        """A connection that was taken may ask once; one that says nothing is closed."""
        late, silent = self.door.line(), self.door.line()
        self.door.site.drain()
        assert not late.transport.disconnecting
        asked = late.request("GET", "/openapi.json")
        assert (asked.status, asked.headers["Connection"]) == (200, "close")
        assert late.transport.disconnecting
        self.house.clock.advance(2)
        assert silent.transport.disconnecting

    def test_no_timer_outlives_a_connection(self) -> None:
        """A connection that is gone leaves no timer behind."""
        line = self.door.line()
        line.request("GET", "/healthz")
        line.cut()

        assert self.house.clock.getDelayedCalls() == []


class AnswerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        beside = Beside(below="console", answer=form)
        self.door = Door(self.house, elsewhere=beside)
        self.house.client("alpha")
        self.token = self.house.token("alpha")

    def test_answers_do_not_name_the_software(self) -> None:
        """No Server header, on the API, on pages, nor on what is not there."""
        for path in ("/v1/deposits", "/docs", "/", "/nothing", "/v1/nothing"):
            got = self.door.get(path, self.token)
            assert "Server" not in got.headers, path
            assert got.headers["X-Content-Type-Options"] == "nosniff"

    def test_what_is_not_there_is_a_problem(self) -> None:
        """Unknown addresses are answered as problem details with status 404."""
        got = self.door.get("/v1/nothing", self.token)

        assert (got.status, got.json()["code"]) == (404, "not-found")
        assert got.headers["Content-Type"] == "application/problem+json"

    def test_a_wrong_method_lists_the_right_ones(self) -> None:
        """405 and OPTIONS both say what an address answers to."""
        wrong = self.door.line().request("DELETE", "/v1/deposits")
        asked = self.door.line().request("OPTIONS", "/v1/deposits")

        assert (wrong.status, asked.status) == (405, 204)
        assert wrong.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
        assert asked.headers["Allow"] == wrong.headers["Allow"]

    def test_head_is_get_without_a_body(self) -> None:
        """HEAD gives the headers of GET; the connection goes on."""
        line = self.door.line()
        shown = line.request("GET", "/v1/deposits", headers=login(self.token))
        asked = line.request("HEAD", "/v1/deposits", headers=login(self.token))

        assert asked.headers["Content-Length"] == str(len(shown.body))
        assert line.transport.value() == b""

    def test_the_root_leads_a_browser_on(self) -> None:
        """Who opens the bare address is sent to something to read."""
        got = self.door.get("/")

        assert (got.status, got.headers["Location"]) == (302, "/docs")

    def test_pages_beside_the_api_take_small_forms(self) -> None:
        """A form is read by its page; one beyond 64 kB is refused."""
        line = self.door.line()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        small = line.request("POST", "/console", b"a=1&b=2", form)
        large = line.request("POST", "/console", b"a=" + b"1" * 70_000, form)

        assert small.body == b"[('a', '1'), ('b', '2')]"
        assert large.status == 413

    def test_each_request_is_logged_without_its_secrets(self) -> None:
        """One line: who, what route, status, bytes; no token, no address."""
        out = StringIO()
        lines = observer(out)
        globalLogPublisher.addObserver(lines)
        self.addCleanup(globalLogPublisher.removeObserver, lines)
        path = "/v1/deposits?filename=secret-name.b2"
        deposit = self.door.post(path, b"abc", self.token).json()["deposit"]
        self.door.get(f"/v1/deposits/{deposit}", self.token)

        lines_told = [json.loads(line) for line in out.getvalue().splitlines()]
        told = [each for each in lines_told if each["text"] == "request"]
        assert [(each["client"], each["route"], each["status"]) for each in told] == [
            ("alpha", "/v1/deposits", 201),
            ("alpha", "/v1/deposits/{id}", 200),
        ]
        assert told[0]["taken"] == 3
        assert self.token not in out.getvalue()
        assert "secret-name" not in out.getvalue()

    def test_the_root_takes_nothing_else(self) -> None:
        """A program that posts to the bare address is told so as a problem."""
        got = self.door.line().request("POST", "/", b"x")
        asked = self.door.line().request("OPTIONS", "*")

        assert (got.status, got.json()["code"]) == (405, "method-not-allowed")
        assert got.headers["Allow"] == "GET, HEAD"
        assert asked.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST"

    def test_a_call_without_a_file_takes_a_small_body(self) -> None:
        """413 names the call, its limit, and where files go."""
        named = login(self.token)
        line = self.door.line()
        line.send(head("POST", "/v1/direct/rights", 70_000, named) + b"x" * 70_000)
        got = line.answer("POST")

        assert got.status == 413
        for word in ("POST /v1/direct/{flow}", "65536", "70000", "/v1/deposits"):
            assert word in got.json()["detail"]


UNREADABLE = {
    b"what is this\r\n\r\n": (400, "first line"),
    b"GET /v1/deposits HTTP/2.0\r\n\r\n": (400, "first line"),
    "GET /v1/é HTTP/1.1\r\n\r\n".encode(): (400, "percent-encoded"),
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n": (400, "header line"),
    b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n": (400, "Content-Length"),
    b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n": (400, "chunked"),
    b"GET / HTTP/1.1\r\nX: " + b"x" * 17_000: (431, "16384"),
    b"GET /" + b"x" * 17_000: (431, "16384"),
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 600 + b"\r\n": (431, "500"),
    b"GET / HTTP/1.1\r\n" + (b"X: " + b"y" * 9000 + b"\r\n") * 2: (431, "16384"),
}


class UnreadableTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)

    def test_what_is_no_request_is_told_so(self) -> None:
        """It is a problem as any other, says which part, and ends the connection."""
        codes = {400: "bad-request", 431: "head-too-large"}
        for data, (status, word) in UNREADABLE.items():
            line = self.door.line()
            line.send(data)
            got = line.answer()

            assert (got.status, got.json()["code"]) == (status, codes[status]), data
            assert word in got.json()["detail"], data
            assert got.headers["Content-Type"] == "application/problem+json"
            assert got.headers["Connection"] == "close"
            assert line.transport.disconnecting

    def test_a_body_in_broken_chunks_is_no_deposit(self) -> None:
        """An upload whose chunks cannot be read ends with 400 and leaves nothing."""
        self.house.client("alpha")
        named = login(self.house.token("alpha")) | {"Transfer-Encoding": "chunked"}
        line = self.door.line()
        text = head("POST", "/v1/deposits?filename=a.b2", 0, named)
        line.send(text.replace(b"Content-Length: 0\r\n", b""))
        line.send(b"3\r\nabc\r\nzz\r\n")
        got = line.answer("POST")
        line.cut()

        assert (got.status, got.json()["code"]) == (400, "bad-request")
        assert self.house.database.read(tree.inbox, "alpha", "/in") == []


class LoginTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house, believe_seconds=5.0)
        self.house.client("alpha")
        self.token = self.house.token("alpha")

    def status(self, authorization: str) -> int:
        line = self.door.line()
        named = {"Authorization": authorization} if authorization else {}
        return line.request("GET", "/v1/deposits", headers=named).status

    def test_only_a_known_token_comes_in(self) -> None:
        """No login, another scheme, or another token: 401, and all alike."""
        assert self.status("") == 401
        assert self.status(f"Basic {self.token}") == 401
        assert self.status("Bearer ") == 401
        assert self.status(f"Bearer {self.token}x") == 401
        assert self.status(f"bearer {self.token}") == 200

    def test_a_revoked_token_is_refused_within_seconds(self) -> None:
        """A token is believed for the time promised, and not longer."""
        assert self.status(f"Bearer {self.token}") == 200
        self.house.database.write(
            "revoke",
            lambda tx: clients.revoke_key(tx, "alpha", token_hash(self.token)),
        )
        self.house.clock.advance(4.9)
        believed = self.status(f"Bearer {self.token}")
        self.house.clock.advance(0.2)

        assert (believed, self.status(f"Bearer {self.token}")) == (200, 401)
        assert self.door.seen.logins == ["token", "refused"]

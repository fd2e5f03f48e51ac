"""The payer directory as clients see it: the payers, never how they are reached."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from config.directory_files import from_json
from config.directory_records import (
    CalendarEntry,
    CodeEntry,
    Delivery,
    DirectoryData,
    EndpointEntry,
    Gather,
    PayerEntry,
    Retry,
)
from gateway.house import note_directory
from gateway.referential.file import FORMAT
from protocols.mycarenet.network import MYCARENET
from protocols.sesam.amc_tables import CONVENTIONS, GROUPINGS
from protocols.sesam.network import SESAM
from routing.directory import Directory
from tests.gateway.api.door import Door
from tests.gateway.house import House
from tests.protocols.sesam import amc_invented


def payer(name: str, network: str, endpoint: str | None) -> PayerEntry:
    return PayerEntry(
        id=name,
        name=name.upper(),
        network=network,
        country="FR",
        time_zone="Europe/Paris",
        codes=(
            CodeEntry("011", None, date(2025, 12, 31), "012"),
            CodeEntry("012", date(2026, 1, 1), None, None),
        ),
        endpoint=endpoint,
        flows=("billing",),
        enrolment=True,
        rules={"secret-rule": "inside"},
        gather=Gather(1, 1, 1, 0),
        delivery=Delivery(
            windows=(),
            concurrency=1,
            retry=Retry(1, 2, 3, 4),
            resend_same_number=False,
        ),
        expects=(),
        calendar=CalendarEntry(),
    )


def version_of(
    payers: Sequence[PayerEntry], tables: Mapping[str, Any]
) -> DirectoryData:
    """Make a version, with tables of sesam."""
    sources = {
        f"{each.id}.toml": {
            "payer": {
                "id": each.id,
                "name": each.name,
                "network": each.network,
                "enrolment": each.enrolment,
            },
            "code": [{"code": code.code} for code in each.codes],
        }
        for each in payers
    }
    sources |= {f"tables/sesam/{name}.csv": rows for name, rows in tables.items()}
    return from_json(json.dumps(sources), Path())


class PayerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        host = EndpointEntry(
            id="host", channel="sftp", simulated=False, settings={"host": "inside"}
        )
        self.house.directory = Directory(
            DirectoryData(
                payers=(payer("one", "sesam", "host"), payer("two", "ramq", None)),
                endpoints=(host,),
                tables={},
                sources={},
            )
        )
        self.house.client("alpha")
        self.token = self.house.token("alpha")

    def test_payers_are_listed_with_their_codes_of_today(self) -> None:
        """A code that is over is not shown; one that cannot be reached says so."""
        body = self.door.get("/v1/payers", self.token).json()

        assert [each["id"] for each in body["items"]] == ["one", "two"]
        assert body["items"][0]["codes"] == ["012"]
        assert [each["open"] for each in body["items"]] == [True, False]

    def test_how_a_payer_is_reached_is_not_told(self) -> None:
        """Hosts and rules stay inside."""
        for path in ("/v1/payers", "/v1/payers/one"):
            got = self.door.get(path, self.token)
            assert got.status == 200
            assert b"inside" not in got.body

    def test_payers_of_one_network(self) -> None:
        """The list can be narrowed; an unknown payer is 404."""
        body = self.door.get("/v1/payers?network=ramq", self.token).json()
        missing = self.door.get("/v1/payers/three", self.token)

        assert [each["id"] for each in body["items"]] == ["two"]
        assert (missing.status, missing.json()["code"]) == (404, "not-found")

    def put_in_force(
        self, *payers: PayerEntry, tables: Mapping[str, Any] = MappingProxyType({})
    ) -> str:
        """Have the house load a version, as a node does."""
        data = version_of(payers, tables)
        self.house.database.write("note", note_directory, data)
        self.house.directory = Directory(data)
        return data.version

    def ids(self, path: str) -> list[str]:
        return [each["id"] for each in self.door.get(path, self.token).json()["items"]]

    def test_a_list_has_pages_of_one_version(self) -> None:
        """A change between two pages neither skips nor mixes."""
        first = self.put_in_force(
            *(payer(name, "sesam", None) for name in ("a", "b", "c"))
        )
        page = self.door.get("/v1/payers?limit=2", self.token).json()
        assert [each["id"] for each in page["items"]] == ["a", "b"]
        self.put_in_force(payer("d", "sesam", None))
        rest = self.door.get(f"/v1/payers?after={page['next']}", self.token).json()
        assert [each["id"] for each in rest["items"]] == ["c"]
        assert (rest["directory"], rest["next"]) == (first, None)
        assert self.ids("/v1/payers") == ["d"]

    def test_only_what_changed_is_told_with_what_is_gone(self) -> None:
        """Software keeps what it has, and asks from its version on."""
        stays, goes = payer("stays", "sesam", None), payer("goes", "sesam", None)
        changes = payer("changes", "sesam", None)
        before = self.put_in_force(stays, goes, changes)
        after = self.put_in_force(
            stays, evolve(changes, enrolment=False), payer("new", "sesam", None)
        )
        told = self.door.get(f"/v1/payers?since={before}", self.token).json()
        assert [each["id"] for each in told["items"]] == ["changes", "new"]
        assert told["removed"] == ["goes"]
        assert told["directory"] == after
        pages = self.door.get(f"/v1/payers?since={before}&limit=2", self.token).json()
        assert (len(pages["items"]), pages["removed"]) == (1, ["goes"])
        last = self.door.get(
            f"/v1/payers?since={before}&after={pages['next']}", self.token
        ).json()
        assert [each["id"] for each in last["items"]] == ["new"]
        alone = self.door.get(f"/v1/payers?after={pages['next']}", self.token).json()
        assert alone == last, "a cursor knows what it goes on with"
        other = self.door.get(
            f"/v1/payers?since={after}&after={pages['next']}", self.token
        )
        assert (other.status, other.json()["code"]) == (400, "bad-cursor")
        same = self.door.get(f"/v1/payers?since={after}", self.token).json()
        assert (same["items"], same["removed"]) == ([], [])

    def test_a_copy_with_what_changed_is_the_whole_set(self) -> None:
        """However short the pages are: the promise on which software keeps its table."""

        def whole() -> dict[str, Any]:
            got = self.door.get("/v1/payers/all.jsonl.gz", self.token)
            lines = map(json.loads, gzip.decompress(got.body).splitlines()[1:])
            return {each["id"]: each for each in lines}

        def name(number: int) -> PayerEntry:
            return payer(f"p{number}", "sesam", None)

        before = self.put_in_force(*map(name, range(6)))
        copy = whole()
        renamed = (evolve(name(number), name=f"New {number}") for number in (2, 3))
        self.put_in_force(name(0), *renamed, *map(name, (5, 6, 7)))
        after: str | None = ""
        while after is not None:
            page = self.door.get(
                f"/v1/payers?since={before}&limit=1&after={after}", self.token
            ).json()
            for each in page["items"]:
                del each["codes"]
                copy[each["id"]] = each
            for gone in page["removed"]:
                del copy[gone]
            after = page["next"]
        assert copy == whole()

    def test_an_unknown_version_says_to_take_the_whole_set(self) -> None:
        """So does a cursor of a version that never was; a search beside it is refused."""
        got = self.door.get("/v1/payers?since=nonsense", self.token)
        assert (got.status, got.json()["code"]) == (410, "unknown-version")
        assert got.json()["whole"] == "/v1/payers/all.jsonl.gz"
        assert "/v1/payers/all.jsonl.gz" in got.json()["detail"]
        both = self.door.get("/v1/payers?since=nonsense&name=x", self.token)
        assert (both.status, both.json()["code"]) == (400, "bad-parameter")

    def test_the_whole_set_is_one_file_that_is_sent_once(self) -> None:
        """JSON lines in gzip; who has the version is told so and gets no body."""
        version = self.put_in_force(payer("b", "sesam", None), payer("a", "ramq", None))
        got = self.door.get("/v1/payers/all.jsonl.gz", self.token)
        head, *lines = map(json.loads, gzip.decompress(got.body).splitlines())
        assert head == {"format": FORMAT, "directory": version, "payers": 2}
        assert [each["id"] for each in lines] == ["a", "b"]
        assert "inside" not in str(lines)
        assert got.headers["ETag"] == f'"{version}"'
        for known in (f'"{version}"', f'"x", W/"{version}"', "*"):
            again = self.door.get(
                "/v1/payers/all.jsonl.gz", self.token, **{"If-None-Match": known}
            )
            assert (again.status, again.body) == (304, b"")
            assert "Content-Length" not in again.headers
        other = self.door.get(
            "/v1/payers/all.jsonl.gz", self.token, **{"If-None-Match": '"other"'}
        )
        assert other.body == got.body

    def test_payers_are_found_by_name_code_profession_and_card(self) -> None:
        """Everything that is asked must fit; a merged code finds who took over."""
        self.house.networks.update(sesam=SESAM, mycarenet=MYCARENET)
        fund = evolve(
            payer("fund", "sesam", None),
            name="Caisse de l'Été",
            codes=(CodeEntry("01751", None, None, None),),
        )
        union = evolve(
            payer("union", "mycarenet", None),
            name="Union nationale",
            codes=(CodeEntry("300", None, None, None),),
        )
        self.put_in_force(fund, union)
        for query, found in (
            ("name=ete%20caisse", ["fund"]),
            ("code=300", ["union"]),
            ("profession=optician", ["fund", "union"]),
            ("regime=01&fund=751&centre=0000", ["fund"]),
            ("regime=01&fund=999", []),
            ("mutuality=319", ["union"]),
            ("network=sesam&name=union", []),
        ):
            assert self.ids(f"/v1/payers?{query}") == found, query
        told = self.door.get("/v1/payers?mutuality=319", self.token).json()["cards"]
        assert [(each["network"], each["codes"]) for each in told] == [
            ("mycarenet", ["300"])
        ]
        for query in ("regime=01", "profession=wizard", "shoe=44"):
            assert self.door.get(f"/v1/payers?{query}", self.token).status == 400

    def test_an_attestation_gives_the_payer_and_its_address(self) -> None:
        """By AMC number, convention and criterion; how it was found is told as well."""
        self.house.networks.update(sesam=SESAM)
        row = amc_invented.convention(
            signatory="8001", grouped="1", kind="SP", address=("SP", "7", "pay.example")
        )
        tables = amc_invented.taken_over(
            {
                GROUPINGS: [amc_invented.grouping("300000001", "8001", kind="SP")],
                CONVENTIONS: [row],
            }
        )
        health = evolve(
            payer("health", "sesam", None),
            codes=(CodeEntry("SP/007/pay.example", None, None, None),),
        )
        self.put_in_force(health, payer("other", "sesam", None), tables=tables)
        query = "amc=0300000001&convention=SP&criterion=017510000&regime=&agreement=T"
        body = self.door.get(f"/v1/payers?{query}", self.token).json()
        assert [each["id"] for each in body["items"]] == ["health"]
        assert body["items"][0]["cards"][-1]["amc"] == "0300000001"
        (card,) = body["cards"]
        assert (card["network"], card["codes"]) == ("sesam", ["SP/007/pay.example"])
        assert card["told"]["convention"]["domain"] == "pay.example"
        assert [each["table"] for each in card["told"]["steps"]] == [
            "correspondences",
            "groupings",
            "conventions",
        ]

"""The payer directory as clients see it: the payers, never how they are reached."""

from __future__ import annotations

from datetime import date

from twisted.trial.unittest import SynchronousTestCase

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
from routing.directory import Directory
from tests.gateway.api.door import Door
from tests.gateway.house import House


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


class PayerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        host = EndpointEntry(
            id="host", channel="sftp", simulated=False, settings={"host": "inside"}
        )
        self.door.directory = Directory(
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

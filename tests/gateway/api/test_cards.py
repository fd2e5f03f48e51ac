"""A photo of an attestation gives who pays, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.testing import EventLoggingObserver
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from config.directory_files import from_json
from gateway.api.cards import AT_ONCE, CardViews, Decode
from gateway.api.routes import Match, Route
from gateway.cards.decoding import MOST_BYTES, UnreadableImage
from protocols.mycarenet.network import MYCARENET
from routing.directory import Directory
from tests.gateway.api.door import Door, Got, as_text, head, login
from tests.gateway.house import House

SYNTAX = {
    "words": "invented",
    "simulated": True,
    "begins": "X1",
    "separator": ";",
    "order": ["mutuality", "member", "valid_until"],
}
PAYER = {"id": "union-300", "name": "Union 300", "network": "mycarenet"}
PERSON = "SPECIMEN-4711"
PHOTO = f"X1;319;{PERSON};20261231".encode()
T = TypeVar("T")
PATH = "/v1/payers/decode"


class CardTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.house.networks = {"mycarenet": MYCARENET}
        sources = {
            "attestations/x1.toml": SYNTAX,
            "union-300.toml": {"payer": PAYER, "code": [{"code": "300"}]},
        }
        self.house.directory = Directory(from_json(json.dumps(sources), Path()))
        self.house.client("alpha")
        self.token = self.house.token("alpha")
        self.door = Door(self.house)

    def refused(self, decode: Decode, image: bytes = PHOTO) -> Got:
        return Door(self.house, decode=decode).post(PATH, image, self.token)

    def test_a_photo_gives_the_card_and_who_pays(self) -> None:
        """And says that the syntax is an invented one."""
        body = self.door.post(PATH, PHOTO, self.token).json()
        assert body["syntax"] == {"name": "x1", "simulated": True, "words": "invented"}
        assert (body["member"], body["valid_until"]) == (PERSON, "2026-12-31")
        (line,) = body["lines"]
        assert line["card"] == {"mutuality": "319"}
        assert [each["id"] for each in line["payers"]] == ["union-300"]
        assert line["cards"][0]["codes"] == ["300"]

    def test_nothing_of_it_is_kept_or_logged(self) -> None:
        """Neither in the journal, nor in the storage, nor in a line of the log."""
        events = EventLoggingObserver()
        globalLogPublisher.addObserver(events)
        self.addCleanup(globalLogPublisher.removeObserver, events)
        self.door.post(PATH, PHOTO, self.token)
        self.refused(lambda image: [f"X1;{PERSON};{PERSON};{PERSON}"])
        kept = [each.read_bytes() for each in self.house.folder.rglob("*.*")]
        assert kept
        assert not any(PERSON.encode() in each for each in kept)
        assert not any(PERSON in str(each) for each in events)

    def test_a_bad_image_is_refused_with_what_was_wrong(self) -> None:
        """A word for programs, and a sentence for people."""

        def unreadable(image: bytes) -> list[str]:
            raise UnreadableImage("no-data-matrix", "no Data Matrix can be read in it")

        got = self.refused(unreadable)
        assert (got.status, got.json()["code"]) == (422, "unreadable-image")
        assert got.json()["reason"] == "no-data-matrix"
        got = self.refused(lambda image: ["X1;319", "X1;300"])
        assert got.json()["reason"] == "several"
        got = self.refused(lambda image: [f"https://example.org/{PERSON}"])
        assert (got.status, got.json()["code"]) == (422, "unknown-attestation")
        assert PERSON not in got.json()["detail"]

    def test_an_image_has_limits(self) -> None:
        """Its size is refused before it is taken; a form is not the image."""
        line = self.door.line()
        line.send(head("POST", PATH, MOST_BYTES + 1, login(self.token)))
        assert line.answer().json()["code"] == "too-large"
        got = self.door.post(
            PATH, PHOTO, self.token, Content_Type="multipart/form-data; boundary=x"
        )
        assert (got.status, got.json()["code"]) == (415, "unsupported-media")
        assert self.door.post(PATH, PHOTO).status == 401

    def test_only_so_many_are_read_at_a_time(self) -> None:
        """The next one is asked to come again, and then is read."""
        waiting: list[Deferred[None]] = []

        def later(call: Callable[[], T], /) -> Deferred[T]:
            waiting.append(Deferred())
            return waiting[-1].addCallback(lambda _: call())

        views = CardViews(self.house.versions, as_text, later)
        self.patch(self.door.routes, "find", lambda *_: Match(_route(views), {}))
        lines = [self.door.line() for _ in range(AT_ONCE + 1)]
        for line in lines:
            line.send(head("POST", PATH, len(PHOTO), login(self.token)) + PHOTO)
        got = lines[-1].answer()
        assert (got.status, got.json()["code"]) == (429, "too-many-images")
        assert got.headers["Retry-After"] == "1"
        for each in waiting:
            each.callback(None)
        assert [line.answer().status for line in lines[:-1]] == [200] * AT_ONCE


def _route(views: CardViews) -> Route:
    return Route(
        method="POST",
        path=PATH,
        name="Decode",
        summary="",
        handler=views.decode,
        takes_file=True,
    )

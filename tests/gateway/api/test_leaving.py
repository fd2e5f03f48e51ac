"""What is taken away is announced, in every answer and for a year at least."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

import pytest
from attrs import evolve
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.api.documents import DocumentViews
from gateway.api.leaving import Leaving
from gateway.api.openapi import document
from gateway.api.routes import RouteTable
from tests.gateway.api.door import Door
from tests.gateway.house import House

GOING = Leaving(
    since=date(2027, 1, 15), until=date(2028, 2, 1), instead="`GET /v1/returns`"
)


class LeavingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        self.house.client("alpha")
        self.token = self.house.token("alpha")
        self.routes = [
            evolve(each, leaving=GOING) if each.path == "/v1/payers" else each
            for each in self.door.routes.routes
        ]
        self.door.site.routes = RouteTable(self.routes)

    def test_every_answer_tells_since_when_and_until_when(self) -> None:
        """Refusals too, so that a program sees it whatever it asks."""
        for path in ("/v1/payers", "/v1/payers?x=1"):
            headers = self.door.get(path, self.token).headers
            since = int(headers["Deprecation"].removeprefix("@"))
            assert datetime.fromtimestamp(since, UTC).date() == GOING.since
            assert parsedate_to_datetime(headers["Sunset"]).date() == GOING.until
            assert 'rel="deprecation"' in headers["Link"]
        assert "Deprecation" not in self.door.get("/v1/returns", self.token).headers

    def test_the_documents_tell_it(self) -> None:
        """Generators of clients warn, and people read what to use instead."""
        paths = document(self.routes, "test")["paths"]
        going = paths["/v1/payers"]["get"]
        assert going["deprecated"] is True
        assert going["description"].endswith("Use `GET /v1/returns` instead.")
        assert "deprecated" not in paths["/v1/returns"]["get"]

        views = DocumentViews("test", maybeDeferred)
        views.describe(self.routes)
        page = self.successResultOf(views.page(None))  # type: ignore[arg-type]
        assert b"served until 2028-02-01" in page.body


def test_vendors_have_a_year() -> None:
    """A shorter notice cannot be written into the table of routes."""
    with pytest.raises(ValueError, match="until 2028-01-15 at least"):
        Leaving(since=date(2027, 1, 15), until=date(2028, 1, 14), instead="that")

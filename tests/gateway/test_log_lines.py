"""The log follows a file through the house: whose it is, and under which ids."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import Connection, func, select
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from gateway import log_lines
from gateway.committing import Tx
from gateway.journal import schema
from gateway.log_lines import FACTS, LEVELS
from tests.gateway.house import House


def count_events(connection: Connection) -> int:
    """Count what the history has of it."""
    its = schema.event.c.subject == "x1"
    query = select(func.count()).select_from(schema.event).where(its)
    return int(connection.execute(query).scalar_one())


class LogLinesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)

    def said(self, kind: str, /, **facts: Any) -> list[dict[str, Any]]:
        """Return the lines, as facts, once an event was committed."""
        with capturedLogs() as captured:
            self.house.database.write("test", lambda tx: tx.say(kind, "x1", **facts))
        return [
            {name: each[name] for name in each if not name.startswith("log_")}
            | {"text": each["log_format"], "level": each["log_level"].name}
            for each in captured
        ]

    def test_a_deposit_has_a_line_with_its_client_and_our_id(self) -> None:
        """And without its name, into which a vendor may write a patient's."""
        client = self.house.client("alpha")
        upload = self.house.reception.begin(client, "sftp", "/in/jean-dupont.b2")
        upload.write(0, b"x" * 90)
        with capturedLogs() as captured:
            stored = self.successResultOf(upload.close())

        (line,) = (
            each for each in captured if each["log_format"] == "deposit.received"
        )
        assert (line["id"], line["client"]) == (stored.deposit, "alpha")
        assert (line["channel"], line["size"]) == ("sftp", 90)
        assert "dupont" not in str(line)

    def test_a_dispatch_is_known_by_the_payers_number_too(self) -> None:
        """Our id, the payer, and what the payer calls it stand in one line."""
        (line,) = self.said("dispatch.gathered", payer="caisse-nord", number=7)
        assert (line["text"], line["level"]) == ("dispatch.gathered", "info")
        assert (line["id"], line["payer"], line["number"]) == ("x1", "caisse-nord", 7)

    def test_what_a_person_may_have_to_see_is_a_warning(self) -> None:
        """So `log.level = "warn"` leaves just that."""
        (held,) = self.said("lot.held", cause="unknown-payer", cause_words="no payer")
        (lost,) = self.said("dispatch.lost", cause="outcome-unknown", state="unknown")
        assert (held["level"], lost["level"]) == ("warn", "warn")
        assert "cause_words" not in held

    def test_a_line_that_cannot_be_made_changes_nothing(self) -> None:
        """What is committed is neither undone nor done again for its sake."""
        done: list[str] = []

        def work(tx: Tx) -> str:
            tx.say("deposit.received", "x1", client="alpha")
            done.append("once")
            return "done"

        with patch.object(log_lines, "_told", side_effect=ZeroDivisionError):
            result = self.house.database.write("test", work)
        assert (result, done) == ("done", ["once"])
        assert self.house.database.read(count_events) == 1
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    def test_every_fact_can_be_told_of_every_kind(self) -> None:
        """None is called as the logger's own arguments are."""
        facts = {"format": "sesam.b2", "level": 1} | dict.fromkeys(FACTS, 1)
        for kind in LEVELS:
            (line,) = self.said(kind, **facts)
            assert {name: line[name] for name in FACTS} == dict.fromkeys(FACTS, 1)

    def test_the_rest_of_the_history_is_left_to_the_trace(self) -> None:
        """A log that has everything is read by nobody."""
        assert self.said("expectation.late", kind="payment") == []

    def test_what_was_rolled_back_was_never_said(self) -> None:
        """A line in the log is a row in the journal."""

        def fail(tx: Tx) -> None:
            tx.say("deposit.received", "x1", client="alpha")
            raise ZeroDivisionError

        with capturedLogs() as captured, pytest.raises(ZeroDivisionError):
            self.house.database.write("test", fail)
        assert captured == []

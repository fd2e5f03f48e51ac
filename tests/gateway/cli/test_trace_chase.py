"""`octway trace` says what is done about answers that do not come."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from gateway.committing import Tx
from gateway.journal import schema
from gateway.journal.schema_owed import SENT
from tests.gateway.cli.installation import Installation, lines_with

DAY = 86_400.0


@pytest.fixture
def late(installed: Installation) -> Installation:
    """A lot whose answers are late, and that has been chased for a while."""
    installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    for _ in range(14):
        installed.time += DAY
        installed.work()
    return installed


def test_what_was_tried_and_what_is_next_are_told(late: Installation) -> None:
    """Each try has its day, what it brought and why; the next has its day too."""
    told = late.octway("trace", "facture.b2", "--json").facts["chase"]
    assert told["states"] == {"open": 1}
    assert {each["remedy"] for each in told["tried"]} >= {"look-again", "match-again"}
    (planned,) = told["next"]
    said = late.octway("trace", "facture.b2")
    assert lines_with(said.out, "1 lot being chased")
    assert lines_with(said.out, "look-again", "nothing", "the payer's outbox")
    assert lines_with(said.out, "lot 011: ", planned["why"])
    assert len(said.out.splitlines()) < 60


def test_a_try_leads_to_its_lot(late: Installation) -> None:
    """The id of a remedy, as `octway remedy list` shows it, is traced too."""
    (first, *_) = late.octway("remedy", "list", "--json").facts["remedies"]
    found = late.octway("trace", first["id"], "--json").facts
    assert (found["kind"], found["id"]) == ("lot", first["lot"])


def test_how_unusual_it_is_is_told(late: Installation) -> None:
    """Where a payer's answers are known, so is how long they took, and this one takes."""

    def known(tx: Tx) -> None:
        row = {"payer_id": "caisse-nord", "flow": "billing", "kind": "payment"}
        rows = [
            row
            | {"sent_on": f"2026-09-{day:02}", "after": after, "claims": 2000}
            | {"chased": 0, "asked": 0}
            for day in range(1, 31)
            for after in (SENT, 2)
        ]
        tx.connection.execute(insert(schema.cohort), rows)

    assert lines_with(
        late.octway("trace", "facture.b2").out, "caisse-nord take is not known well yet"
    )
    late.house.database.write("test", known)
    said = late.octway("trace", "facture.b2")
    assert lines_with(
        said.out, "payment of caisse-nord", "95 % of its answers came within"
    )


def test_what_nothing_is_left_to_try_for_is_a_persons(late: Installation) -> None:
    """The trace says what to type; the anomaly lists the lots behind it."""
    for _ in range(45):
        late.time += 3 * DAY
        late.work()
    said = late.octway("trace", "facture.b2")
    assert lines_with(said.out, "1 lot given to a person")
    (todo,) = lines_with(said.out, "-> ask the payer; then chase anew")
    lot = todo.split()[-1]
    listed = late.octway("anomaly", "list", "--json").facts["anomalies"]
    for kind in ("answer-missing", "answer-late"):
        (name,) = {
            each["id"]
            for each in listed
            if each["kind"] == kind and "arl" not in each["subject"]
        }
        shown = late.octway("anomaly", "show", name, "--json").facts
        assert [each["lot"] for each in shown["lots"]] == [lot]
        assert lines_with(late.octway("anomaly", "show", name).out, lot, "given-up")
    assert any(each["kind"] == "answer-missing" for each in listed)
    assert lines_with(said.out, "answer-missing", "open")


def test_a_directory_with_mistakes_hides_only_what_is_next(late: Installation) -> None:
    """The trace is needed most when something is wrong."""
    (late.folder / "payers" / "caisse-nord.toml").write_text("id = 1\n", "utf-8")
    said = late.octway("trace", "facture.b2")
    assert said.status == 0
    assert lines_with(said.out, "look-again", "nothing")
    assert lines_with(said.out, "not known: the payer directory cannot be read")


def test_an_enrolment_that_is_waited_for_tells_its_history(
    installed: Installation,
) -> None:
    """Who was asked and when stands beside the lot that is held for it."""
    file = installed.folder / "payers" / "caisse-nord.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("enrolment = false", "enrolment = true ")
    file.write_text(text, encoding="utf-8")
    installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    said = installed.octway("trace", "facture.b2")
    assert lines_with(said.out, "with caisse-nord for billing: absent")
    sender = installed.sender.number
    done = installed.octway(
        "enrol", "set", sender, "caisse-nord", "requested", "--words", "by letter"
    )
    assert done.status == 0, done.err
    said = installed.octway("trace", "facture.b2")
    assert lines_with(said.out, "with caisse-nord for billing: requested", "by letter")
    assert lines_with(said.out, "the payer was asked to enrol the sender")


def test_a_file_that_came_again_is_found_under_both_names(
    installed: Installation,
) -> None:
    """The same bytes are the same deposit, under whatever name they were sent."""
    content = installed.billing_file()
    first = installed.deposit("facture.b2", content)
    installed.deposit("2026/facture-bis.b2", content)
    found = installed.octway("trace", "facture-bis.b2", "--json").facts
    assert found["id"] == first.deposit
    assert installed.octway("trace", "FACTURE-BIS.b2").status == 1

"""Mails that are no returns: a dispatch that came back is told, nothing else changes."""

from __future__ import annotations

import pytest

from gateway.journal import anomalies, replay, schema
from protocols.channels.interface import Arrival
from protocols.errors import OutcomeUnknown
from protocols.mail_notice import Kind, Notice, write
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

ONE = toy.deposit("S1", "001 P1: 1=10")


def report(site: Site, kind: Kind, proof: str = "mark", **said: str) -> None:
    """Have a delivery report come through the outbox of P1."""
    said["proof"] = proof
    notice = Notice(kind=kind, words="552 mailbox full", status="5.2.2", **said)
    site.payer("P1").answer(f"{kind}.txt", write(notice, b"the mail"))


def states(site: Site) -> list[str]:
    return [row.state for row in site.rows(schema.dispatch)]


@pytest.fixture
def sent(site: Site) -> Site:
    site.deposit(ONE)
    site.run()
    assert states(site) == ["sent"]
    return site


@pytest.mark.parametrize("by", ["message_id", "file"])
def test_a_mail_that_came_back_is_told_until_it_is_sent_again(
    sent: Site, by: str
) -> None:
    """The dispatch is named with the reason; nothing is sent again by a report alone."""
    (row,) = sent.rows(schema.dispatch)
    said = (
        {"message_id": row.reference} if by == "message_id" else {"file": row.filename}
    )
    report(sent, Kind.UNDELIVERED, **said)
    sent.run()

    assert sent.anomalies() == {"dispatch-undelivered": "open"}
    (case,) = sent.rows(schema.anomaly)
    assert case.subject == row.id
    assert "5.2.2 552 mailbox full" in case.words
    assert len(sent.payer("P1").taken) == 1
    assert [each.kind for each in sent.rows(schema.payer_return)] == ["undelivered"]

    sent.gateway.database.write(
        "replay",
        lambda tx: replay.dispatch(tx, row.id, by="a", resend=True, repeats=False),
    )
    sent.run()
    assert sent.anomalies() == {"dispatch-undelivered": "resolved"}
    assert len(sent.payer("P1").taken) == 2


def test_an_answer_closes_it_too(sent: Site) -> None:
    """A payer that answers has it, whatever a report said."""
    (row,) = sent.rows(schema.dispatch)
    report(sent, Kind.UNDELIVERED, file=row.filename)
    sent.run()
    sent.payer("P1").answer("pay", toy.pay(*sent.payer("P1").files().values()))
    sent.run()

    assert sent.anomalies() == {"dispatch-undelivered": "resolved"}


def test_a_report_decides_an_unknown_outcome(site: Site) -> None:
    """The line broke, and then the mail came back: it surely may go again."""
    side = site.payer("P1")
    side.faults = [OutcomeUnknown("line broke")]
    side.shows = [Arrival.ARRIVED]
    site.deposit(ONE)
    site.run()
    assert states(site) == ["unknown"]
    (row,) = site.rows(schema.dispatch)

    report(site, Kind.UNDELIVERED, file=row.filename)
    site.run("collect", "match")
    assert states(site) == ["ready"]
    site.run()
    assert states(site) == ["sent"]
    assert len(side.taken) == 2
    assert site.anomalies() == {}


def test_a_report_that_proves_nothing_sends_nothing_again(site: Site) -> None:
    """Anybody can write one: an unknown outcome stays so, and a person is told."""
    side = site.payer("P1")
    side.faults = [OutcomeUnknown("line broke")]
    side.shows = [Arrival.UNCLEAR]
    site.deposit(ONE)
    site.run()
    (row,) = site.rows(schema.dispatch)

    report(site, Kind.UNDELIVERED, proof="", file=row.filename)
    site.run("collect", "match")

    assert states(site) == ["unknown"]
    assert site.anomalies() == {"dispatch-undelivered": "open"}
    assert "anybody may have written it" in site.rows(schema.anomaly)[0].words
    assert len(side.taken) == 1


def test_a_mail_that_is_late_is_only_noted(sent: Site) -> None:
    """It is on its way: that stands in the dispatch's life, and troubles nobody."""
    (row,) = sent.rows(schema.dispatch)
    report(sent, Kind.DELAYED, message_id=row.reference)
    sent.run()

    assert sent.anomalies() == {}
    assert "dispatch.mail-delayed" in {each.kind for each in sent.rows(schema.event)}


def test_a_report_through_another_outbox_is_not_believed(sent: Site) -> None:
    """Nobody tells of another endpoint's dispatches."""
    (row,) = sent.rows(schema.dispatch)
    notice = Notice(kind=Kind.UNDELIVERED, words="no", file=row.filename)
    sent.payer("P2").answer("r.txt", write(notice, b""))
    sent.run()

    assert sent.anomalies() == {"return-unreadable": "open"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (write(Notice(kind=Kind.UNREAD, words="its gzip is cut"), b"x"), "gzip is cut"),
        (b'{"octway": "mail-notice", not at all', "no format we know"),
        (b'{"octway": "mail-notice", "kind": 5}', "no format we know"),
    ],
    ids=["unread", "damaged", "odd"],
)
def test_a_mail_that_cannot_be_read_is_kept_and_told(
    site: Site, content: bytes, words: str
) -> None:
    """A person sees why; the bytes are there."""
    site.payer("P1").answer("r.txt", content)
    site.run()

    (case,) = site.rows(schema.anomaly)
    assert case.kind == "return-unreadable"
    assert case.severity == anomalies.ERROR
    assert words in case.words

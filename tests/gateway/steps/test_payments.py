"""Payments: announced by a settlement, owed until the bank shows them, never chased by sending."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from attrs import evolve

from config.directory_records import DeskEntry, Expects, Playbook, Within
from config.playbook_files import DEFAULT
from gateway.journal import payments, proposals, replay, schema
from gateway.steps.decide import confirm
from gateway.steps.payments import judge, take
from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.return_writer import Verdict
from protocols.records import load_layouts
from routing import profile
from routing.payment import PaymentSeen, reference_key
from routing.remittance import Arrived, Ruled, Ruling
from tests.gateway.steps.site import Site
from tests.protocols.mycarenet.efact_files import sending
from tests.protocols.mycarenet.return_files import (
    RECORD,
    hear,
    receipt,
    refused,
    settlement,
)

UNION = "300"
DAY = 86_400.0
SENT = sending()
ANNOUNCED = hear(settlement(SENT, dialect=UNION)).of_lot.payments[0]
EXPECTS = (
    Expects("receipt", "lot", "", Within(0, DAY), Within(0, 3 * DAY)),
    Expects("settlement", "claim", "", Within(0, 10 * DAY), Within(0, 5 * DAY)),
    Expects("payment", "lot", "", Within(0, 14 * DAY), Within(0, 7 * DAY)),
)


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    with closing(Site(engine, network=MYCARENET, payers=(UNION,))) as made:
        made.kinds = {MYCARENET.name: tuple(MYCARENET.answer_kinds)}
        entry = made.entries[UNION]
        again = evolve(entry.delivery, resend_same_number=True)
        book = Playbook(remedies=DEFAULT)
        made.change(UNION, expects=EXPECTS, delivery=again, playbook=book)
        made.client("alpha")
        yield made
        made.check()


def settle(site: Site, content: bytes = SENT) -> None:
    """Send a sending, and have it received and settled."""
    site.deposit(content)
    site.run()
    site.at += DAY / 2
    for each in (receipt(content, UNION), settlement(content, dialect=UNION)):
        site.payer(UNION).answer(f"{site.at}.txt", each)
        site.at += 1
    site.run()


def total_changed(content: bytes) -> bytes:
    """Have the record 92 say that one cent more was accepted."""
    field = load_layouts("efact_returns")["92"]["accepted"]
    at = len(content) - RECORD + field.start - 1
    more = f"{int(content[at : at + field.length]) + 1:+012}".encode()
    return content[:at] + more + content[at + field.length :]


def owed(site: Site) -> dict[str, str]:
    return {row.kind: row.state for row in site.rows(schema.expectation)}


def money(cents: int, reference: str = ANNOUNCED.reference, line: int = 1) -> Arrived:
    keys = frozenset({reference_key(reference)})
    return Arrived(f"line {line}", keys, cents, "2026-12-01", reference)


def bank(site: Site, *came: Arrived) -> list[Ruling]:
    """Note money that came, as `octway payment import` does."""

    def note(tx: object) -> list[Ruled]:
        directory = site.directory()
        return take(tx, site.entropy, came, directory, by="test")  # type: ignore[arg-type]

    ruled: list[Ruled] = site.gateway.database.write("payment.import", note)
    site.run()
    return [each.ruling for each in ruled]


def test_a_union_s_profile_may_owe_a_payment(site: Site) -> None:
    assert list(profile.problems(site.entries[UNION], MYCARENET.answer_kinds)) == []


def test_a_payment_is_owed_until_the_bank_shows_it(site: Site) -> None:
    """A settlement announces it and does not pay it; the bank's word closes it."""
    settle(site)
    (row,) = site.rows(schema.payment)
    (lot,) = site.rows(schema.lot)
    assert (row.lot_id, row.client_id, row.payer_id) == (lot.id, "alpha", "payer-300")
    assert PaymentSeen(row.reference, row.account, row.cents) == ANNOUNCED
    assert (row.due_on, row.paid_on) == ("2026-12-02", None)
    assert owed(site) == {"receipt": "met", "settlement": "met", "payment": "open"}
    assert bank(site, money(ANNOUNCED.cents)) == [Ruling.PAID]
    assert owed(site)["payment"] == "met"
    (row,) = site.rows(schema.payment)
    assert (row.paid_on, row.paid_cents) == ("2026-12-01", ANNOUNCED.cents)
    assert site.anomalies() == {}
    kinds = {each.kind for each in site.rows(schema.event)}
    assert {"payment.announced", "payment.came"} <= kinds


def test_what_is_said_twice_is_kept_once(site: Site) -> None:
    """The settlement comes in another file, and is matched again."""
    settle(site)
    before = site.rows(schema.payment)
    site.payer(UNION).answer("again.txt", settlement(SENT, dialect=UNION) + b"\r\n")
    site.run()
    table = schema.payer_return
    site.gateway.database.write(
        "again", lambda tx: tx.connection.execute(table.update().values(state="stored"))
    )
    site.run()
    assert len(site.rows(table)) == 3
    assert site.rows(schema.payment) == before


def test_a_union_may_pay_later_by_its_rules(site: Site) -> None:
    site.change(UNION, rules={"payment_days": 20})
    settle(site)
    (row,) = site.rows(schema.payment)
    assert row.due_on == "2026-12-08"


def test_a_payment_that_is_late_is_told_and_nothing_is_sent_again(site: Site) -> None:
    """Not even to a union that recognises numbers; it ends with a person."""
    settle(site)
    site.at += 14 * DAY
    site.run()
    assert owed(site)["payment"] == "late"
    assert site.anomalies() == {"answer-late": "open", "answer-missing": "open"}
    (missing,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "answer-missing")
    assert "no bank statement shows its money" in missing.words
    assert site.states(schema.chase) == ["given-up"]
    for _ in range(10):
        site.at += 3 * DAY
        site.run()
    assert owed(site)["payment"] == "missing"
    assert site.rows(schema.remedy) == []
    assert len(site.payer(UNION).taken) == 1
    assert bank(site, money(ANNOUNCED.cents)) == [Ruling.PAID]
    assert owed(site)["payment"] == "met"
    assert set(site.anomalies().values()) == {"resolved"}
    assert site.states(schema.chase) == ["ended"]


def test_a_desk_gets_a_complaint_about_the_money(site: Site) -> None:
    """Nothing else of what a desk answers helps: the claims are decided."""
    desk = DeskEntry(answers=("status", "return", "complaint", "enrolment"))
    site.change(UNION, desk=desk)
    settle(site)
    for _ in range(30):
        site.at += 2 * DAY
        site.run("watch", "chase")
    kinds = {row.kind for row in site.rows(schema.remedy)}
    assert kinds == {"complain"}
    files = site.payer(UNION).files()
    assert [name for name, each in files.items() if each == SENT] == [next(iter(files))]
    assert any(b"payment has not come" in each for each in files.values())


def test_a_settlement_that_was_chased_leaves_the_money_alone(site: Site) -> None:
    """The chase for it ends with it, since the payment is not late yet."""
    site.deposit(SENT)
    site.run()
    site.payer(UNION).answer("receipt.txt", receipt(SENT, UNION))
    site.run()
    site.at += 10 * DAY + 1
    site.run("watch")
    assert site.states(schema.chase) == ["open"]
    site.payer(UNION).answer("settlement.txt", settlement(SENT, dialect=UNION))
    site.run()
    assert owed(site)["payment"] == "open"
    site.at += DAY
    site.run()
    assert site.states(schema.chase) == ["ended"]
    assert len(site.payer(UNION).taken) == 1


@pytest.mark.parametrize(
    ("off", "words"), [(-250, "2.50 EUR less"), (100, "1.00 EUR more")]
)
def test_another_amount_pays_and_is_told(site: Site, off: int, words: str) -> None:
    settle(site)
    assert bank(site, money(ANNOUNCED.cents + off)) == [Ruling.DIFFERS]
    assert owed(site)["payment"] == "met"
    (row,) = site.rows(schema.payment)
    assert row.paid_cents == ANNOUNCED.cents + off
    (anomaly,) = site.rows(schema.anomaly)
    assert (anomaly.kind, anomaly.subject) == ("payment-differs", row.lot_id)
    assert words in anomaly.words
    assert ("form M38" in anomaly.words) == (off < 0)


def test_what_means_no_payment_changes_nothing(site: Site) -> None:
    """An unknown reference, one that comes twice, and one that was paid before."""
    settle(site)
    twice = [money(1), money(2, line=2), money(3, "999/202611/300/", 3)]
    assert bank(site, *twice) == [Ruling.TWICE, Ruling.TWICE, Ruling.UNKNOWN]
    assert owed(site)["payment"] == "open"
    bank(site, money(ANNOUNCED.cents))
    before = site.rows(schema.payment)
    assert bank(site, money(ANNOUNCED.cents)) == [Ruling.PAID_BEFORE]
    assert site.rows(schema.payment) == before


def test_one_sender_s_account_pays_only_its_lots(site: Site) -> None:
    settle(site)
    (lot,) = site.rows(schema.lot)
    read, came = site.gateway.database.read, [money(ANNOUNCED.cents)]
    assert read(judge, came, sender="12345")[0].ruling is Ruling.UNKNOWN
    assert read(judge, came, sender=lot.sender)[0].ruling is Ruling.PAID


def test_payments_are_listed_by_what_is_due(site: Site) -> None:
    settle(site)

    def count(**scope: object) -> int:
        read = site.gateway.database.read
        rows = read(lambda each: payments.listed(each, most=9, **scope))  # type: ignore[arg-type]
        found = read(lambda each: payments.summed(each, **scope))  # type: ignore[arg-type]
        assert found == (len(rows), sum(row.cents for row in rows))
        return len(rows)

    assert count() == count(payer="payer-300", only_open=True) == 1
    assert count(payer="payer-100") == count(due_before="2026-12-02") == 0
    assert count(due_before="2026-12-03") == 1
    bank(site, money(ANNOUNCED.cents))
    assert (count(), count(only_open=True)) == (1, 0)


def test_a_settlement_that_a_person_confirmed_announces_when_matched_again(
    site: Site,
) -> None:
    site.deposit(SENT)
    site.run()
    wrong = total_changed(settlement(SENT, dialect=UNION))
    site.payer(UNION).answer("wrong.txt", wrong)
    site.run()
    assert site.rows(schema.payment) == []
    (row,) = site.rows(schema.proposal, schema.proposal.c.state == "open")
    name, write = proposals.name_of(row), site.gateway.database.write
    write("yes", lambda tx: confirm(tx, name, site.directory(), by="lea"))
    (returned,) = site.rows(schema.payer_return)
    write("again", lambda tx: replay.payer_return(tx, returned.id, by="lea"))
    site.run()
    (kept,) = site.rows(schema.payment)
    assert (kept.reference, kept.cents) == (ANNOUNCED.reference, ANNOUNCED.cents)


def test_a_sending_that_is_refused_owes_no_payment(site: Site) -> None:
    site.deposit(SENT)
    site.run()
    verdicts = {2: Verdict(("B200101",))}
    site.payer(UNION).answer("refused.txt", refused(SENT, verdicts))
    site.run()
    assert set(owed(site).values()) == {"met"}
    assert site.rows(schema.payment) == []

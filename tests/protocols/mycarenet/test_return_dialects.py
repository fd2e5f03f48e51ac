"""Whatever a payer fills its returns with, they say the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.mycarenet.check_digits import record_check
from protocols.mycarenet.return_dialects import SORTED
from protocols.mycarenet.return_writer import NO_REASON, TOO_MANY, Verdict
from routing.envelope import Outcome
from tests.protocols.mycarenet.return_files import (
    DIALECTS,
    codes,
    hear,
    preliminary,
    receipt,
    records_of,
    settlement,
    verdict,
)
from tests.protocols.mycarenet.sendings import Bill, Line, sending

_MUTUALITIES = ("120", "134")
_CODES = ("R502255", "R500444", "R500545", "R501942", "E500404", "S501903")

_lines = st.builds(
    Line,
    code=st.sampled_from([425014, 425110, 423135]),
    date=st.sampled_from(["20261102", "20261103"]),
    amount=st.integers(1, 99999),
    share=st.integers(0, 999),
    on_b=st.booleans(),
    read=st.booleans(),
)


@st.composite
def _sent(draw: st.DrawFn) -> tuple[list[Bill], dict[int, Verdict]]:
    """Some invoices, and what a payer says of some of their lines."""
    bills, said, place = [], {}, 1
    for number in range(1, draw(st.integers(1, 4)) + 1):
        lines = draw(st.lists(_lines, min_size=1, max_size=3))
        mutuality = _MUTUALITIES[number > 2]
        bills.append(
            Bill(number=number, patient=number, mutuality=mutuality, lines=lines)
        )
        place += 1
        for line in lines:
            place += 1
            told = draw(st.lists(st.sampled_from(_CODES), max_size=3, unique=True))
            if told:
                said[place] = Verdict(tuple(told))
            place += line.read
        place += 1
    return bills, said


def _expected(
    bills: list[Bill], said: dict[int, Verdict]
) -> list[tuple[str, int, int, set[str]]]:
    """Number, amount asked, amount paid and codes of every invoice."""
    found, place = [], 1
    for bill in bills:
        place += 1
        paid, told = 0, set[str]()
        for line in bill.lines:
            place += 1
            of_line = said.get(place, Verdict(())).codes
            told |= set(of_line)
            paid += 0 if any(code[0] == "R" for code in of_line) else line.amount
            place += line.read
        place += 1
        asked = sum(line.amount for line in bill.lines)
        found.append((f"{bill.number:012}", asked, paid, told))
    return found


@settings(max_examples=30)
@given(_sent(), st.sampled_from(DIALECTS), st.sampled_from([NO_REASON, TOO_MANY]))
def test_a_verdict_says_the_same_in_every_dialect(
    sent: tuple[list[Bill], dict[int, Verdict]], dialect: str, refusal: str
) -> None:
    bills, said = sent
    heard = hear(verdict(sending(bills), said, refusal=refusal, dialect=dialect))

    expected = [each for each in _expected(bills, said) if each[3]]
    outcome = Outcome.INFORMATION if refusal == NO_REASON else Outcome.REJECTED
    assert [
        (each.facts["invoice"], each.asked, each.paid, set(codes(each)))
        for each in heard.of_claims
    ] == [(number, asked, 0, told) for number, asked, _, told in expected]
    assert all(each.outcome is outcome for each in heard.of_claims)
    assert heard.summary.errors == 0


@settings(max_examples=30)
@given(_sent(), st.sampled_from(DIALECTS))
def test_a_settlement_says_the_same_in_every_dialect(
    sent: tuple[list[Bill], dict[int, Verdict]], dialect: str
) -> None:
    """Amounts too, though one dialect does not tell them and they are worked out."""
    bills, said = sent
    heard = hear(settlement(sending(bills), said, dialect))

    expected = [e for e in _expected(bills, said) if e[3] or dialect == SORTED]
    assert [
        (each.facts["invoice"], each.asked, each.paid, set(codes(each)))
        for each in heard.of_claims
    ] == expected
    every = _expected(bills, said)
    paid = sum(each[2] for each in every)
    assert heard.of_lot.asked == sum(each[1] for each in every)
    assert heard.of_lot.paid == paid
    assert heard.of_lot.outcome is (Outcome.PAID if paid else Outcome.REJECTED)
    assert heard.summary.errors == 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_receipts_and_early_refusals_are_read_in_every_dialect(dialect: str) -> None:
    content = sending()

    received = hear(receipt(content, dialect))
    early = hear(preliminary(content, {"sending_number": "40"}, dialect=dialect))

    assert received.of_lot.outcome is Outcome.ACKNOWLEDGED
    assert early.of_lot.outcome is Outcome.DEFERRED
    assert not received.problems
    assert not early.problems


def test_the_payer_s_day_is_told() -> None:
    """Zone 101 of record 10 is the day of the verdict, not of the sending."""
    assert hear(verdict(sending())).of_lot.facts["verdict_day"] == "2026-11-28"


def test_records_sorted_by_type_find_their_invoices() -> None:
    """By their order numbers, and the return is noted for it."""
    bills = [Bill(number=n, patient=n, lines=[Line(), Line()]) for n in (1, 2, 3)]
    said = {4: Verdict(("R502255",)), 12: Verdict(("R500444",))}
    heard = hear(verdict(sending(bills), said, refusal=TOO_MANY, dialect=SORTED))

    assert [each.facts["invoice"][-1] for each in heard.of_claims] == ["1", "3"]
    assert {each.facts["grouped_by"] for each in heard.of_claims} == {"order number"}
    assert heard.problems == ["sorted-by-type"]
    assert heard.summary.warnings == 1


def test_without_order_numbers_records_are_found_by_patient_and_number() -> None:
    """A line whose patient has two invoices is told with the sending: no guess."""
    bills = [
        Bill(number=1, patient=1),
        Bill(number=2, patient=2),
        Bill(number=3, patient=2),
    ]
    said = {3: Verdict(("R502255",)), 6: Verdict(("R500444",))}
    content = verdict(sending(bills), said, refusal=TOO_MANY, dialect=SORTED)
    bare = b"".join(each[:2] + b"000000" + each[8:] for each in records_of(content))
    heard = hear(content[:677] + bare)

    (claim,) = heard.of_claims
    assert claim.facts["invoice"] == "000000000001"
    assert claim.facts["grouped_by"] == "patient or invoice number"
    assert codes(claim) == ["R502255"]
    assert codes(heard.of_lot) == ["R500444"]
    assert set(heard.problems) == {"sorted-by-type", "no-invoice"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_check_digits_of_what_was_sent_hold(dialect: str) -> None:
    """One payer rewrites records 10 and 90 and leaves their zone 99 as it was."""
    bill = Bill(lines=[Line(read=True)])
    content = settlement(sending([bill]), {3: Verdict(("R502255",))}, dialect)
    held = {
        each[:2].decode(): int(each[348:350]) == record_check(each[:350])
        for each in records_of(content)
        if each[:2] not in {b"91", b"92"}
    }

    rewritten = {"10", "90"} if dialect == "900" else set[str]()
    assert {kind for kind, right in held.items() if not right} == rewritten


def test_check_digits_are_never_a_reason_to_refuse_a_return() -> None:
    content = bytearray(settlement(sending()))
    content[677 + 348 : 677 + 350] = b"00"

    assert not hear(bytes(content)).problems

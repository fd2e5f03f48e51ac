"""The totals of a settlement are reconciled: asked is accepted and refused."""

from __future__ import annotations

import pytest

from protocols.mycarenet.return_writer import Verdict
from protocols.records import load_layouts
from routing.envelope import Outcome, Severity
from tests.protocols.mycarenet.return_files import Heard, hear, settlement
from tests.protocols.mycarenet.sendings import Bill, Line, sending

SENT = sending(
    [
        Bill(number=1, mutuality="120"),
        Bill(number=2, patient=2, mutuality="134"),
        Bill(number=3, patient=3, mutuality="134"),
    ]
)
SAID = {3: Verdict(("R502255",))}
SETTLED = settlement(SENT, SAID)


def _changed(content: bytes, kind: str, values: dict[str, str]) -> bytes:
    """Change fields of the first total of a kind."""
    at = content.index(f"{kind}00".encode(), len(content) - 3 * 800 - 1)
    made = bytearray(content)
    layout = load_layouts("efact_returns")[kind]
    for name, value in values.items():
        field = layout[name]
        made[at + field.start - 1 : at + field.end] = field.pack(value)
    return bytes(made)


def test_totals_that_agree_are_no_problem() -> None:
    heard = hear(SETTLED)

    assert not heard.problems
    assert heard.summary.totals == {"asked": 3000, "accepted": 2000, "refused": 1000}
    assert heard.summary.records == 8


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (
            "91",
            {"refused_a": "+200", "refused": "+200"},
            {"totals-balance", "totals-sum"},
        ),
        ("92", {"accepted": "+2500"}, {"totals-balance", "totals-sum"}),
        ("92", {"asked": "+3100", "accepted": "+2100"}, {"totals-sum", "totals-asked"}),
        (
            "92",
            {"refused": "+900", "accepted": "+2100"},
            {"totals-sum", "totals-refused"},
        ),
    ],
)
def test_totals_that_disagree_are_told(
    kind: str, values: dict[str, str], expected: set[str]
) -> None:
    """Per mutuality, per union, and against the lines shown."""
    heard = hear(_changed(SETTLED, kind, values))

    assert set(heard.problems) == expected
    assert all(each.severity is Severity.ERROR for each in heard.summary.problems)
    assert all("EUR" in each.message for each in heard.summary.problems)


def test_a_total_that_cannot_be_read_is_told() -> None:
    """The mutualities' totals stand in for the union's."""
    at = SETTLED.rindex(b"9200")
    heard = hear(SETTLED[: at + 51] + b"x" * 12 + SETTLED[at + 63 :])

    assert "totals-unreadable" in heard.problems
    assert heard.of_lot.paid == 2000


def test_a_settlement_without_totals_pays_nothing_that_it_does_not_show() -> None:
    """Its end is missing, and other refusals may have stood there."""
    heard = hear(SETTLED[: -3 * 800])

    assert [each.outcome for each in heard.of_claims] == [Outcome.REJECTED]
    assert heard.of_lot.outcome is Outcome.INFORMATION
    assert heard.problems == ["no-totals"]


def test_an_invoice_that_is_cut_off_gets_no_answer() -> None:
    """Its record 80 tells what is accepted; without it nothing is told."""
    heard = hear(SETTLED[: 677 + 3 * 800])

    assert not heard.of_claims
    assert heard.problems == ["no-close", "no-totals"]


def test_an_amount_that_does_not_fit_the_lines_is_noted_and_believed() -> None:
    """What the payer says it accepts is what it pays."""
    at = 677 + 3 * 800 + 477
    heard = hear(SETTLED[:at] + b"+00000000300" + SETTLED[at + 12 :])

    (claim,) = heard.of_claims
    assert (claim.outcome, claim.paid) == (Outcome.PARTLY_PAID, 300)
    assert "accepted-differs" in heard.problems
    assert "totals-refused" in heard.problems


def test_the_references_of_the_payment_are_kept_once() -> None:
    """They stand on the transfer that comes later."""
    assert hear(SETTLED).of_lot.facts["payment_reference"] == "007/202611/900/"


def test_a_settlement_announces_one_transfer_for_each_account() -> None:
    """Mutualities that share a reference are paid together; nothing is no transfer."""
    (payment,) = hear(SETTLED).of_lot.payments
    assert payment == ("007/202611/900/", "A", 2000)
    other = _changed(settlement(SENT), "91", {"payment_reference_a": "ANOTHER"})
    assert sorted(hear(other).of_lot.payments) == [
        ("007/202611/900/", "A", 2000),
        ("ANOTHER", "A", 1000),
    ]


def test_a_settlement_that_pays_nothing_announces_nothing() -> None:
    refused = {each: Verdict(("R502255",)) for each in range(1, 12)}
    heard = hear(settlement(SENT, refused))
    assert (heard.of_lot.outcome, heard.of_lot.payments) == (Outcome.REJECTED, ())


def test_the_newer_account_c_is_reconciled_where_it_is_filled() -> None:
    asked = {"asked_c": "+500", "accepted_c": "+100", "refused_c": "+300"}
    wrong = hear(_changed(SETTLED, "91", asked))
    right = hear(_changed(SETTLED, "91", asked | {"refused_c": "+400"}))

    assert wrong.problems == ["totals-balance"]
    assert not right.problems


def _of_credit(*refused: int) -> Heard:
    """Settle +10, -10 and +5 EUR, some of them (from 1) refused."""
    amounts = enumerate((1000, -1000, 500), 1)
    bills = [Bill(number=n, patient=n, lines=[Line(amount=a)]) for n, a in amounts]
    said = {3 * place: Verdict(("R502255",)) for place in refused}
    return hear(settlement(sending(bills), said))


def test_accepted_invoices_that_cancel_one_another_are_not_taken_as_refused() -> None:
    """Nothing is accepted in sum; but only one invoice is refused, and it is shown."""
    heard = _of_credit(3)

    assert heard.summary.totals == {"asked": 500, "accepted": 0, "refused": 500}
    assert [each.outcome for each in heard.of_claims] == [Outcome.REJECTED]
    assert (heard.of_lot.outcome, heard.of_lot.paid) == (Outcome.PAID, 0)


def test_a_settlement_in_which_every_invoice_is_refused_refuses_the_sending() -> None:
    assert _of_credit(1, 2, 3).of_lot.outcome is Outcome.REJECTED

"""`octway payment`, and what a trace says: a payment is due, then it came."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from gateway.committing import Tx
from gateway.journal import schema
from tests.gateway.cli.installation import Installation, lines_with
from tests.protocols.test_bank_statement import entry, statement

REFERENCE = "713/202402/900/"


@pytest.fixture
def lot(installed: Installation) -> str:
    """Have the payer of a sent lot announce 1,234.50 EUR by 2026-12-10; return the lot."""
    installed.deposit("facture.b2", installed.billing_file(invoices=1))
    installed.work()
    installed.answer("arl")
    installed.work()

    def keep(tx: Tx) -> str:
        (row,) = tx.connection.execute(select(schema.lot)).all()
        returned = tx.connection.execute(select(schema.payer_return.c.id)).scalars()
        values = {
            "lot_id": row.id,
            "reference": REFERENCE,
            "account": "A",
            "reference_key": "713/202402/900",
            "return_id": returned.one(),
            "client_id": row.client_id,
            "payer_id": row.payer_id,
            "cents": 123_450,
            "due_on": "2026-12-10",
            "created_at": tx.now,
        }
        tx.connection.execute(insert(schema.payment).values(values))
        return str(row.id)

    return installed.house.database.write("keep", keep)


def write(installed: Installation, content: str | bytes) -> str:
    file: Path = installed.folder / "came"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(file)


def test_a_trace_says_by_when_a_payment_is_due_and_when_it_came(
    installed: Installation, lot: str
) -> None:
    due = f"payment of 1,234.50 EUR with reference {REFERENCE} is due by 2026-12-10"
    (dispatch,) = installed.octway("trace", lot, "--json").facts["dispatches"]
    for what in (lot, f"{lot}/1", dispatch["id"]):
        assert lines_with(installed.octway("trace", what).out, due)
    installed.time += 40 * 86_400
    late = installed.octway("trace", lot).out
    assert lines_with(late, "was due by 2026-12-10 and is not known to have come")
    file = write(installed, f"{REFERENCE};1234,50;2026-12-09\n")
    assert installed.octway("payment", "import", file).status == 0
    said = installed.octway("trace", lot).out
    assert lines_with(said, "with reference", "came on 2026-12-09")
    assert lines_with(said, "came on 2026-12-09, as tester says")
    (told,) = installed.octway("trace", lot, "--json").facts["payments"]
    assert (told["paid_on"], told["paid_cents"]) == ("2026-12-09", 123_450)


def test_the_balance_says_what_is_still_to_come(
    installed: Installation, lot: str
) -> None:
    """Of a client and payer, at the end of a day: what came later was to come then."""
    shown = installed.octway("report", "balance")
    assert lines_with(shown.out, "still to come: 1 payment, 1,234.50 EUR")
    installed.time += 2 * 86_400
    file = write(installed, f"{REFERENCE};1234.50;2026-11-20\n")
    assert installed.octway("payment", "import", file).status == 0

    def to_come(*options: str) -> int:
        told = installed.octway("report", "balance", "--json", *options).facts
        return int(told["payments_to_come"]["payments"])

    days = ("2026-11-17", "2026-11-19", "2026-11-20")
    assert [to_come("--day", each) for each in days] == [0, 1, 0]
    assert to_come("--day", days[1], "--payer", "caisse-sud") == 0
    assert "still to come" not in installed.octway("report", "balance").out


def test_payments_are_listed(installed: Installation, lot: str) -> None:
    shown = installed.octway("payment", "list", "--open")
    assert lines_with(shown.out, "2026-12-10", REFERENCE, "1,234.50 EUR", lot)
    assert "1 payment, 1,234.50 EUR announced" in shown.out
    told = installed.octway("payment", "list", "--due-before", "2026-12-10", "--json")
    assert told.facts == {"count": 0, "cents": 0, "payments": []}
    wrong = installed.octway("payment", "list", "--payer", "caisse-nrd")
    assert (wrong.status, "did you mean caisse-nord" in wrong.err) == (2, True)


def test_a_dry_run_says_what_it_would_note(installed: Installation, lot: str) -> None:
    file = write(installed, f"reference;amount;day\n{REFERENCE};1200.0;2026-11-18\n")
    said = installed.octway("payment", "import", file, "--dry-run")
    assert "1 of 1 would be noted; nothing was" in said.out
    assert lines_with(said.out, "line 2", "1,200.00 EUR", "another amount")
    assert installed.octway("payment", "list", "--open", "--json").facts["count"] == 1


def test_what_is_noted_twice_is_listed(installed: Installation, lot: str) -> None:
    file = write(installed, f"{REFERENCE};1234.50;2026-11-18\n9/9/9/;5;2026-11-18\n")
    first = installed.octway("payment", "import", file, "--json").facts
    assert (first["read"], first["noted"], first["others"]) == (2, 1, 0)
    assert [each["ruling"] for each in first["money"]] == ["paid", "unknown"]
    assert first["money"][0]["lots"] == [lot]
    again = installed.octway("payment", "import", file)
    assert lines_with(again.out, "line 1", REFERENCE, "was paid before")
    assert lines_with(
        again.out, "line 2", "9/9/9/", "no reference that a payer announced"
    )
    assert "0 of 2 noted" in again.out


def test_what_a_payer_held_back_as_a_whole_is_closed_by_nothing(
    installed: Installation, lot: str
) -> None:
    """No statement shows it, the payer's paper does: a line says that 0 came."""
    file = write(installed, f"{REFERENCE};0;2026-11-18\n")
    assert installed.octway("payment", "import", file).status == 0
    (told,) = installed.octway("payment", "list", "--json").facts["payments"]
    assert (told["paid_on"], told["paid_cents"]) == ("2026-11-18", 0)
    shown = installed.octway("anomaly", "list", "--kind", "payment-differs")
    assert lines_with(shown.out, "0.00 EUR came", "1,234.50 EUR less")


def test_a_bank_s_statement_is_read(installed: Installation, lot: str) -> None:
    """Only what names a reference is told: the rest of an account is nobody's matter."""
    day = "<BookgDt><Dt>2026-11-18</Dt></BookgDt>"
    ours, other = (
        entry(day=day, text=f"BETALING {REFERENCE}"),
        entry(text="rent", day=day),
    )
    file = write(installed, statement(other, ours))
    told = installed.octway("payment", "import", file, "--json").facts
    assert (told["read"], told["others"], told["noted"]) == (2, 1, 1)
    (money,) = told["money"]
    assert (money["place"], money["reference"]) == ("entry 2", REFERENCE)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            f"{REFERENCE};1.234,5;2026-11-18",
            "came:1: amount: is '1.234,5'; wanted euros",
        ),
        (f"{REFERENCE};;2026-11-18", "came:1: amount: is ''"),
        (f"{REFERENCE};-5;2026-11-18", "came:1: amount: is '-5'"),
        (
            f"{REFERENCE};5;2026-12-18",
            "came:1: day: is 2026-12-18, which is still to come",
        ),
        (f"{REFERENCE};5;20261118", "came:1: day: is '20261118'; wanted a day as"),
        ("//;5;2026-11-18", "came:1: reference: is '//'"),
        (f"{REFERENCE};5", "came:1: has 2 columns; wanted reference;amount;day"),
        ("", "holds no payment"),
        ("<Document/>", "wanted camt.053"),
        (statement(), "holds no payment; wanted entries by which money came"),
        (statement(entry(), entry("")), "came:2: entry 2: has no amount"),
        (statement(entry()), "came:2: entry 1: the day is 2026-12-01, which is still"),
    ],
)
def test_all_of_a_file_is_noted_or_nothing(
    installed: Installation, lot: str, content: str | bytes, words: str
) -> None:
    """A mistake is told with its line or entry; the right lines beside it wait."""
    if isinstance(content, str) and content.count(";") > 0:
        content += f"\n{REFERENCE};1234.50;2026-11-18\n"
    said = installed.octway("payment", "import", write(installed, content))
    assert said.status == 2
    assert words in said.err
    assert installed.octway("payment", "list", "--open", "--json").facts["count"] == 1

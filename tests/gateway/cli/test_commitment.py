"""`octway commitment list`, and what a claim's trace says: days, never patients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select

from gateway.committing import Tx
from gateway.journal import schema
from tests.gateway.cli.installation import Installation, lines_with


def promised(installed: Installation, *, days: int) -> tuple[str, str]:
    """Have the payer of a sent invoice promise; return the invoice, and the last day."""
    installed.deposit("facture.b2", installed.billing_file(invoices=1))
    installed.work()
    installed.answer("arl")
    installed.work()
    last = datetime.fromtimestamp(installed.time, UTC).date() + timedelta(days=days)

    def keep(tx: Tx) -> str:
        columns = (schema.claim, schema.lot.c.client_id, schema.lot.c.payer_code)
        (claim,) = tx.connection.execute(select(*columns).join(schema.lot)).all()
        returned = tx.connection.execute(select(schema.payer_return.c.id)).scalars()
        row = {
            "return_id": returned.one(),
            "seq": 1,
            "network": "sesam",
            "patient": claim.patient,
            "payer_code": claim.payer_code,
            "sender": claim.sender,
            "client_id": claim.client_id,
            "communicated_on": (last - timedelta(days=30)).isoformat(),
            "valid_until": last.isoformat(),
            "created_at": tx.now,
        }
        tx.connection.execute(insert(schema.commitment).values(row))
        return f"{claim.lot_id}/{claim.seq}"

    return installed.house.database.write("keep", keep), last.isoformat()


def test_those_that_run_out_are_counted_and_listed(installed: Installation) -> None:
    _, last = promised(installed, days=6)
    sender = installed.sender.number.lstrip("0")
    soon = installed.octway(
        "commitment", "list", "--sender", sender, "--expires-within", "7d"
    )
    assert soon.status == 0, soon.err
    assert lines_with(soon.out, sender, last, "alpha")
    assert "1 payment commitment" in soon.out
    later = installed.octway("commitment", "list", "--expires-within", "5d", "--json")
    assert later.facts == {"count": 0, "commitments": []}
    told = installed.octway("commitment", "list", "--json").facts
    assert told["count"] == 1
    assert "patient" not in told["commitments"][0]
    wrong = installed.octway("commitment", "list", "--expires-within", "soon")
    assert (wrong.status, "--expires-within" in wrong.err) == (2, True)


def test_the_trace_of_a_claim_tells_the_commitment(installed: Installation) -> None:
    claim, last = promised(installed, days=20)
    said = installed.octway("trace", claim)
    assert lines_with(said.out, "payment commitment", f"valid until {last}")
    told = installed.octway("trace", claim, "--json").facts
    assert told["commitment"]["valid_until"] == last

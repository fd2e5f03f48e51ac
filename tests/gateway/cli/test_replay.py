"""`octway replay` and `withdraw`: done again, or taken back, by a person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from gateway.committing import Tx
from gateway.journal import ledger, ledger_check, schema
from routing.ledger import Account
from tests.gateway.cli.installation import Installation


def state(installed: Installation, what: str) -> str:
    facts = installed.octway("trace", what, "--json").facts
    if facts["kind"] == "deposit":
        return str(facts["deposit"]["state"])
    if facts["kind"] == "dispatch":
        return str(facts["dispatches"][0]["state"])
    if facts["kind"] == "return":
        return str(facts["returns"][0]["state"])
    return str(facts["lots"][0]["state"])


@pytest.fixture(autouse=True)
def _books_balance(installed: Installation) -> Iterator[None]:
    """Whatever a person does, the books balance afterwards."""
    yield
    assert installed.house.database.read(ledger_check.imbalance) == 0
    assert installed.octway("verify", "--quick").status == 0


def test_an_unreadable_deposit_is_read_again(installed: Installation) -> None:
    """It goes back to received, its anomaly is settled, and it is read anew."""
    stored = installed.deposit("photo.jpg", b"no bill")
    installed.work()
    done = installed.octway("replay", stored.deposit, "--by", "lea")
    assert done.status == 0
    assert state(installed, stored.deposit) == "received"
    assert installed.octway("anomaly", "list", "--json").facts["anomalies"] == []
    installed.work()
    assert state(installed, stored.deposit) == "unreadable"
    timeline = installed.octway("trace", stored.deposit).out
    assert "put back to be read again by lea" in timeline


def test_a_held_lot_is_routed_again(installed: Installation) -> None:
    """Its cause may be gone without a new directory."""
    stored = installed.deposit("facture.b2", installed.billing_file(fund="777"))
    installed.work()
    assert installed.octway("replay", f"{stored.deposit}-1").status == 0
    assert state(installed, f"{stored.deposit}-1") == "new"
    installed.work()
    assert state(installed, f"{stored.deposit}-1") == "held"


def test_a_sent_lot_is_sent_again_only_when_said_so(installed: Installation) -> None:
    """The payer may have it: without --resend it stays where it is."""
    stored = installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    lot = f"{stored.deposit}-1"
    refused = installed.octway("replay", lot)
    assert refused.status == 1
    assert "--resend" in refused.err
    assert state(installed, lot) == "sent"
    assert installed.octway("replay", lot, "--resend").status == 0
    installed.work()
    assert state(installed, lot) == "sent"
    owed = installed.octway("trace", lot, "--json").facts["owed"]
    assert sorted((each["kind"], each["owed"]) for each in owed) == [
        ("arl", 1),
        ("payment", 2),
    ]


def test_a_paid_lot_is_never_sent_again(installed: Installation) -> None:
    """Not even with --resend: it could be paid twice."""
    stored = installed.deposit("facture.b2", installed.billing_file(invoices=6))
    installed.work()
    installed.answer()
    installed.work()
    lot = f"{stored.deposit}-1"
    accounts = installed.octway("trace", lot, "--json").facts["accounts"]
    assert "paid" in accounts
    refused = installed.octway("replay", lot, "--resend")
    assert refused.status == 1
    assert "pay it twice" in refused.err


def test_claims_that_were_rejected_one_by_one_go_again_together(
    installed: Installation,
) -> None:
    """A lot whose every claim was rejected stands whole in its account again."""
    stored = installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    lot = f"{stored.deposit}-1"
    house = installed.house

    def reject(tx: Tx) -> None:
        table = schema.claim
        rows = tx.connection.execute(select(table).where(table.c.lot_id == lot)).all()
        ledger.move_claims(
            tx,
            [
                (lot, row.seq, Account.DISPATCHED, Account.REJECTED, True, row.asked)
                for row in rows
            ],
            "test",
        )
        tx.connection.execute(
            update(table).where(table.c.lot_id == lot).values(account="rejected")
        )

    house.database.write("test", reject)
    assert installed.octway("replay", lot, "--resend").status == 0
    accounts = installed.octway("trace", lot, "--json").facts["accounts"]
    assert {name: each["claims"] for name, each in accounts.items()} == {"received": 2}


def test_a_refused_dispatch_is_handed_over_again(installed: Installation) -> None:
    """After days of failing it needs a person; replayed, it goes when the payer is back."""
    stored = installed.deposit("facture.b2", installed.billing_file())
    installed.shut("caisse-nord")
    for _ in range(12):
        installed.work("split", "route", "gather", "dispatch")
        installed.time += 8 * 3600
    dispatch = installed.octway("trace", stored.deposit, "--json").facts["dispatches"][
        0
    ]
    assert dispatch["state"] == "refused"
    installed.open("caisse-nord")
    assert installed.octway("replay", dispatch["id"]).status == 0
    installed.time += 86400
    installed.work()
    assert state(installed, dispatch["id"]) == "sent"
    kinds = {
        each["kind"]
        for each in installed.octway("anomaly", "list", "--json").facts["anomalies"]
    }
    assert "dispatch-refused" not in kinds


def test_a_return_is_matched_again(installed: Installation) -> None:
    """Its answers are read once more, and change nothing that they said before."""
    installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    (name, *_) = installed.answer("arl")
    installed.work()
    returned = installed.octway("trace", name, "--json").facts["id"]
    assert installed.octway("replay", returned).status == 0
    assert state(installed, returned) == "stored"
    installed.work()
    assert state(installed, returned) == "matched"


def test_a_lot_is_withdrawn_and_brought_back(installed: Installation) -> None:
    """Withdrawn it leaves no more; replay undoes it."""
    stored = installed.deposit("facture.b2", installed.billing_file(fund="777"))
    installed.work()
    lot = f"{stored.deposit}-1"
    assert installed.octway("withdraw", lot, "--why", "a test file").status == 0
    assert state(installed, lot) == "withdrawn"
    assert installed.octway("withdraw", lot).status == 1
    assert installed.octway("replay", lot).status == 0
    assert state(installed, lot) == "new"
    assert "replay its lots" in installed.octway("replay", stored.deposit).err


def test_a_dispatch_is_withdrawn_and_its_lots_go_again(
    installed: Installation,
) -> None:
    """A dispatch that has not left is dissolved; its lots get another one."""
    stored = installed.deposit("facture.b2", installed.billing_file())
    installed.shut("caisse-nord")
    installed.work("split", "route", "gather", "dispatch")
    lot = f"{stored.deposit}-1"
    (dispatch,) = installed.octway("trace", lot, "--json").facts["dispatches"]
    in_it = installed.octway("withdraw", lot)
    assert in_it.status == 1
    assert dispatch["id"] in in_it.err
    assert installed.octway("withdraw", dispatch["id"]).status == 0
    assert state(installed, lot) == "routed"
    installed.work("gather")
    numbers = {
        each["number"]
        for each in installed.octway("trace", lot, "--json").facts["dispatches"]
    }
    assert numbers == {1, 2}


def test_what_cannot_be_replayed_is_told_and_the_others_are_done(
    installed: Installation,
) -> None:
    """Several ids: each stands alone, and one failure is exit 1."""
    good = installed.deposit("photo.jpg", b"no bill")
    installed.work()
    done = installed.octway("replay", "d-nothing", good.deposit)
    assert done.status == 1
    assert "d-nothing" in done.err
    assert state(installed, good.deposit) == "received"


def test_a_dispatch_that_waits_for_a_window_goes_now(installed: Installation) -> None:
    """A person may know that the payer takes it; what that overrides is said."""
    file = installed.folder / "payers" / "caisse-nord.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("windows = []", 'windows = ["Sun 01:00-02:00"]'))
    installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    (waits,) = installed.octway("trace", "facture.b2", "--json").facts["dispatches"]
    assert waits["state"] == "ready"
    refused = installed.octway("replay", waits["id"])
    assert refused.status == 1
    assert "--now" in refused.err
    said = installed.octway("replay", waits["id"], "--now", "--by", "lea")
    assert said.status == 0, said.err
    assert "the window of caisse-nord is closed until 2026-11-22 01:00" in said.out
    assert "it would have waited until 2026-11-22 01:00" in said.out
    installed.work("dispatch")
    assert state(installed, waits["id"]) == "sent"
    assert "handed over now, as lea wants" in installed.octway("trace", waits["id"]).out
    again = installed.octway("replay", waits["id"], "--now")
    assert again.status == 1
    assert "does not wait" in again.err


def test_a_payer_that_was_away_is_tried_now(installed: Installation) -> None:
    """After a failure: for one attempt, and one that fails waits as any other."""
    installed.shut("caisse-nord")
    installed.deposit("facture.b2", installed.billing_file())
    for _ in range(8):
        installed.work("split", "route", "gather", "dispatch")
        installed.time += 600
    (waits,) = installed.octway("trace", "facture.b2", "--json").facts["dispatches"]
    said = installed.octway("replay", waits["id"], "--now", "--json").facts
    assert said["overrides"]["wait"] or said["overrides"]["endpoint"]
    installed.work("dispatch")
    assert state(installed, waits["id"]) == "ready"
    installed.open("caisse-nord")
    installed.work("dispatch")
    assert state(installed, waits["id"]) == "ready"  # it waits again
    shown = installed.octway("replay", waits["id"], "--now")
    assert "overridden: " in shown.out
    installed.work("dispatch")
    assert state(installed, waits["id"]) == "sent"


def test_a_dispatch_was_delivered_outside(installed: Installation) -> None:
    """With proof it is taken and its answers are owed; without it is refused."""
    stored = installed.deposit("facture.b2", installed.billing_file())
    installed.work()
    facts = installed.octway("trace", stored.deposit, "--json").facts
    name = facts["dispatches"][0]["id"]
    again = installed.octway("dispatch", "delivered", name, "--proof", "receipt 4711")
    assert again.status == 1
    assert "outside is not allowed in state sent" in again.err
    installed.house.database.write("refuse", _refuse)
    assert installed.octway("dispatch", "delivered", name).status == 2
    done = installed.octway(
        *("dispatch", "delivered", name, "--proof", "receipt 4711", "--by", "lea")
    )
    assert "owes its answers from now on" in done.out
    assert state(installed, name) == "sent"
    assert "proof: receipt 4711" in installed.octway("trace", name).out
    unknown = installed.octway("dispatch", "delivered", "s0", "--proof", "p")
    assert unknown.status == 1


def _refuse(tx: Tx) -> None:
    tx.connection.execute(update(schema.dispatch).values(state="refused"))

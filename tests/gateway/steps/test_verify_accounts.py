"""Accounts are proved from the stored files, whatever rows and ledger agree on.

That all holds after honest work is asserted at the end of every test of the steps,
by `Site.check`: after crashes, doubled and late answers, replays, desks, proposals.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Executable, delete, insert, update

from gateway.committing import Tx
from gateway.journal import ledger_check, replay, schema
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

CLAIM, LOT, ANSWER, MOVE = (
    schema.claim,
    schema.lot,
    schema.answer,
    schema.ledger_move,
)


@pytest.fixture
def paid(engine: str) -> Iterator[Site]:
    """A site where of three claims one is paid, one is refused, one waits."""
    site = Site(engine)
    try:
        site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=2000 3=500"))
        site.run()
        says(site, "claim S1/001/1 paid 1000 S1", "claim S1/001/2 rejected 2000 S1")
        site.check()
        yield site
    finally:
        site.close()


def says(site: Site, *lines: str) -> None:
    """Let the payer say something, at a moment of its own."""
    site.at += 1
    content = "TORETURN payment\n" + "".join(f"{line}\n" for line in lines)
    site.payer().answer(f"{site.at}.ret", content.encode())
    site.run()


def tamper(site: Site, *statements: Executable) -> None:
    """Change rows behind the gateway's back, so that the ledger goes on balancing."""

    def write(tx: Tx) -> None:
        for each in statements:
            tx.connection.execute(each)

    site.gateway.database.write("tamper", write)
    assert site.gateway.database.read(ledger_check.imbalance) == 0


def test_an_amount_changed_in_every_row_is_found_in_the_file(paid: Site) -> None:
    """Claim, lot and ledger agree on what was never asked; the deposit does not."""
    tamper(
        paid,
        update(CLAIM).where(CLAIM.c.seq == 3).values(asked=501),
        update(LOT).values(asked=3501, standing_asked=501),
        update(MOVE).where(MOVE.c.claim_seq.is_(None)).values(amount=3501),
    )
    (lot,) = paid.rows(LOT)
    assert paid.breaks() == (
        f"lot {lot.id}: its row says asked 3501, the deposit's file 3500",
        f"lot {lot.id}, claim 3: its row says asked 501, the deposit's file 500",
    )


def test_a_changed_answer_is_found_in_its_return(paid: Site) -> None:
    """The return still says what the payer said, and the claim stands by that."""
    tamper(paid, update(ANSWER).where(ANSWER.c.seq == 1).values(outcome="rejected"))
    (lot,) = paid.rows(LOT)
    row = paid.rows(ANSWER)[0]
    assert paid.breaks() == (
        f"return {row.return_id}, answer 1 to lot {lot.id}: its row says outcome "
        "rejected, the return's file paid",
        f"lot {lot.id}, claim 1: it stands in paid, and the answers that it was tied to "
        "put it into rejected",
        f"lot {lot.id}, claim 1: 1000 cents are booked as paid, the answers that it was "
        "tied to pay 0",
    )


def test_a_payment_that_nobody_made_is_found(paid: Site) -> None:
    """A claim was moved to paid with its line in the ledger; no answer says so."""
    (lot,) = paid.rows(LOT)
    (moved,) = paid.rows(MOVE, MOVE.c.claim_seq == 1)
    line = {**moved._mapping, "id": None, "claim_seq": 3, "amount": 500}
    del line["id"]
    line["source"] = lot.account
    tamper(
        paid,
        update(CLAIM).where(CLAIM.c.seq == 3).values(account="paid", outcome="paid"),
        update(LOT).values(standing_claims=0, standing_asked=0),
        insert(MOVE).values(**line),
    )
    assert paid.breaks() == (
        f"lot {lot.id}, claim 3: it stands in paid, and no answer put it there",
    )


def test_an_answer_that_was_taken_away_is_found(paid: Site) -> None:
    """Its return holds it, and the claim stands where it put it."""
    tamper(paid, delete(ANSWER).where(ANSWER.c.seq == 2))
    (returned,) = paid.rows(schema.payer_return)
    (lot,) = paid.rows(LOT)
    assert paid.breaks() == (
        f"return {returned.id}: answer 2 of its file has no row",
        f"lot {lot.id}, claim 2: it stands in rejected, and no answer put it there",
    )


def test_an_answer_that_no_return_holds_is_found(paid: Site) -> None:
    """A row was added for the claim that waits, and booked as an answer is."""
    row = paid.rows(ANSWER)[0]
    tamper(paid, insert(ANSWER).values(**{**row._asdict(), "seq": 3, "claim_seq": 3}))
    found = paid.breaks()
    assert (
        f"return {row.return_id}: answer 3 has a row, and its file does not say it"
    ) in found


def test_payments_in_parts_add_up_to_the_last_cent(paid: Site) -> None:
    """Each part counts, also one that leaves the claim where it stands."""
    says(paid, "claim S1/001/3 partly-paid 500 S1 paid=100")
    says(paid, "claim S1/001/3 partly-paid 500 S1 paid=150")
    assert paid.rows(CLAIM)[2].paid == 250
    says(paid, "claim S1/001/3 partly-paid 500 S1 paid=250")
    assert (paid.rows(CLAIM)[2].account, paid.rows(CLAIM)[2].paid) == ("paid", 500)
    says(paid, "claim S1/001/3 partly-paid 500 S1 paid=250")  # doubled: nothing new
    assert paid.rows(CLAIM)[2].paid == 500
    paid.check()


def test_a_lot_that_was_sent_again_stands_by_what_came_since(engine: str) -> None:
    """What the payer said of the first sending is wiped out by who replayed it."""
    site = Site(engine)
    try:
        site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=2000"))
        site.run()
        says(site, "lot S1/001 rejected 0 S1")
        site.check()
        site.at += 1
        (lot,) = site.rows(LOT)
        site.gateway.database.write(
            "again", lambda tx: replay.lot(tx, lot.id, by="lea", resend=True)
        )
        site.payer().lost.add(site.rows(schema.dispatch)[0].filename)
        site.check()
        site.run()
        says(site, "claim S1/001/1 paid 1000 S1")
        site.check()
        tamper(
            site,
            update(MOVE).where(MOVE.c.cause.like("replayed%")).values(cause="a storm"),
        )
        assert len(site.breaks()) == 1  # nobody says who took the refusal back
    finally:
        site.close()

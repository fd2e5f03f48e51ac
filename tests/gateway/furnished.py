"""Rows as the steps leave them, for tests of what reads the journal.

Written with the journal's own functions, so that books and rows agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import evolve
from sqlalchemy import insert, select, update

from gateway.committing import Tx
from gateway.journal import (
    answers,
    dispatches,
    expectations,
    handbacks,
    lots,
    reading,
    returns,
    schema,
    work,
)
from protocols.channels.interface import RemoteFile
from routing.envelope import (
    AnswerSeen,
    ClaimSeen,
    Level,
    LotSeen,
    Outcome,
    Problem,
    Severity,
    Share,
    Summary,
)
from routing.expectation import AnswerOrder, Owed
from routing.lifecycle import DepositState, LotEvent
from tests.gateway.house import House

PATIENT = "a patient"


def claim(number: str, asked: int = 1000) -> ClaimSeen:
    """Make a claim as a reader yields it."""
    return ClaimSeen(
        number=number,
        match_key=number,
        date="2026-11-02",
        patient=PATIENT,
        billed=asked + 500,
        asked=asked,
        asked_main=asked,
        asked_other=0,
        record=1,
        offset=0,
        length=10,
    )


def lot(position: int, claims: Sequence[ClaimSeen]) -> LotSeen:
    """Make a lot as a reader yields it."""
    return LotSeen(
        position=position,
        number=f"{position:03}",
        match_key=f"lot-{claims[0].number}",
        date="2026-11-02",
        sender="123456789",
        flow="billing",
        destination={},
        record=1,
        offset=0,
        length=10,
        claims=tuple(claims),
    )


TAKING = work.Taking(
    schema.deposit,
    due=schema.deposit.c.state == DepositState.RECEIVED.value,
    order=[schema.deposit.c.received_at],
)


def split(
    house: House,
    client: str,
    deposit: str,
    sizes: Sequence[int],
    problems: Sequence[Problem] = (),
) -> list[str]:
    """Have a deposit hold lots of so many claims each; return the lots' ids."""
    found = [
        lot(at, [claim(f"{deposit[-4:]}-{at}-{seq}") for seq in range(1, size + 1)])
        for at, size in enumerate(sizes, 1)
    ]
    summary = Summary(
        format="sesam.b2",
        records=10,
        lots=len(sizes),
        claims=sum(sizes),
        errors=len(problems),
        warnings=0,
    )

    def write(tx: Tx) -> None:
        (row,) = TAKING(tx, worker="w", lease=60.0)
        assert row.id == deposit
        rows = reading.lot_rows(tx.now, deposit, client, "sesam", found)
        reading.add(tx, rows, found, house.keys.patient_hash)
        ended = reading.Reading(
            deposit=row,
            held=row.lease_until,
            state=DepositState.SPLIT,
            network="sesam",
            summary=summary,
            problems=[(None, each) for each in problems],
            report=b"{}",
        )
        reading.end(tx, [ended], worker="w")

    house.database.write("split", write)
    return [reading.lot_id(deposit, at) for at in range(1, len(sizes) + 1)]


def add_part(house: House, client: str, deposit: str, *, seq: int) -> None:
    """Split the part of another payer, of 400 cents, off a claim of the first lot."""
    other = lot(1, [claim(f"{deposit[-4:]}-1-{seq}", 400)])
    part = evolve(other, share=Share.OTHER, part=1, seqs=(seq,))

    def write(tx: Tx) -> None:
        rows = reading.lot_rows(tx.now, deposit, client, "sesam", [part])
        reading.add(tx, rows, [part], house.keys.patient_hash)
        first = update(schema.lot).where(schema.lot.c.id == rows[0]["part_of"])
        tx.connection.execute(first.values(share=Share.MAIN))

    house.database.write("split", write)


def problem(record: int) -> Problem:
    """Make a problem at a record."""
    return Problem(
        record=record,
        position=7,
        field="total",
        severity=Severity.ERROR,
        code="bad-total",
        message="the total does not fit; send it again",
    )


def send(
    house: House,
    lot_ids: Sequence[str],
    owed: Sequence[Owed],
    *,
    payer: str = "caisse-01",
) -> str:
    """Route, gather and hand lots over; the payer owes answers from then on."""

    def write(tx: Tx) -> str:
        _move(tx, lot_ids, LotEvent.ROUTE, payer_id=payer, payer_code="01")
        group = dispatches.Group(
            network="sesam",
            payer=payer,
            code="01",
            endpoint=payer,
            flow="billing",
            version="v1",
            lots=tuple(_rows(tx, lot_ids)),
        )
        name = dispatches.open_dispatch(tx, house.entropy, group)
        _move(tx, lot_ids, LotEvent.SEND)
        row = dispatches.find(tx.connection, name)
        assert row is not None
        expectations.owe(
            tx,
            row,
            _rows(tx, lot_ids),
            owed,
            sent_on=iso_day(tx.now),
            order=AnswerOrder(),
        )
        return name

    return house.database.write("send", write)


def iso_day(at: float) -> str:
    """Return the UTC day of a moment."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def owes(house: House, days: float, kind: str = "payment") -> Owed:
    """Make an answer that is owed for each claim, due so many days from now."""
    due = house.now() + days * 86_400
    return Owed(kind, Level.CLAIM, due, due + 86_400)


def give_back(
    house: House, client: str, filename: str, content: bytes, lot_ids: Sequence[str]
) -> str:
    """Collect a return, and hand it back to one client; return its id."""
    stored = house.payloads.store_small([content])[0]
    file = RemoteFile(name=filename, size=len(content), modified=house.now())
    answer = AnswerSeen(
        level=Level.CLAIM,
        match_keys=("k",),
        sender="123456789",
        outcome=Outcome.PAID,
        asked=1000,
        paid=950,
    )

    def write(tx: Tx) -> str:
        house.payloads.record(tx, [stored])
        returned = returns.add(tx, house.entropy, "caisse-01", "sesam", file, stored)
        rows = [
            answers.row_of(returned, seq, answer)
            | {"client_id": client, "lot_id": each, "claim_seq": 1}
            for seq, each in enumerate(lot_ids, 1)
        ]
        if rows:
            tx.connection.execute(insert(schema.answer), rows)
        table = schema.payer_return
        row = tx.connection.execute(select(table).where(table.c.id == returned)).one()
        seqs = range(1, len(rows) + 1)
        return handbacks.add(tx, house.entropy, row, client, filename, stored, seqs)

    return house.database.write("hand-back", write)


def break_books(house: House, lot_id: str, *, back: bool = False) -> None:
    """Change where a new lot's claims stand without a move, as a fault would."""
    table = schema.lot
    account = "received" if back else "paid"
    house.database.write(
        "break",
        lambda tx: tx.connection.execute(
            update(table).where(table.c.id == lot_id).values(account=account)
        ),
    )


def _rows(tx: Tx, lot_ids: Sequence[str]) -> list[Any]:
    table = schema.lot
    query = select(table).where(table.c.id.in_(lot_ids)).order_by(table.c.position)
    return list(tx.connection.execute(query))


def _move(tx: Tx, lot_ids: Sequence[str], happened: LotEvent, **values: Any) -> None:
    for row in _rows(tx, lot_ids):
        lots.move(tx, row, happened, "test", **values)

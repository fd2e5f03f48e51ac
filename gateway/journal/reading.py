"""What the reading of deposits writes: their lots, claims and problems, and its end.

Many deposits end in one transaction; a large one's lots are written in several
before, and count only once it has ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, Row, delete, insert, select, union_all, update

from gateway.committing import Tx
from gateway.journal import attachments, dialect, ledger, schema
from gateway.journal.dialect import all_plain, plain
from gateway.journal.prepared import Prepared, given
from routing.envelope import ClaimSeen, LotSeen, Problem, Severity, Summary
from routing.ledger import Account
from routing.lifecycle import DepositState, LotState

PatientHash = Callable[[str], int]


@frozen(kw_only=True)
class Reading:
    """A deposit that has been read to its end.

    `deposit` is the row that its reader holds, `held` until when.  `problems`
    are told with the lot's id, or None where they belong to no lot.  There is no `report`
    where the content is looked into later.
    """

    deposit: Row[*tuple[Any, ...]]
    held: float
    state: DepositState
    network: str
    summary: Summary
    problems: Sequence[tuple[str | None, Problem]]
    report: bytes | None


def lot_id(deposit: str, position: int, part: int = 0) -> str:
    """Name a lot by its deposit and its place in it, one split off it by number too."""
    whole = f"{deposit}-{position}"
    return f"{whole}c{part}" if part else whole


def begun(connection: Connection, deposits: Sequence[str]) -> list[str]:
    """Name the deposits of which an earlier reading has left something."""
    wanted = [{"its_id": each} for each in deposits]
    found = _BEGUN.rows_of_each(connection, wanted)
    return [each for each, rows in zip(deposits, found, strict=True) if rows]


def clear(tx: Tx, deposit: str) -> None:
    """Forget what an earlier reading left, so that it can begin again."""
    mine = select(schema.lot.c.id).where(schema.lot.c.deposit_id == deposit)
    moves, claims = schema.ledger_move, schema.claim
    attachments.clear(tx, deposit)
    tx.connection.execute(delete(moves).where(moves.c.lot_id.in_(mine)))
    tx.connection.execute(delete(claims).where(claims.c.lot_id.in_(mine)))
    tx.connection.execute(delete(schema.lot).where(schema.lot.c.deposit_id == deposit))
    problem = schema.problem
    tx.connection.execute(delete(problem).where(problem.c.deposit_id == deposit))


def lot_rows(
    now: float, deposit: str, client: str, network: str, found: Sequence[LotSeen]
) -> list[dict[str, Any]]:
    """Make the rows of lots; they wait until their deposit is `split`."""
    return [_lot_row(now, deposit, client, network, lot) for lot in found]


def lots_of(connection: Connection, deposit: str) -> list[dict[str, Any]]:
    """Read the rows of a deposit's lots, in its order."""
    table = schema.lot
    query = (
        select(table)
        .where(table.c.deposit_id == deposit)
        .order_by(table.c.position, table.c.id)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def add(
    tx: Tx,
    rows: Sequence[dict[str, Any]],
    found: Sequence[LotSeen],
    patient_hash: PatientHash,
) -> None:
    """Write the rows of lots, with the claims of each."""
    _ADD_LOT.run_many(tx.connection, rows)
    dialect.bulk_insert(
        tx.connection,
        schema.claim,
        _CLAIM_COLUMNS,
        [
            claim
            for row, lot in zip(rows, found, strict=True)
            for claim in _claim_rows(row, lot, patient_hash)
        ],
    )
    ledger.open_lots(tx, [(row["id"], row["claims"], row["asked"]) for row in rows])


def end(tx: Tx, readings: Iterable[Reading], *, worker: str) -> list[Reading]:
    """End readings, so that their lots may go on; return those that could be.

    One whose deposit another worker has taken over is left as it is.
    """
    ended = [each for each in readings if _end(tx, each, worker)]
    _ADD_PROBLEM.run_many(
        tx.connection,
        [
            row
            for each in ended
            for row in _problem_rows(each.deposit.id, each.problems)
        ],
    )
    for each in ended:
        tx.say(
            f"deposit.{each.state}",
            each.deposit.id,
            format=each.summary.format,
            lots=each.summary.lots,
            claims=each.summary.claims,
            errors=each.summary.errors,
        )
    return ended


def _end(tx: Tx, reading: Reading, worker: str) -> bool:
    summary = reading.summary
    changed = _END.run(
        tx.connection,
        {
            "its_id": reading.deposit.id,
            "its_worker": worker,
            "its_lease": reading.held,
            "state": reading.state,
            "format": summary.format,
            "network": reading.network,
            "records": summary.records,
            "lots": summary.lots,
            "claims": summary.claims,
            "errors": summary.errors,
            "warnings": summary.warnings,
            "facts": json.dumps(dict(summary.keys), sort_keys=True),
            "split_at": tx.now,
            "report": reading.report,
            "worker": None,
            "lease_until": None,
        },
    )
    return changed == 1


def _problem_rows(
    deposit: str, problems: Iterable[tuple[str | None, Problem]]
) -> list[dict[str, Any]]:
    return [
        {
            "deposit_id": deposit,
            "seq": seq,
            "lot_id": lot,
            "record": problem.record,
            "position": problem.position,
            "field": problem.field,
            "severity": problem.severity,
            "code": problem.code,
            "message": plain(problem.message),
        }
        for seq, (lot, problem) in enumerate(problems, 1)
    ]


def _claim_rows(
    row: dict[str, Any], lot: LotSeen, patient_hash: PatientHash
) -> Iterable[tuple[Any, ...]]:
    """Make the rows of a lot's claims, column by column: there may be very many."""
    claims = lot.claims
    if not claims:
        return ()
    number, match_key, date, patient, *rest = zip(*claims, strict=True)
    return zip(
        repeat(row["id"], len(claims)),
        lot.seqs or range(1, len(claims) + 1),
        repeat(row["sender"], len(claims)),
        *map(all_plain, (number, match_key, date)),
        map(patient_hash, patient),
        *rest,
        strict=True,
    )


def _lot_row(
    now: float, deposit: str, client: str, network: str, lot: LotSeen
) -> dict[str, Any]:
    asked = sum(claim.asked for claim in lot.claims)
    errors = sum(each.severity is Severity.ERROR for each in lot.problems)
    return {
        "id": lot_id(deposit, lot.position, lot.part),
        "deposit_id": deposit,
        "client_id": client,
        "position": lot.position,
        "network": network,
        "flow": lot.flow,
        "number": plain(lot.number),
        "match_key": plain(lot.match_key),
        "date": plain(lot.date),
        "sender": plain(lot.sender),
        "destination": json.dumps(dict(lot.destination), sort_keys=True),
        "record": lot.record,
        "series": plain(lot.series),
        "share": lot.share,
        "part_of": lot_id(deposit, lot.position) if lot.part else None,
        "offset": lot.offset,
        "length": lot.length,
        "claims": len(lot.claims),
        "errors": errors,
        "billed": sum(claim.billed for claim in lot.claims),
        "asked": asked,
        "standing_claims": len(lot.claims),
        "standing_asked": asked,
        "state": LotState.NEW,
        "account": Account.RECEIVED,
        "created_at": now,
        "changed_at": now,
    }


_CLAIM_COLUMNS: Final = ("lot_id", "seq", "sender", *ClaimSeen._fields)
_ADD_LOT: Final = Prepared(
    insert(schema.lot),
    (
        "id",
        "deposit_id",
        "client_id",
        "position",
        "network",
        "flow",
        "number",
        "match_key",
        "date",
        "sender",
        "series",
        "share",
        "part_of",
        "destination",
        "record",
        "offset",
        "length",
        "claims",
        "errors",
        "billed",
        "asked",
        "standing_claims",
        "standing_asked",
        "state",
        "account",
        "created_at",
        "changed_at",
    ),
)
_ADD_PROBLEM: Final = Prepared(
    insert(schema.problem),
    (
        "deposit_id",
        "seq",
        "lot_id",
        "record",
        "position",
        "field",
        "severity",
        "code",
        "message",
    ),
)
_BEGUN: Final = Prepared(
    union_all(
        *(
            select(table.c.deposit_id).where(table.c.deposit_id == given("its_id"))
            for table in (schema.lot, schema.problem)
        )
    ).limit(1)
)
_END: Final = Prepared(
    update(schema.deposit).where(
        schema.deposit.c.id == given("its_id"),
        schema.deposit.c.state == DepositState.RECEIVED.value,
        schema.deposit.c.worker == given("its_worker"),
        schema.deposit.c.lease_until == given("its_lease"),
    ),
    (
        "state",
        "format",
        "network",
        "records",
        "lots",
        "claims",
        "errors",
        "warnings",
        "facts",
        "split_at",
        "report",
        "worker",
        "lease_until",
    ),
)

"""The two parts of claims that two payers owe: each a row of its own, one number.

The part that was split off stands in a lot of its own under the number (seq) that the
claim has in the first one, so both are found from either.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    func,
    or_,
    select,
)

from gateway.journal import schema

AnyRow = Row[*tuple[Any, ...]]
Place = tuple[str, int]

_LOT: Final = schema.lot
_CLAIM: Final = schema.claim
_PER_STATEMENT: Final = 400


def root(lot: str) -> ScalarSelect[Any]:
    """Name the lot that a lot was split off, or itself."""
    table = schema.lot.alias()
    query = select(func.coalesce(table.c.part_of, table.c.id))
    return query.where(table.c.id == lot).scalar_subquery()


def scope(lot: str, seq: int | None) -> ColumnElement[bool]:
    """Say which lots hold a part of a claim."""
    first, mine = root(lot), schema.claim.alias()
    there = select(mine.c.lot_id).where(mine.c.lot_id == _LOT.c.id, mine.c.seq == seq)
    holds = there.correlate(_LOT).exists()
    return or_(_LOT.c.id == first, (_LOT.c.part_of == first) & holds)


def of_claim(connection: Connection, lot: str, seq: int) -> tuple[AnyRow, ...]:
    """Read the parts of one claim, the first payer's first; none if it has but one."""
    query = _parts().where(scope(lot, seq), _CLAIM.c.seq == seq)
    rows = tuple(connection.execute(query))
    return rows if len(rows) > 1 else ()


def of_claims(
    connection: Connection, claims: Collection[Place]
) -> dict[Place, tuple[AnyRow, ...]]:
    """Read all parts of those claims that have two, by their places in first lots."""
    found: dict[Place, tuple[AnyRow, ...]] = {}
    wanted = sorted(claims)
    for start in range(0, len(wanted), _PER_STATEMENT):
        some = set(wanted[start : start + _PER_STATEMENT])
        lots = sorted({lot for lot, _ in some})
        seqs = sorted({seq for _, seq in some})
        query = _parts().where(_LOT.c.part_of.in_(lots), _CLAIM.c.seq.in_(seqs))
        others = [
            row for row in connection.execute(query) if (row.part_of, row.seq) in some
        ]
        if not others:
            continue
        query = _parts().where(_LOT.c.id.in_(lots), _CLAIM.c.seq.in_(seqs))
        firsts = {(row.lot_id, row.seq): row for row in connection.execute(query)}
        for row in others:
            place = (row.part_of, row.seq)
            found[place] = (*found.get(place, (firsts[place],)), row)
    return found


def _parts() -> Select[Any]:
    dispatch = schema.dispatch
    return (
        select(
            _CLAIM.c.lot_id,
            _CLAIM.c.seq,
            _CLAIM.c.asked,
            _CLAIM.c.paid,
            _CLAIM.c.outcome,
            _CLAIM.c.answered_at,
            func.coalesce(_CLAIM.c.account, _LOT.c.account).label("account"),
            _LOT.c.share,
            _LOT.c.part_of,
            _LOT.c.state,
            _LOT.c.cause,
            _LOT.c.cause_words,
            _LOT.c.payer_id,
            _LOT.c.payer_code,
            _LOT.c.routing,
            _LOT.c.changed_at,
            dispatch.c.sent_at,
        )
        .join(_LOT, _LOT.c.id == _CLAIM.c.lot_id)
        .outerjoin(dispatch, dispatch.c.id == _LOT.c.dispatch_id)
        .order_by(_LOT.c.position, _LOT.c.id, _CLAIM.c.seq)
    )

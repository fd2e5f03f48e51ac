"""The registers in which payers hold lots' numbers: who used a number, what was said.

A lot of a series uses its number from when it is routed, and one that is still to be
routed if it came first: so of two that come at once, whoever routes them, one goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    exists,
    literal,
    or_,
    select,
    tuple_,
)

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.dialect import plain
from gateway.journal.lots import GONE_ON
from gateway.journal.prepared import Prepared, given
from routing.envelope import Outcome
from routing.lifecycle import LotState
from routing.number_use import NumberUse

_MOST_SHOWN: Final = 25


class Noted(NamedTuple):
    """A number that a lot bore which did not go through here."""

    series: str
    number: str
    note: str


def uses(
    connection: Connection, lot: Row[*tuple[Any, ...]], *, itself: bool = False
) -> list[NumberUse]:
    """List the uses of a lot's number, oldest first; `itself`: with the lot's own."""
    its = {
        "its_id": lot.id,
        "its_time": lot.created_at,
        "its_network": lot.network,
        "its_series": lot.series,
        "its_number": lot.number,
    }
    found = [NumberUse("") for _ in _NOTED.rows(connection, its)]
    names = [row.id for row in _LOTS.rows(connection, its)]
    if itself and lot.state in GONE_ON:
        names.append(lot.id)
    said: dict[str, set[tuple[str, Outcome]]] = {name: set() for name in names}
    theirs = [{"its_lot": name} for name in names]
    answers = _SAID_OF.rows_of_each(connection, theirs) if theirs else []
    for row in (row for rows in answers for row in rows):
        said[row.lot_id].add((row.kind, Outcome(row.outcome)))
    return found + [NumberUse(name, frozenset(said[name])) for name in sorted(names)]


def lock(tx: Tx, routed: Sequence[Row[*tuple[Any, ...]]]) -> None:
    """Let nobody else decide on the numbers of lots until this transaction ends.

    What another node decided meanwhile is seen from then on.
    """
    numbers = (
        f"{row.network}/{row.series}/{row.number}" for row in routed if row.series
    )
    dialect.lock_names(tx.connection, numbers)


def numbered(
    connection: Connection, scope: ColumnElement[bool]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Read lots of a scope that stand in a register, the newest 25."""
    table = schema.lot
    query = select(table).where(scope, table.c.series != "")
    newest = query.order_by(table.c.created_at.desc(), table.c.id.desc())
    return connection.execute(newest.limit(_MOST_SHOWN)).all()


def note(tx: Tx, network: str, numbers: Iterable[Noted]) -> int:
    """Note numbers used elsewhere; return how many were not noted before."""
    rows = [
        {
            "network": network,
            "series": plain(each.series),
            "number": plain(each.number),
            "note": plain(each.note),
            "noted_at": tx.now,
        }
        for each in numbers
    ]
    return dialect.insert_new(tx.connection, schema.used_number, rows)


def in_series(connection: Connection, network: str, series: str) -> Sequence[Any]:
    """List every use in a register: number, state of the lot or "", lot or "", note."""
    lot, noted = schema.lot.c, schema.used_number.c
    mine = select(lot.number, lot.state, lot.id, lot.cause.label("note")).where(
        lot.series == series, lot.network == network
    )
    elsewhere = select(
        noted.number, literal("").label("state"), literal("").label("id"), noted.note
    ).where(noted.series == series, noted.network == network)
    both = mine.union_all(elsewhere).subquery()
    return connection.execute(select(both).order_by(both.c.number, both.c.id)).all()


def uses_of_each(
    connection: Connection, network: str, series: str
) -> dict[str, list[NumberUse]]:
    """List the uses of each number of a register that has any, as `uses` does."""
    lot, noted = schema.lot.c, schema.used_number.c
    found: dict[str, list[NumberUse]] = {}
    elsewhere = select(noted.number).where(
        noted.series == series, noted.network == network
    )
    for number in connection.execute(elsewhere).scalars():
        found.setdefault(number, []).append(NumberUse(""))
    mine = (lot.series == series, lot.network == network)
    gone = or_(lot.state.in_([state.value for state in GONE_ON]), _LEFT)
    said: dict[str, set[tuple[str, Outcome]]] = {}
    theirs = select(lot.id).where(*mine)
    for answer in connection.execute(_SAID.where(_ANSWER.lot_id.in_(theirs))):
        words = said.setdefault(answer.lot_id, set())
        words.add((answer.kind, Outcome(answer.outcome)))
    bearers = select(lot.id, lot.number).where(*mine, gone)
    for row in connection.execute(bearers.order_by(lot.created_at, lot.id)):
        use = NumberUse(row.id, frozenset(said.get(row.id, ())))
        found.setdefault(row.number, []).append(use)
    return found


def all_series(connection: Connection, network: str) -> list[str]:
    """List the registers of a network in which a number stands."""
    lot, noted = schema.lot.c, schema.used_number.c
    mine = select(lot.series).where(lot.series != "", lot.network == network)
    elsewhere = select(noted.series).where(noted.network == network)
    return sorted(connection.execute(mine.union(elsewhere)).scalars())


_LOT: Final = schema.lot.c
_ANSWER: Final = schema.answer.c
_FIRST: Final = tuple_(_LOT.created_at, _LOT.id) < tuple_(
    given("its_time"), given("its_id")
)
_LEFT: Final = exists().where(
    schema.dispatch_lot.c.lot_id == _LOT.id,
    schema.dispatch_lot.c.dispatch_id == schema.dispatch.c.id,
    schema.dispatch.c.sent_at.is_not(None),
)
_LOTS: Final = Prepared(
    select(_LOT.id)
    .where(
        _LOT.series == given("its_series"),
        _LOT.number == given("its_number"),
        _LOT.network == given("its_network"),
        _LOT.id != given("its_id"),
        or_(
            _LOT.state.in_([state.value for state in GONE_ON]),
            and_(_LOT.state == LotState.NEW.value, _FIRST),
            _LEFT,
        ),
    )
    .order_by(_LOT.created_at, _LOT.id)
)
_NOTED: Final = Prepared(
    select(schema.used_number.c.number).where(
        schema.used_number.c.network == given("its_network"),
        schema.used_number.c.series == given("its_series"),
        schema.used_number.c.number == given("its_number"),
    )
)
_SAID: Final = select(_ANSWER.lot_id, _ANSWER.outcome, schema.payer_return.c.kind).join(
    schema.payer_return, schema.payer_return.c.id == _ANSWER.return_id
)
_SAID_OF: Final = Prepared(_SAID.where(_ANSWER.lot_id == given("its_lot")))

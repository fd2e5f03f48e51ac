"""What went to a payer and came back last, and the numbers that files bear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select

from gateway.journal import schema, sequences

Rows = Sequence[Row[*tuple[Any, ...]]]

_MOST: Final = 10


class Series(NamedTuple):
    """A row of numbers: those that we give a payer's files, or it gives its returns.

    `of` is `dispatch` with the flow as `name`, or `return` with the payer's own
    series; `missing` never came.
    """

    of: str
    name: str
    last: int
    missing: tuple[int, ...] = ()


def last_dispatches(connection: Connection, payer: str) -> Rows:
    """List the newest dispatches for a payer, the newest first; ten at most."""
    table = schema.dispatch
    found: list[Row[*tuple[Any, ...]]] = []
    for flow in _flows(connection, payer):
        its = (table.c.payer_id == payer, table.c.flow == flow)
        query = select(table).where(*its).order_by(table.c.number.desc())
        found += connection.execute(query.limit(_MOST))
    return sorted(found, key=lambda row: row.created_at, reverse=True)[:_MOST]


def last_returns(connection: Connection, endpoint: str) -> Rows:
    """List the newest returns of an endpoint, the newest first; ten at most."""
    table = schema.payer_return
    query = (
        select(table)
        .where(table.c.endpoint_id == endpoint)
        .order_by(table.c.collected_at.desc())
    )
    return connection.execute(query.limit(_MOST)).all()


def numbers(connection: Connection, payer: str, endpoint: str | None) -> list[Series]:
    """Tell where each row of numbers stands, and which of a payer never came."""
    flows = _flows(connection, payer)
    found = [Series("dispatch", flow, last) for flow, last in flows.items()]
    if endpoint is None:
        return found
    table, before = schema.sequence, f"return-gap:{endpoint}:"
    query = select(table).where(table.c.series.startswith(before, autoescape=True))
    for row in connection.execute(query.order_by(table.c.series)):
        if not row.series.endswith(sequences.OLD):
            missing = tuple(sequences.missing(connection, row.series))
            name = row.series.removeprefix(before)
            found.append(Series("return", name, row.last, missing))
    return found


def _flows(connection: Connection, payer: str) -> dict[str, int]:
    """Name the flows in which a payer was ever sent anything, with the last number."""
    table, before = schema.number_series, f"{payer}/"
    query = select(table).where(table.c.series.startswith(before, autoescape=True))
    rows = connection.execute(query.order_by(table.c.series))
    return {row.series.removeprefix(before): row.last for row in rows}

"""Stored files that are read again, one row after another, and what differs is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, func, select

from gateway.errors import IntegrityBroken

_AT_ONCE: Final = 200


def count(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    """Count the rows whose files are read."""
    query = select(func.count()).select_from(table).where(which)
    return int(connection.execute(query).scalar_one())


def breaks(
    connection: Connection,
    table: Table,
    which: ColumnElement[bool],
    again: Callable[[Row[*tuple[Any, ...]]], Iterator[str]],
    tell: Callable[[], None],
) -> Iterator[str]:
    """Say what `again` finds of each row, oldest first; `tell` is called after each.

    A file that cannot be read again is a break of its own, and stops no other.
    """
    rows = connection.execute(
        select(table)
        .where(which)
        .order_by(table.c.id)
        .execution_options(yield_per=_AT_ONCE)
    )
    noun = table.name.removeprefix("payer_")
    for row in rows:
        try:
            yield from again(row)
        except (IntegrityBroken, OSError) as error:
            yield f"{noun} {row.id}: it cannot be read again: {error}"
        tell()


def differences(
    name: str,
    row: Mapping[str, Any],
    wanted: Mapping[str, Any],
    *,
    file: str,
    shown: Sequence[str],
    hidden: Sequence[str],
) -> Iterator[str]:
    """Say in which columns a row differs from its file.

    Of `hidden` ones no value is told: it says nothing to a person, or too much.
    """
    for column in shown:
        if row[column] != wanted[column]:
            yield (
                f"{name}: its row says {column} {row[column]}, the {file}'s file "
                f"{wanted[column]}"
            )
    for column in hidden:
        if row[column] != wanted[column]:
            yield f"{name}: its {column} is not the one of the {file}'s file"

"""The `sequence` tables: the numbers of a series, and those that are missing.

A series is whatever one maker counts by one counter: a payer's returns, a client's
deposits.  That it counts one by one is learned first, so a maker whose numbers jump
is never believed to have lost a file.  Old numbers are counted beside the series;
only when several come one by one has the maker begun its numbers anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, select, update

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies, dialect, schema
from gateway.journal.prepared import Prepared, given
from routing.lifecycle import AnomalyState
from routing.sequence import FileNumber, Habit, ranges

_MOST: Final = 1000  # missing at once: more is another numbering, not a loss
_ANEW: Final = 5  # old numbers one after the other: the maker began anew
OLD: Final = "#old"
"""The end of the name of the row that counts a series' old numbers."""


def _nobody(since: float) -> int:
    return 0


@frozen(kw_only=True)
class Maker:
    """Who numbers files, and the kind of anomaly that a missing one is.

    `excused` counts files that came since a time and may bear missing numbers.
    """

    kind: str
    name: str
    words: str
    payer: str = ""
    client: str = ""
    excused: Callable[[float], int] = _nobody


def note(tx: Tx, entropy: Entropy, maker: Maker, number: FileNumber) -> None:
    """Note a file's number: a gap is raised at once, and settled when it is closed.

    Each file must be noted once.  Numbers that came before change nothing.
    """
    series = series_of(maker, number)
    row = _lock(tx, series)
    if row is None:
        _begin(tx, series, number.number)
        return
    seen = number.numbering.see(row.last, number.number)
    if seen.old:
        if _close(tx, series, number.number):
            _tell_late(tx, entropy, maker, number, row.last)
        else:
            _note_old(tx, series, number)
        return
    habit = Habit(row.seen, row.in_order)
    missing = seen.missing
    if missing and habit.sequential and maker.excused(row.changed_at) >= len(missing):
        missing = ()
    after = habit.after(in_order=not missing)
    if len(missing) > _MOST:
        after = Habit()
    _change(tx, series, seen.last, after)
    if len(missing) > _MOST or (after.jumps and not habit.jumps):
        _forget(tx, series, "its numbers do not count up one by one any more")
    elif habit.sequential and missing:
        if _state(tx, series) == AnomalyState.RESOLVED:
            _close_all(tx, series)  # a person has seen to what was missing before
        _open(tx, series, missing)
        _raise(tx, entropy, maker, number, seen.last)


def series_of(maker: Maker, number: FileNumber) -> str:
    """Name a series as its rows and its anomaly do."""
    return f"{maker.kind}:{maker.name}:{number.series}"


def missing(connection: Connection, series: str) -> list[int]:
    """List the numbers of a series that are missing, in the order of its counter."""
    return [row.number for row in _MISSING.rows(connection, {"its_series": series})]


def _lock(tx: Tx, series: str) -> Any | None:
    return _LOCK.first(tx.connection, {"its_series": series})


def _begin(tx: Tx, series: str, number: int) -> None:
    row = {"series": series, "last": number, "changed_at": tx.now}
    dialect.insert_new(tx.connection, schema.sequence, [row])


def _change(tx: Tx, series: str, last: int, habit: Habit) -> None:
    _CHANGE.run(
        tx.connection,
        {
            "its_series": series,
            "last": last,
            "seen": habit.steps,
            "in_order": habit.in_order,
            "changed_at": tx.now,
        },
    )


def _note_old(tx: Tx, series: str, number: FileNumber) -> None:
    """Count an old number; the last of several in a row is where the maker stands."""
    beside = series + OLD
    row = _lock(tx, beside)
    if row is None:
        _begin(tx, beside, number.number)
        return
    follows = number.numbering.after(row.last) == number.number
    run = row.in_order + 1 if follows else 0
    if run + 1 >= _ANEW:
        _forget(tx, series, "its numbers have begun anew")
        _change(tx, series, number.number, Habit(run, run))
        run = 0
    _change(tx, beside, number.number, Habit(row.seen + 1, run))


def _open(tx: Tx, series: str, numbers: tuple[int, ...]) -> None:
    rows = [
        {
            "series": series,
            "number": number,
            "noticed_at": tx.now,
            "closed_at": None,
        }
        for number in numbers
    ]
    dialect.upsert(tx.connection, schema.sequence_gap, rows)


def _close(tx: Tx, series: str, number: int) -> bool:
    """Close the gap of a number that came late; False if it was not missing."""
    its = {"its_series": series, "its_number": number, "closed_at": tx.now}
    return _CLOSE.run(tx.connection, its) > 0


def _close_all(tx: Tx, series: str) -> int:
    gap = schema.sequence_gap
    return tx.connection.execute(
        update(gap)
        .where(gap.c.series == series, gap.c.closed_at.is_(None))
        .values(closed_at=tx.now)
    ).rowcount


def _forget(tx: Tx, series: str, reason: str) -> None:
    """Wait for no missing number of a series any more."""
    if _close_all(tx, series):
        _settle(tx, series, reason)


def _tell_late(
    tx: Tx, entropy: Entropy, maker: Maker, number: FileNumber, last: int
) -> None:
    """Say what is still missing after a late number; settle it where nothing is."""
    series = series_of(maker, number)
    if not missing(tx.connection, series):
        _settle(tx, series, "every number has come")
    elif _state(tx, series) != AnomalyState.RESOLVED:
        _raise(tx, entropy, maker, number, last, seen=0)


def _raise(
    tx: Tx,
    entropy: Entropy,
    maker: Maker,
    number: FileNumber,
    last: int,
    *,
    seen: int = 1,
) -> None:
    series = series_of(maker, number)
    left = missing(tx.connection, series)
    files = "files" if len(left) > 1 else "file"
    anomalies.raise_(
        tx,
        entropy,
        kind=maker.kind,
        severity=anomalies.WARNING,
        subject=series,
        payer=maker.payer,
        client=maker.client,
        seen=seen,
        words=f"{maker.words} ({number.series}) counts its files one by one, and "
        f"{files} {ranges(left)} never came; the last one is {last}",
    )


def _settle(tx: Tx, series: str, reason: str) -> None:
    anomalies.settle(tx, kind=_kind(series), subject=series, reason=reason)


def _state(tx: Tx, series: str) -> str | None:
    """Tell how the anomaly of a series stands."""
    table = schema.anomaly
    its = (table.c.kind == _kind(series), table.c.subject == series)
    return tx.connection.execute(select(table.c.state).where(*its)).scalar_one_or_none()


def _kind(series: str) -> str:
    return series.partition(":")[0]


_LOCK: Final = Prepared(
    select(schema.sequence)
    .where(schema.sequence.c.series == given("its_series"))
    .with_for_update()
)
_CHANGE: Final = Prepared(
    update(schema.sequence).where(schema.sequence.c.series == given("its_series")),
    ("last", "seen", "in_order", "changed_at"),
)
_CLOSE: Final = Prepared(
    update(schema.sequence_gap).where(
        schema.sequence_gap.c.series == given("its_series"),
        schema.sequence_gap.c.number == given("its_number"),
        schema.sequence_gap.c.closed_at.is_(None),
    ),
    ("closed_at",),
)
_MISSING: Final = Prepared(
    select(schema.sequence_gap.c.number)
    .where(
        schema.sequence_gap.c.series == given("its_series"),
        schema.sequence_gap.c.closed_at.is_(None),
    )
    .order_by(schema.sequence_gap.c.noticed_at, schema.sequence_gap.c.number)
)

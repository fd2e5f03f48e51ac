"""One transaction for many functions: run, committed once, or told apart.

When one function fails the transaction is rolled back and the others run again
without it: failures are rare, and a savepoint around each would cost everyone.
The connection is kept from commit to commit, since taking one from its pool and
giving it back costs a third of what a small file's rows do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from attrs import define, field
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolExhausted
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway import log_lines
from gateway.clock import Now
from gateway.errors import StorageUnavailable
from gateway.journal import cohorts, events
from routing import sandbox

GONE: Final = (OperationalError, InterfaceError, PoolExhausted)  # or locked, or full


@define
class Tx:
    """One transaction, as a writing function sees it."""

    connection: Connection
    now: float
    said: list[events.Said] = field(factory=list)
    counted: dict[cohorts.Cohort, cohorts.Count] = field(factory=dict)

    def say(self, kind: str, subject: str, /, **facts: Any) -> None:
        """Add an event to the history; it exists only if the transaction does."""
        self.said.append(events.Said(self.now, kind, subject, facts))

    def count(self, cohort: cohorts.Cohort, claims: int, asked: int) -> None:
        """Add claims and their cents to a cohort, with the transaction.

        What is sent in a sandbox says nothing of a payer, and is not counted.
        """
        if sandbox.read(cohort.payer_id) is not None:
            return
        before = self.counted.get(cohort, cohorts.Count())
        self.counted[cohort] = before.plus(claims, asked)


@define
class Work:
    """A function that waits to be written, and who is told of its end."""

    name: str
    call: Callable[..., Any]
    args: tuple[Any, ...]
    done: Callable[[Any], None]  # gets the value, or a Failure
    in_reactor: bool
    batched: bool = False


Results = list[tuple[Work, Any]]
"""What each function returned, or a Failure."""


@define
class _Failed:
    """Why a transaction was rolled back; `group` is to blame, or the journal."""

    group: list[Work] | None
    failure: Failure


@define
class _Progress:
    """How far a transaction has come."""

    group: list[Work] | None = None  # the functions that run now
    committing: bool = False


class Committer:
    """Commits functions on one connection; used by one thread at a time."""

    _log = Logger()

    def __init__(self, engine: Engine, chain: str, now: Now) -> None:
        self._engine = engine
        self._chain = chain
        self._now = now
        self._kept: Connection | None = None
        self._said: list[events.Said] = []  # committed, and not in the log yet

    def commit(self, batch: list[Work]) -> Results:
        """Run and commit all; those that fail are left out, and told why."""
        told: Results = []
        groups = _grouped(batch)
        while groups:
            found = self._try(groups)
            if not isinstance(found, _Failed):
                return told + found
            guilty, failure = found.group, found.failure
            if guilty is None:  # the journal is away: nothing of it was written
                return told + [(work, failure) for group in groups for work in group]
            groups = [group for group in groups if group is not guilty]
            if len(guilty) == 1:
                told.append((guilty[0], failure))
            else:  # one of its items is bad: each for itself from here
                groups += [[work] for work in guilty]
        return told

    def tell_log(self) -> None:
        """Say in the log what was committed; for when everyone who waits was told."""
        said, self._said = self._said, []
        log_lines.tell(said)

    def let_go(self, *, in_doubt: bool = False) -> None:
        """Give the connection back; what was begun on it is rolled back.

        One that is `in_doubt` is closed for good.
        """
        kept, self._kept = self._kept, None
        if kept is not None:
            with suppress(SQLAlchemyError):  # of a connection that is lost
                if in_doubt:
                    kept.invalidate()
                kept.close()

    def _try(self, groups: list[list[Work]]) -> Results | _Failed:
        """Run all in one transaction; nothing is written if one of them fails."""
        progress, was_kept = _Progress(), self._kept is not None
        try:
            return self._write(groups, progress)
        except Exception as error:
            kept, failure = self._kept, Failure()
            lost = kept is None or _is_lost(kept, error)
            self.let_go(in_doubt=progress.committing)
            if lost and was_kept and not progress.committing:
                return self._try(groups)  # the server closed it while nobody wrote
            return self._blame(groups, progress, failure, lost=lost)

    def _write(self, groups: list[list[Work]], progress: _Progress) -> Results:
        if self._kept is None:
            self._kept = self._engine.connect()
        transaction = self._kept.begin()
        tx = Tx(self._kept, self._now())
        results: Results = []
        for group in groups:
            progress.group = group
            results += _run_group(tx, group)
        if len(groups) > 1:
            progress.group = None
        cohorts.add(self._kept, tx.counted)
        events.append(self._kept, self._chain, tx.said)
        progress.committing = True
        transaction.commit()
        self._said += tx.said
        return results

    def _blame(
        self,
        groups: list[list[Work]],
        progress: _Progress,
        failure: Failure,
        *,
        lost: bool,
    ) -> _Failed:
        error, group = failure.value, progress.group
        if isinstance(error, GONE):
            self._log.warn("journal cannot write: {error}", error=_kind(error))
            name = (group or groups[0])[0].name
            away = Failure(unwritable(name, error))
            return _Failed(None if lost else group, away)
        if group is None:  # the events or the commit failed for one of many
            group = [work for each in groups for work in each]
            groups[:] = [group]
        return _Failed(group, failure)


def _run_group(tx: Tx, group: list[Work]) -> Results:
    first = group[0]
    if first.batched:
        values = first.call(tx, [work.args[0] for work in group])
    else:
        values = [first.call(tx, *first.args)]
    return list(zip(group, values, strict=True))


def _is_lost(connection: Connection, error: Exception) -> bool:
    """Say whether the transaction went with the error, and not one function."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or connection.invalidated


def _grouped(batch: list[Work]) -> list[list[Work]]:
    """Put neighbours of one batched name together; everything else stays alone."""
    groups: list[list[Work]] = []
    for work in batch:
        if work.batched and groups and groups[-1][0].name == work.name:
            groups[-1].append(work)
        else:
            groups.append([work])
    return groups


def unwritable(name: str, error: SQLAlchemyError) -> StorageUnavailable:
    """Say in words that the journal cannot be written now."""
    return StorageUnavailable(
        f"the journal cannot do {name!r} now ({_kind(error)}); "
        "nothing was accepted, try again"
    )


def unreadable(error: SQLAlchemyError) -> StorageUnavailable:
    """Say in words that the journal cannot be read now."""
    return StorageUnavailable(
        f"the journal cannot be read now ({_kind(error)}); try again"
    )


def _kind(error: SQLAlchemyError) -> str:
    """Name an error without what it was about: `SQLITE_FULL`, `DiskFull`."""
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlite_errorname", type(cause).__name__))

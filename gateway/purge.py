"""Removes stored files whose retention is over: keys first, then bytes.

Goes through everything that has a file, some at a time, each lot of work in one
transaction that decides anew.  It can be killed anywhere and run again, beside nodes
that work and beside itself.  What is open about a file keeps it: see
`gateway.journal.keeping`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import define, field

from config.directory_records import DirectoryData
from config.settings import Settings
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import keeping, purges
from gateway.journal.keeping import Judged
from gateway.journal.stored_things import TABLES
from gateway.storage.local import LocalStorage
from routing.retention import Keeping, Reason

QUIET: Final = 3600.0
"""Seconds for which a shared file must not have grown before it is removed."""

_AT_ONCE: Final = 100  # things asked about, and perhaps purged, in one transaction

Progress = Callable[[int], None]
"""Is told now and then how many files were looked at."""


@define
class Tally:
    """What was done or, of a dry run, would be: files and bytes, by kind and reason."""

    files: Counter[str] = field(factory=Counter)
    bytes: Counter[str] = field(factory=Counter)
    kept_files: Counter[Reason] = field(factory=Counter)
    kept_bytes: Counter[Reason] = field(factory=Counter)
    freed: int = 0  # bytes on disk
    waiting: int = 0  # bytes that are unreadable and share a file with others

    def goes(self, each: Judged) -> None:
        """Count a file that goes."""
        self.files[each.kind] += 1
        self.bytes[each.kind] += each.size

    def stays(self, reason: Reason, size: int, files: int = 1) -> None:
        """Count files that stay."""
        self.kept_files[reason] += files
        self.kept_bytes[reason] += size


def rules(settings: Settings, directory: DirectoryData) -> Keeping:
    """Gather what settings and payer directory say of retention."""
    return Keeping(
        house=settings.retention.keep,
        part_paid=settings.retention.part_paid,
        networks={name: each.keep for name, each in settings.network.items()},
        payers={payer.id: payer.keep for payer in directory.payers},
    )


class Purge:
    """One run over everything."""

    def __init__(
        self,
        *,
        database: Database,
        storage: LocalStorage,
        rules: Keeping,
        now: Callable[[], float],
        quiet: float = QUIET,
        progress: Progress = lambda count: None,
    ) -> None:
        self._database = database
        self._storage = storage
        self._rules = rules
        self._now = now
        self._quiet = quiet
        self._progress = progress

    def look(self) -> Tally:
        """Say what a run would do now; nothing is changed."""
        tally = Tally()
        self._walk(tally, lambda kind, found: found)
        tally.waiting = self._database.read(purges.waiting)
        return tally

    def run(self, *, by: str, why: str) -> Tally:
        """Purge all that may go, in the name of a person, and free the disk."""
        tally = Tally()

        def purge(kind: str, found: Sequence[Judged]) -> Sequence[Judged]:
            if not tally.files:
                self._say("purge.begun", by=by, why=why, keep=self._rules.house)
            names = [each.id for each in found]

            def write(tx: Tx) -> list[Judged]:
                return purges.purge(tx, kind, names, self._rules, by=by, why=why)

            return self._database.write("purge", write)

        self._walk(tally, purge)
        self._sweep(tally)
        tally.waiting = self._database.read(purges.waiting)
        if tally.files or tally.freed:
            files, size = tally.files.total(), tally.bytes.total()
            self._say("purge.ended", by=by, files=files, bytes=size, freed=tally.freed)
        return tally

    def _walk(
        self, tally: Tally, purge: Callable[[str, Sequence[Judged]], Sequence[Judged]]
    ) -> None:
        """Ask about every file that is old enough, and have `purge` take what may go."""
        read, seen = self._database.read, 0
        for kind in TABLES:
            oldest, after = self._now() - self._rules.house, ""
            files, size = read(purges.young, kind, born_since=oldest)
            tally.stays(Reason.YOUNG, size, files)
            while names := read(
                purges.candidates,
                kind,
                born_before=oldest,
                after=after,
                most=_AT_ONCE,
            ):
                found = read(keeping.judge, kind, names, self._rules, self._now())
                free = [each for each in found if each.reason is None]
                gone = {each.id for each in purge(kind, free)} if free else set()
                for each in found:
                    if each.id in gone:
                        tally.goes(each)
                    else:  # without a reason: somebody has begun to work on it since
                        tally.stays(each.reason or Reason.IN_WORK, each.size)
                after, seen = names[-1], seen + len(names)
                self._progress(seen)

    def _sweep(self, tally: Tally) -> None:
        """Remove the bytes of what was purged, now or in a run that was killed."""
        for place in self._database.read(purges.places):
            size = self._storage.remove_place(place, quiet=self._quiet)
            if size is not None:
                self._database.write("purge.removed", purges.removed, place)
                tally.freed += size

    def _say(self, kind: str, **facts: Any) -> None:
        self._database.write(kind, lambda tx: tx.say(kind, "storage", **facts))

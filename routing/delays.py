"""The delays learned of every payer, flow and kind, and what is unusual for each.

Three cases, and each errs on the side of patience, since an alarm that is false
costs more trust than one that comes a day later.

- A payer with enough answers of its own is measured by them.  Where they prove that
  99 % of its answers come by a day (the lower end of the interval, not the share that
  was seen), what is a working day beyond that is unusual, even before its contract's
  due date.  Where they only suggest it, that may postpone the due date, never advance it.
- One with few answers is filled up with those of its network's payers for the same
  flow and kind; that too may only postpone.
- Where the network knows too little, the contract alone counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from config.directory_records import Within
from routing.calendar import WorkCalendar
from routing.delay import Curve, Table, Watched
from routing.directory import Directory
from routing.drift import Drift, drift

ENOUGH: Final = 50
"""Answers below which a payer's own curve is filled up with that of its network."""

HISTORY: Final = 180
"""Days back of which delays are learned: a payer may change its ways."""

_UNUSUAL: Final = 0.99  # of the answers come earlier
_MARGIN: Final = 1  # working days that are granted beyond what was seen
_DAY: Final = timedelta(days=1)


class Counted(NamedTuple):
    """A row of the cohorts: claims sent on a day and answered `after` days (-1: sent)."""

    payer_id: str
    flow: str
    kind: str
    sent_on: str
    after: int
    chased: int
    claims: int
    asked: int = 0


class Key(NamedTuple):
    """Whose delay it is."""

    payer: str
    flow: str
    kind: str


class Learned(NamedTuple):
    """What is known of a delay: `unusual` is in working days, after whose end it is late.

    `own` says whether it is the payer's own or its network's; `proven` whether it
    may come before the contract's due date.
    """

    curve: Curve
    own: bool
    unusual: int
    proven: bool

    def words(self, waited: int) -> str:
        """Say how long others took, and how long this one takes."""
        usual = self.curve.quantile(0.95)
        whose = "its answers" if self.own else "the answers of its network"
        return (
            f"95 % of {whose} came within {usual:.1f} working days; "
            f"this one is at {waited}"
        )


class Delays:
    """The delays of one moment; never changes, and may be read by many threads."""

    def __init__(
        self, rows: Iterable[Counted], directory: Directory, now: float
    ) -> None:
        self._directory = directory
        self._watched = _watched(rows, directory, now)
        self._of_network: dict[tuple[str, str, str], Table] = {}
        for key, days in self._watched.items():
            shared = self._shared(key)
            others = self._of_network.get(shared, Table())
            self._of_network[shared] = others.plus(*_weighed(Table(days.values())))
        self._learned: dict[Key, Learned | None] = {}

    def seen(self) -> list[Key]:
        """Name everything of which something was seen."""
        return sorted(self._watched)

    def table(self, key: Key) -> Table:
        """Return what was seen of the payer itself."""
        return Table(self._watched.get(key, {}).values())

    def learned(self, key: Key) -> Learned | None:
        """Return what is known of a delay; None: too little, the contract counts."""
        if key not in self._learned:
            self._learned[key] = self._learn(key)
        return self._learned[key]

    def drift(self, key: Key) -> Drift | None:
        """Return how a payer has changed of late; None: not so that it shows."""
        return drift(self._watched.get(key, {}), Curve(self.table(key)))

    def usual_at(self, key: Key, *, sent_at: float, due_at: float) -> float | None:
        """Return after when an answer is unusually late; None where that is unknown.

        Raises `NoRoute` when the payer has left the directory.
        """
        calendar = self._directory.calendar(key.payer)
        found = self.learned(key)
        if found is None:
            return None
        usual = calendar.due(sent_at, Within(found.unusual, 0.0))
        return usual if found.proven else max(usual, due_at)

    def words(self, key: Key, *, sent_on: date, today: date) -> str | None:
        """Say how unusual it is that something sent on a day is open; None: unknown."""
        found = self.learned(key)
        if found is None:
            return None
        calendar = self._directory.calendar(key.payer)
        return found.words(calendar.working_days(sent_on, today))

    def _shared(self, key: Key) -> tuple[str, str, str]:
        return self._directory.payer(key.payer).network, key.flow, key.kind

    def _learn(self, key: Key) -> Learned | None:
        table = self.table(key)
        curve = Curve(table)
        seen, unusual = _evidence(curve)
        if seen >= ENOUGH:
            proven = curve.surely(_UNUSUAL, seen)
            if proven is not None:
                return Learned(curve, True, proven + _MARGIN, True)
            return Learned(curve, True, unusual + _MARGIN, False)
        shared = self._of_network.get(self._shared(key))
        if shared is None:
            return None
        of_others, _ = _evidence(Curve(shared))
        if of_others < ENOUGH:
            return None
        own = Table().plus(table, seen / table.answers if seen else 0.0)
        filled = Curve(own.plus(shared, (ENOUGH - seen) / shared.answers))
        unusual = filled.day(_UNUSUAL) or 0
        return Learned(filled, False, unusual + _MARGIN, False)


def _weighed(table: Table) -> tuple[Table, float]:
    """Return a table and its weight, so that it counts for what bears witness."""
    return table, table.seen_for(0) / table.answers if table.answers else 0.0


def _evidence(curve: Curve) -> tuple[float, int]:
    """Count the answers that bear witness to a curve, and tell when 99 % had come.

    Only of what was sent twice as long ago, and a week, can it be said that nothing
    more will come.
    """
    day = curve.day(_UNUSUAL)
    if day is None:
        return 0.0, 0
    return curve.table.seen_for(2 * day + 5), day


def _watched(
    rows: Iterable[Counted], directory: Directory, now: float
) -> Mapping[Key, Mapping[date, Watched]]:
    """Put cohorts together by the day of sending, as of the last whole day.

    What still may be answered today is no evidence yet, nor is today's answer.
    """
    days: dict[tuple[str, ...], list[Counted]] = {}
    for row in rows:
        days.setdefault(row[:4], []).append(row)
    first = min((date.fromisoformat(its[3]) for its in days), default=date.max)
    seen = {its[0] for its in days}
    past = {
        payer.id: _Past(directory.calendar(payer.id), first, now)
        for payer in directory.payers()
        if payer.id in seen
    }
    made: dict[Key, dict[date, Watched]] = {}
    for (payer, flow, kind, sent_on), its in days.items():
        day = date.fromisoformat(sent_on)
        if payer in past and past[payer].has(day):
            of_key = made.setdefault(Key(payer, flow, kind), {})
            of_key[day] = past[payer].watch(day, its)
    return made


class _Past:
    """The whole days of a payer since one, with the working days counted up."""

    def __init__(self, calendar: WorkCalendar, first: date, now: float) -> None:
        self._first = first.toordinal()
        self._worked = calendar.counted_up(first, calendar.day(now) - _DAY)

    def has(self, day: date) -> bool:
        return day.toordinal() - self._first < len(self._worked)

    def watch(self, day: date, rows: Iterable[Counted]) -> Watched:
        at = day.toordinal() - self._first
        worked, before, days = self._worked, self._worked[at], len(self._worked)
        sent = 0
        answered: list[tuple[int, int]] = []
        lost: list[tuple[int, int]] = []
        for row in rows:
            if row.after < 0:
                sent += row.claims
            elif at + row.after < days:
                after = worked[at + row.after] - before
                (lost if row.chased else answered).append((after, row.claims))
        return Watched(worked[-1] - before, sent, answered, lost)

"""When a payer works: working days, cut-offs, windows, and so "due when".

Times go in and out as epoch seconds; days are the payer's own, in its time
zone, so a change of summer time moves no deadline by an hour.  The decision
that surprises: an answer due on a day is due at the last second of that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import holidays

from config.directory_records import (
    CalendarEntry,
    Deadline,
    Outage,
    Window,
    Within,
)

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_LONGEST_SEARCH = 3660  # days without a working day before a calendar is refused


class WorkCalendar:
    """The calendar of one payer in its time zone; holds nothing but what it counted."""

    def __init__(self, entry: CalendarEntry, time_zone: str) -> None:
        self.entry = entry
        self.zone = ZoneInfo(time_zone)
        self._opened = frozenset(entry.opened)
        self._outages = self._merged(entry.outages)
        self._worked: dict[int, tuple[int, ...]] = {}

    def day(self, at: float) -> date:
        """Return the payer's day at a time."""
        return datetime.fromtimestamp(at, self.zone).date()

    def why_closed(self, day: date) -> str | None:
        """Return why the payer does not work on a day; None: it works."""
        if day in self._opened:
            return None
        if day.weekday() in self.entry.weekend:
            return "weekend"
        for closed in self.entry.closed:
            if closed.first <= day <= closed.last:
                return closed.why or "closed"
        public = _public_holidays(self.entry.country, self.entry.subdivision, day.year)
        return "public holiday" if day in public else None

    def ends(self, day: date) -> float:
        """Return the last second of a day."""
        return self._at(day + _DAY, 0) - 1.0

    def works(self, day: date) -> bool:
        """Say whether the payer works on a day."""
        return self.why_closed(day) is None

    def next_working_day(self, day: date) -> date:
        """Return the first working day after a day."""
        for _ in range(_LONGEST_SEARCH):
            day += _DAY
            if self.works(day):
                return day
        raise ValueError(
            f"the calendar has no working day in the ten years before {day}"
        )

    def working_days(self, after: date, until: date) -> int:
        """Count the working days after a day, the last one included; 0 if none.

        Years are counted once, so it costs no more for a year than for a day.
        """
        if until <= after:
            return 0
        found = -self._days_worked(after)
        for year in range(after.year, until.year):
            found += self._of_year(year)[-1]
        return found + self._days_worked(until)

    def counted_up(self, first: date, last: date) -> Sequence[int]:
        """Count the working days up to each day from the first to the last of a span."""
        days = (last - first).days + 1
        return tuple(accumulate(self.works(first + at * _DAY) for at in range(days)))

    def _days_worked(self, day: date) -> int:
        """Count the working days of its year up to a day."""
        return self._of_year(day.year)[day.timetuple().tm_yday]

    def _of_year(self, year: int) -> tuple[int, ...]:
        """Count the working days up to each day of a year, from none to all."""
        found = self._worked.get(year)
        if found is None:
            first = date(year, 1, 1)
            length = date(year, 12, 31).timetuple().tm_yday
            works = (self.works(first + at * _DAY) for at in range(length))
            found = self._worked[year] = tuple(accumulate(works, initial=0))
        return found

    def counts_from(self, at: float) -> date:
        """Return the day from which working days are counted.

        It is the payer's day, or the next working day where that day is closed
        or its cut-off has passed.
        """
        day, late = self._day_and_late(at, self.entry.cut_off)
        return self.next_working_day(day) if late or not self.works(day) else day

    def due(self, since: float, within: Within | Deadline) -> float:
        """Return the end of a delay that began at `since`.

        Working days end with the last second of the last of them; hours run
        through nights and weekends, and pause in an announced outage.  What would
        be due in an outage is due at its end.
        """
        if isinstance(within, Deadline):
            found = self._deadline(since, within)
        elif within.seconds:
            found = self._after_pauses(since, within.seconds)
        else:
            day = self.counts_from(since)
            for _ in range(within.working_days):
                day = self.next_working_day(day)
            found = self.ends(day)
        for begins, ends in self._outages:
            if begins <= found < ends:
                return ends
        return found

    def is_open(self, windows: Sequence[Window], at: float) -> bool:
        """Say whether files may be handed over; without windows always."""
        return self.next_opening(windows, at) == at

    def next_opening(self, windows: Sequence[Window], at: float) -> float:
        """Return `at` when a window is open then, else when the next one opens."""
        if not windows:
            return at
        day = self.day(at)
        openings = []
        for offset in range(-1, 16):  # yesterday's lasts past midnight
            for window in windows:
                begins = day + offset * _DAY
                if begins.weekday() not in window.days:
                    continue
                overnight = window.closes <= window.opens
                opens = self._at(begins, window.opens)
                closes = self._at(begins + overnight * _DAY, window.closes)
                if opens <= at < closes:
                    return at
                if opens < closes:  # else summer time leaps over all of it
                    openings.append(opens)
        return min(opening for opening in openings if opening > at)

    def _day_and_late(self, at: float, cut_off: int | None) -> tuple[date, bool]:
        """Return the payer's day at a time, and whether its cut-off has passed."""
        local = datetime.fromtimestamp(at, self.zone)
        minute = local.hour * 60 + local.minute
        return local.date(), cut_off is not None and minute >= cut_off

    def _deadline(self, since: float, deadline: Deadline) -> float:
        own = deadline.cut_off
        day, late = self._day_and_late(
            since, self.entry.cut_off if own is None else own
        )
        steps = deadline.days
        if deadline.working and (late or not self.works(day)):
            day = self.next_working_day(day)
        elif late:
            day += _DAY
        for _ in range(steps):
            day = self.next_working_day(day) if deadline.working else day + _DAY
        return self._at(day, deadline.minute)

    def _after_pauses(self, since: float, seconds: float) -> float:
        """Return when so many seconds outside outages have passed."""
        found = since + seconds
        for begins, ends in self._outages:
            if ends > since and begins < found:
                found += ends - max(begins, since)
        return found

    def _merged(self, outages: Sequence[Outage]) -> tuple[tuple[float, float], ...]:
        """Return outages as epoch seconds, in order, those that touch as one."""
        merged: list[tuple[float, float]] = []
        for first, last, _ in sorted(outages):
            begins, ends = self._epoch(first), self._epoch(last)
            if merged and begins <= merged[-1][1]:
                begins, before = merged.pop()
                ends = max(ends, before)
            merged.append((begins, ends))
        return tuple(merged)

    def _at(self, day: date, minute: int) -> float:
        """Return the epoch seconds of a minute of the payer's day."""
        return self._epoch(datetime.combine(day, time()) + timedelta(minutes=minute))

    def _epoch(self, local: datetime) -> float:
        """Return the epoch seconds of a time of the payer's clock.

        A minute that summer time leaps over is the first one after the leap.
        """
        wanted = local.replace(tzinfo=self.zone)
        while self._leapt_over(wanted):
            wanted += _MINUTE
        return wanted.timestamp()

    def _leapt_over(self, wanted: datetime) -> bool:
        met = datetime.fromtimestamp(wanted.timestamp(), self.zone)
        return met.replace(tzinfo=None) != wanted.replace(tzinfo=None)


@lru_cache(maxsize=512)
def _public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    if not country:
        return frozenset()
    found = holidays.country_holidays(
        country, subdiv=subdivision or None, years=year, expand=False
    )
    return frozenset(found)

"""When a rule may speak: planned moments, and hours in which nobody is disturbed.

Times go in and out as epoch seconds; hours are those of a zone's own clocks, so a
change of summer time moves none of them.  A planned minute that comes twice is the
first one, and one that the clocks leap over comes an hour later.  Quiet hours are never
cut short by a change: an end that comes twice is the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.notification_records import Quiet, Schedule

_DAY = timedelta(days=1)
_WEEK = 7


def quiet_until(quiet: Quiet | None, zone: str, at: float) -> float:
    """Return when quiet hours end that hold at a time; `at` itself if none do."""
    if quiet is None:
        return at
    clock = ZoneInfo(zone)
    day = datetime.fromtimestamp(at, clock).date()
    overnight = quiet.ends <= quiet.begins
    for offset in (-1, 0):
        begins = min(_moments(day + offset * _DAY, quiet.begins, clock))
        ends = max(_moments(day + (offset + overnight) * _DAY, quiet.ends, clock))
        if begins <= at < ends:
            return ends
    return at


def last_planned(schedule: Schedule, zone: str, at: float) -> float:
    """Return the last planned moment that is not after a time."""
    return max(each for each in _around(schedule, zone, at) if each <= at)


def next_planned(schedule: Schedule, zone: str, at: float) -> float:
    """Return the first planned moment after a time."""
    return min(each for each in _around(schedule, zone, at) if each > at)


def _around(schedule: Schedule, zone: str, at: float) -> Iterator[float]:
    clock = ZoneInfo(zone)
    today = datetime.fromtimestamp(at, clock).date()
    for offset in range(-_WEEK - 1, _WEEK + 2):
        day = today + offset * _DAY
        if day.weekday() in schedule.days:
            yield _moments(day, schedule.minute, clock)[0]


def _moments(day: date, minute: int, zone: ZoneInfo) -> tuple[float, float]:
    """Return a minute of a day as the clock counts before and after a change."""
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return local.timestamp(), local.replace(fold=1).timestamp()

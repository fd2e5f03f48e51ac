"""Rules speak by the clock on the wall, also on the two odd nights of a year."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from config.notification_records import Quiet, Schedule
from routing.quiet import last_planned, next_planned, quiet_until

PARIS = "Europe/Paris"
NIGHT = Quiet(20 * 60, 7 * 60)
NOON = Quiet(12 * 60, 13 * 60 + 30)
DAILY = Schedule(tuple(range(7)), 8 * 60)
SMALL_HOURS = Schedule(tuple(range(7)), 2 * 60 + 30)
MONDAYS = Schedule((0,), 8 * 60)


def at(text: str, zone: str = PARIS) -> float:
    """Return a moment; a second 02:30 is written with its offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.timestamp()


QUIET_ENDS = [
    pytest.param(NIGHT, "2026-11-18T19:59:59", None, id="a-second-before"),
    pytest.param(NIGHT, "2026-11-18T20:00", "2026-11-19T07:00", id="from-the-minute"),
    pytest.param(NIGHT, "2026-11-18T23:59", "2026-11-19T07:00", id="before-midnight"),
    pytest.param(NIGHT, "2026-11-19T00:00", "2026-11-19T07:00", id="at-midnight"),
    pytest.param(NIGHT, "2026-11-19T06:59", "2026-11-19T07:00", id="a-minute-left"),
    pytest.param(NIGHT, "2026-11-19T07:00", None, id="over-at-the-minute"),
    pytest.param(NOON, "2026-11-18T12:10", "2026-11-18T13:30", id="within-a-day"),
    pytest.param(NOON, "2026-11-18T13:30", None, id="after-noon"),
    pytest.param(NIGHT, "2027-03-28T01:30", "2027-03-28T07:00", id="spring-forward"),
    pytest.param(NIGHT, "2026-10-25T02:30", "2026-10-25T07:00", id="fall-back"),
    pytest.param(
        Quiet(22 * 60, 150),
        "2026-10-25T02:10+01:00",
        "2026-10-25T02:30+01:00",
        id="an-end-that-comes-twice-is-the-second",
    ),
]


@pytest.mark.parametrize(("quiet", "now", "until"), QUIET_ENDS)
def test_quiet_hours_end_by_the_wall_clock(
    quiet: Quiet, now: str, until: str | None
) -> None:
    """Across midnight and the change of summer time; `None`: nobody sleeps now."""
    assert quiet_until(quiet, PARIS, at(now)) == at(until or now)


def test_the_night_of_the_change_is_an_hour_longer_or_shorter() -> None:
    """From 20:00 until 07:00 are eleven hours, but for two nights."""
    for evening, hours in (("2026-11-18", 11), ("2027-03-27", 10), ("2026-10-24", 12)):
        begins = at(f"{evening}T20:00")
        assert quiet_until(NIGHT, PARIS, begins) - begins == hours * 3600


def test_who_sets_no_quiet_hours_has_none() -> None:
    """Nothing waits without being told to."""
    assert quiet_until(None, PARIS, 5.0) == 5.0


PLANNED = [
    pytest.param(DAILY, "2026-11-18T08:00", "2026-11-18T08:00", id="at-the-minute"),
    pytest.param(DAILY, "2026-11-18T07:59", "2026-11-17T08:00", id="not-yet-today"),
    pytest.param(DAILY, "2027-03-28T09:00", "2027-03-28T08:00", id="spring-forward"),
    pytest.param(
        SMALL_HOURS, "2027-03-28T04:00", "2027-03-28T03:30", id="a-minute-leapt-over"
    ),
    pytest.param(
        SMALL_HOURS,
        "2026-10-25T02:40+01:00",
        "2026-10-25T02:30+02:00",
        id="a-minute-that-comes-twice-is-the-first",
    ),
    pytest.param(MONDAYS, "2026-11-18T12:00", "2026-11-16T08:00", id="weekly"),
    pytest.param(MONDAYS, "2026-11-16T07:00", "2026-11-09T08:00", id="a-week-ago"),
]


@pytest.mark.parametrize(("schedule", "now", "moment"), PLANNED)
def test_the_last_planned_moment(schedule: Schedule, now: str, moment: str) -> None:
    """What a node that was down at the time makes good for, once."""
    assert last_planned(schedule, PARIS, at(now)) == at(moment)


def test_each_planned_moment_comes_once_in_a_year() -> None:
    """Going from one to the next, each day has exactly one, also when clocks change."""
    for schedule in (DAILY, SMALL_HOURS):
        moment = at("2026-01-01T00:00")
        days: list[date] = []
        while len(days) < 365:
            moment = next_planned(schedule, PARIS, moment)
            days.append(datetime.fromtimestamp(moment, ZoneInfo(PARIS)).date())
            assert last_planned(schedule, PARIS, moment) == moment
        assert days == sorted(set(days))
        assert days[-1].isoformat() == "2026-12-31"

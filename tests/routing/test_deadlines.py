"""Times of day by which answers are due, and outages: in the payer's own zone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.directory_records import (
    CalendarEntry,
    Closed,
    Deadline,
    Expects,
    Outage,
    Within,
)
from routing.calendar import WorkCalendar
from routing.expectation import owed

NEXT_MORNING = Deadline(8 * 60, 1, working=False, cut_off=22 * 60)
HOUR = 3600.0
TIMES = st.floats(1_767_225_600, 1_830_297_600)  # 2026 and 2027
ENTRY = CalendarEntry(
    country="CA",
    subdivision="QC",
    outages=(
        Outage(datetime(2027, 3, 8, 8), datetime(2027, 3, 8, 16), "upgrade"),  # noqa: DTZ001
        Outage(datetime(2027, 3, 8, 12), datetime(2027, 3, 8, 18), "longer"),  # noqa: DTZ001
        Outage(datetime(2027, 3, 14, 1), datetime(2027, 3, 14, 4), "clock"),  # noqa: DTZ001
    ),
)
WITHINS: list[Within | Deadline] = [
    *(NEXT_MORNING, Deadline(720, 2, working=True, cut_off=None)),
    *(Deadline(1440, 0, working=True, cut_off=None), Within(0, HOUR), Within(1, 0.0)),
    Within(0, 48 * HOUR),
]


def calendar(zone: str, entry: CalendarEntry = ENTRY) -> WorkCalendar:
    return WorkCalendar(entry, zone)


def at(found: WorkCalendar, text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=found.zone).timestamp()


def shown(found: WorkCalendar, seconds: float) -> str:
    return datetime.fromtimestamp(seconds, found.zone).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize("zone", ["America/Toronto", "Europe/Paris"])
@pytest.mark.parametrize(
    ("sent", "due"),
    [
        ("2026-11-24 21:59", "2026-11-25 08:00"),
        ("2026-11-24 22:00", "2026-11-26 08:00"),  # too late for this night
        ("2026-11-24 00:00", "2026-11-25 08:00"),
        ("2026-11-27 10:00", "2026-11-28 08:00"),  # any day, not only working ones
    ],
)
def test_sent_before_the_cut_off_is_answered_next_morning(
    zone: str, sent: str, due: str
) -> None:
    """Before 22:00 means before 08:00 the next day, by the payer's clock."""
    found = calendar(zone)
    assert shown(found, found.due(at(found, sent), NEXT_MORNING)) == due


@pytest.mark.parametrize(
    ("zone", "evening", "hours"),
    [
        ("America/Toronto", "2026-03-07 22:00", 9),  # summer time begins in that night
        ("America/Toronto", "2026-10-31 22:00", 11),  # and ends
        ("America/Toronto", "2026-11-30 22:00", 10),
        ("Europe/Paris", "2026-03-28 22:00", 9),
        ("Europe/Paris", "2026-10-24 22:00", 11),
    ],
)
def test_the_night_of_a_clock_change_is_an_hour_off(
    zone: str, evening: str, hours: int
) -> None:
    """Eight in the morning stays eight; the night is what is shorter or longer."""
    found = calendar(zone, CalendarEntry())
    begins = at(found, evening)
    due = found.due(begins - 1, NEXT_MORNING)
    assert due - begins == hours * HOUR
    assert shown(found, due).endswith("08:00")
    assert found.due(begins, NEXT_MORNING) > due + 20 * HOUR


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        ("2026-11-24 10:00", "2026-11-26 12:00"),
        ("2026-11-26 10:00", "2026-11-30 12:00"),  # over a weekend
        ("2026-11-26 17:00", "2026-12-01 12:00"),  # the calendar's cut-off has passed
        ("2026-11-28 10:00", "2026-12-02 12:00"),  # sent on a Saturday
    ],
)
def test_a_deadline_may_count_working_days(sent: str, due: str) -> None:
    """Closed days and the calendar's own cut-off count as for delays."""
    found = calendar("Europe/Paris", CalendarEntry(cut_off=17 * 60))
    within = Deadline(12 * 60, 2, working=True, cut_off=None)
    assert shown(found, found.due(at(found, sent), within)) == due


@pytest.mark.parametrize(
    ("sent", "within", "due"),
    [
        # due inside the outage, so at its end, which the second notice made later
        ("2027-03-07 12:00", NEXT_MORNING, "2027-03-08 18:00"),
        ("2027-03-08 04:00", Within(0, 4 * HOUR), "2027-03-08 18:00"),
        # hours pause while it lasts
        ("2027-03-08 06:00", Within(0, 4 * HOUR), "2027-03-08 20:00"),
        ("2027-03-08 10:00", Within(0, 4 * HOUR), "2027-03-08 22:00"),
        ("2027-03-08 03:00", Within(0, 4 * HOUR), "2027-03-08 07:00"),
        ("2027-03-08 18:00", Within(0, 4 * HOUR), "2027-03-08 22:00"),
        # from 1 to 4 o'clock are two hours on the night in which summer time begins
        ("2027-03-14 00:00", Within(0, 2 * HOUR), "2027-03-14 05:00"),
        # the day's end lies outside
        ("2027-03-05 12:00", Within(1, 0.0), "2027-03-08 23:59"),
    ],
)
def test_an_announced_outage_moves_what_is_due(
    sent: str, within: Within | Deadline, due: str
) -> None:
    """A payer is not late for the hours in which it said that it would be away."""
    found = calendar("America/Toronto")
    assert shown(found, found.due(at(found, sent), within)) == due


def test_a_whole_day_away_moves_the_end_of_a_working_day() -> None:
    """What is due with the last second of a day waits for the outage that covers it."""
    begins = datetime(2026, 11, 25, 20)  # noqa: DTZ001
    away = Outage(begins, begins + timedelta(hours=14), "move")
    entry = CalendarEntry(
        closed=(Closed(begins.date(), begins.date(), "move"),), outages=(away,)
    )
    found = calendar("Europe/Paris", entry)
    due = found.due(at(found, "2026-11-24 10:00"), Within(0, 38 * HOUR))
    assert shown(found, due) == "2026-11-26 14:00"
    due = found.due(at(found, "2026-11-24 10:00"), Within(1, 0.0))
    assert shown(found, due) == "2026-11-26 23:59"


@given(TIMES, st.floats(0, 1e6), st.sampled_from(WITHINS))
def test_no_answer_is_due_before_its_sending(
    sent: float, more: float, within: Within | Deadline
) -> None:
    """Whatever the profile, due is after sent, and later sendings are due no sooner."""
    found = calendar("America/Toronto")
    due = found.due(sent, within)
    assert due >= sent - 1
    assert due <= found.due(sent + more, within)


def test_what_is_owed_follows_the_deadline() -> None:
    """An expectation takes its due time from it, and its grace from there."""
    found = calendar("America/Toronto")
    expects = Expects("arl", "lot", "", NEXT_MORNING, Within(0, 4 * HOUR))
    (each,) = owed(
        [expects], flow="billing", sent_at=at(found, "2026-10-31 21:00"), calendar=found
    )
    assert shown(found, each.due_at) == "2026-11-01 08:00"
    assert each.missing_at == each.due_at + 4 * HOUR

"""Due dates and windows follow the payer's calendar and clock, not ours."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.directory_records import CalendarEntry, Closed, Window, Within
from config.times import window
from routing.calendar import WorkCalendar

PARIS = ZoneInfo("Europe/Paris")
FRANCE = CalendarEntry(country="FR", cut_off=18 * 60)
TIMES = st.floats(946_684_800, 2_524_608_000)  # 2000 to 2050


def calendar(entry: CalendarEntry = FRANCE) -> WorkCalendar:
    return WorkCalendar(entry, "Europe/Paris")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp()


def shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, PARIS).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("sent", "days", "due"),
    [
        ("2026-11-24 10:00", 2, "2026-11-26"),  # Tuesday to Thursday
        ("2026-11-26 10:00", 2, "2026-11-30"),  # over a weekend
        ("2026-11-26 18:00", 2, "2026-12-01"),  # after the cut-off
        ("2026-11-28 10:00", 1, "2026-12-01"),  # a Saturday counts as Monday
        ("2026-12-23 10:00", 2, "2026-12-28"),  # Christmas is a Friday
        ("2026-11-24 10:00", 0, "2026-11-24"),
    ],
)
def test_working_days_end_with_the_payers_day(sent: str, days: int, due: str) -> None:
    """Due at the last second of the last working day, by the payer's clock."""
    found = calendar().due(at(sent), Within(days, 0))
    assert shown(found) == f"{due} 23:59:59"


@given(
    st.dates(date(2000, 1, 1), date(2050, 1, 1)),
    st.integers(-10, 900),
    st.integers(0, 500),
)
def test_working_days_between_days_add_up(first: date, days: int, more: int) -> None:
    """Counting them is counting them one by one, and parts make the whole."""
    work = calendar(CalendarEntry(country="FR", opened=(date(2026, 5, 1),)))
    last = first + timedelta(days=days)
    one_by_one = sum(
        work.works(first + timedelta(days=at)) for at in range(1, days + 1)
    )
    end = max(first, last) + timedelta(days=more)
    middle = max(first, last)
    assert work.working_days(first, last) == one_by_one
    counted = work.counted_up(first, last)
    assert len(counted) == max(0, days + 1)
    assert not counted or counted[-1] - counted[0] == one_by_one
    assert work.working_days(first, end) == work.working_days(
        first, middle
    ) + work.working_days(middle, end)


def test_hours_run_through_nights_and_weekends() -> None:
    """A delay in hours knows no calendar, nor the change to winter time."""
    assert calendar().due(at("2026-10-24 12:00"), Within(0, 172_800)) == pytest.approx(
        at("2026-10-24 12:00") + 172_800
    )


def test_why_a_day_is_closed() -> None:
    """The console can say why nothing is expected today."""
    entry = CalendarEntry(
        country="FR",
        closed=(Closed(date(2026, 8, 3), date(2026, 8, 4), "works"),),
        opened=(date(2026, 7, 14), date(2026, 8, 4)),
    )
    found = calendar(entry)
    assert found.why_closed(date(2026, 5, 1)) == "public holiday"
    assert found.why_closed(date(2026, 11, 28)) == "weekend"
    assert found.why_closed(date(2026, 8, 3)) == "works"
    assert found.why_closed(date(2026, 8, 4)) is None  # opened wins over closed
    assert found.works(date(2026, 7, 14))  # and over a public holiday


def test_a_region_has_holidays_of_its_own() -> None:
    """26 December is a holiday in Alsace, and a working day elsewhere."""
    day = date(2025, 12, 26)
    assert calendar(CalendarEntry(country="FR")).works(day)
    assert not calendar(CalendarEntry(country="FR", subdivision="6AE")).works(day)
    assert calendar(CalendarEntry(country="")).works(date(2026, 5, 1))


@given(TIMES, st.integers(0, 15))
def test_due_dates_fall_on_working_days(since: float, days: int) -> None:
    """No answer is ever due on a day on which the payer does not work."""
    found = calendar()
    due = found.due(since, Within(days, 0))
    assert found.works(found.day(due))
    assert found.day(due + 1) == found.day(due) + timedelta(1)
    first = found.counts_from(since)
    span = (found.day(due) - first).days
    between = [found.works(first + timedelta(step)) for step in range(1, span + 1)]
    assert sum(between) == days


@given(TIMES, st.integers(0, 10), st.floats(0, 1e6))
def test_sent_later_is_due_no_sooner(since: float, days: int, more: float) -> None:
    """Due dates keep the order of sendings, and more days give more time."""
    found = calendar()
    within = Within(days, 0)
    assert found.due(since, within) <= found.due(since + more, within)
    assert found.due(since, within) < found.due(since, Within(days + 1, 0))


@given(
    TIMES,
    st.lists(
        st.sampled_from(
            [
                "Mon-Fri 06:00-22:00",
                "Sat 08:00-12:00",
                "22:00-06:00",
                "Sun 00:00-24:00",
                "Sun 02:30-03:15",
            ]
        ),
        max_size=3,
    ).map(lambda texts: tuple(window(text) for text in texts)),
)
def test_the_next_opening_is_open_and_soon(
    now: float, windows: tuple[Window, ...]
) -> None:
    """Waiting until the next opening is enough, and it is never far away."""
    found = calendar()
    opens = found.next_opening(windows, now)
    assert now <= opens <= now + 15 * 86_400
    assert found.is_open(windows, opens)
    assert found.is_open(windows, now) is (opens == now)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-27 21:59", "2026-11-27 21:59:00"),
        ("2026-11-27 22:00", "2026-11-30 06:00:00"),
        ("2026-11-30 05:59", "2026-11-30 06:00:00"),
        ("2026-10-25 12:00", "2026-10-26 06:00:00"),  # winter time began that night
    ],
)
def test_windows_open_by_the_payers_clock(now: str, opens: str) -> None:
    """Six in the morning is six in Paris, summer and winter."""
    windows = (window("Mon-Fri 06:00-22:00"),)
    assert shown(calendar().next_opening(windows, at(now))) == opens


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("Sun 02:30-03:15", "2026-03-29 03:00:00"),  # the clock leaps from 2 to 3
        ("Sun 02:10-02:50", "2026-04-05 02:10:00"),
        ("Sun 02:30-04:00", "2026-03-29 03:00:00"),
    ],
)
def test_a_window_in_the_hour_that_summer_time_leaps_over(
    text: str, opens: str
) -> None:
    """What is left of such a window is used; one that is gone waits a week."""
    found = calendar().next_opening((window(text),), at("2026-03-22 12:00"))
    assert shown(found) == opens


def test_a_night_window_lasts_past_midnight() -> None:
    """A window of Friday night is open early on Saturday, not on Sunday."""
    windows = (window("Fri 22:00-06:00"),)
    found = calendar()
    assert found.is_open(windows, at("2026-11-28 05:59"))
    assert not found.is_open(windows, at("2026-11-28 06:00"))
    assert not found.is_open(windows, at("2026-11-29 05:00"))


def test_without_windows_it_is_always_open() -> None:
    """No window means no waiting, holidays included."""
    assert calendar().is_open((), at("2026-12-25 03:00"))


def test_a_calendar_without_working_days_is_refused_not_endless() -> None:
    """Bad data ends in an error, never in a hanging step."""
    entry = CalendarEntry(weekend=tuple(range(7)))
    with pytest.raises(ValueError, match="no working day"):
        calendar(entry).due(at("2026-11-24 10:00"), Within(1, 0))

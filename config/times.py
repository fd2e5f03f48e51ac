"""Texts that say when: days, times of day, windows, delays in working days."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime

from config.directory_records import Deadline, Window, Within
from config.reader import Table

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOW = re.compile(r"(?:([A-Za-z,\-]+) +)?(\d\d:\d\d)-(\d\d:\d\d)")
_WITHIN = re.compile(r"(\d+) working days?")
_HOURS = re.compile(r"(\d+)(s|m|h|d)")
_DEADLINE = re.compile(
    r"(\d\d:\d\d) (?:(same) day|next (working )?day|after (\d+) (working )?days?)"
)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DAY_MINUTES = 24 * 60
_SHOWN = 40  # characters of a text that is far too long
_MOST_DAYS = 400
"""The longest delay that a file may ask for: more is a slip of the pen."""


def minutes(text: str) -> int:
    """Return minutes since midnight of `06:30`; 24:00 is the end of the day."""
    match = re.fullmatch(r"(\d\d):(\d\d)", text)
    found = int(match[1]) * 60 + int(match[2]) if match else _DAY_MINUTES + 1
    if match is None or int(match[2]) >= 60 or found > _DAY_MINUTES:  # noqa: PLR2004
        raise ValueError(f"is {text!r}; wanted a time of day such as 06:30")
    return found


def within(text: str) -> Within:
    """Return the delay in `2 working days`, `48h`, `90m` or `30s`; 400 days at most."""
    if match := _WITHIN.fullmatch(text):
        return Within(_days(text, match[1]), 0.0)
    if match := _HOURS.fullmatch(text):
        most = int(_MOST_DAYS * _SECONDS["d"] / _SECONDS[match[2]])
        return Within(0, _bounded(text, match[1], most) * _SECONDS[match[2]])
    raise ValueError(f"is {text!r}; wanted a delay such as '2 working days' or '48h'")


def _days(text: str, digits: str) -> int:
    return _bounded(text, digits, _MOST_DAYS)


def _bounded(text: str, digits: str, most: int) -> int:
    if len(digits) > len(str(most)) or int(digits) > most:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise ValueError(f"is {shown!r}; wanted {_MOST_DAYS} days at most")
    return int(digits)


def deadline(text: str, cut_off: int | None) -> Deadline:
    """Return the deadline in `08:00 next day` or `18:00 after 2 working days`."""
    match = _DEADLINE.fullmatch(text)
    if match is None:
        raise ValueError(
            f"is {text!r}; wanted a time and a day such as '08:00 next day', "
            "'18:00 same day' or '12:00 after 2 working days'"
        )
    days = 0 if match[2] else _days(text, match[4] or "1")
    return Deadline(minutes(match[1]), days, bool(match[3] or match[5]), cut_off)


def weekdays(text: str) -> tuple[int, ...]:
    """Return the weekdays in `Mon-Fri` or `Mon,Wed,Sat-Sun`, Monday being 0."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise ValueError(f"is {text!r}; wanted weekdays such as Mon-Fri or Mon,Sat")
        start = _DAYS.index(first)
        end = _DAYS.index(last) if last else start
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return tuple(sorted(found))


def window(text: str) -> Window:
    """Return the window in `Mon-Fri 06:00-22:00`; without days it is every day."""
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise ValueError(f"is {text!r}; wanted a window such as 'Mon-Fri 06:00-22:00'")
    days = weekdays(match[1]) if match[1] else tuple(range(7))
    opens = minutes(match[2])
    if opens == _DAY_MINUTES:
        raise ValueError(f"is {text!r}; a window cannot open at 24:00")
    return Window(days, opens, minutes(match[3]))


def read_within(table: Table, key: str, default: str | None = None) -> Within:
    """Read a delay of a table; a bad one is noted and reads as no time."""
    text = table.get(key, str, default)
    try:
        return within(text)
    except ValueError as error:
        if text:
            table.wrong(key, str(error))
        return Within(0, 0.0)


def read_minutes(table: Table, key: str, default: int | None = None) -> int | None:
    """Read a time of day of a table; a bad one is noted and reads as the default."""
    text = table.get(key, str, "")
    if not text:
        return default
    try:
        return minutes(text)
    except ValueError as error:
        table.wrong(key, str(error))
        return default


def as_moment(value: object) -> datetime:
    """Return the local time that a file holds: a TOML date-time, or an ISO text."""
    if type(value) is str:
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if type(value) is datetime and value.tzinfo is None:
        return value
    raise ValueError(
        f"is {str(value)!r}; wanted a day and a time of the payer's clock such as "
        "2026-11-30T08:00:00, without an offset"
    )


def as_day(value: object) -> date:
    """Return the day that a file holds: a TOML date, or an ISO text."""
    if type(value) is date:
        return value
    if type(value) is str:
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007
        except ValueError:
            pass
    raise ValueError(f"is {value!r}; wanted a day such as 2026-11-30")


def read_day(table: Table, key: str) -> date | None:
    """Read a day of a table; None where it is absent, or bad and noted."""
    table.skip(key)
    if key not in table.data:
        return None
    try:
        return as_day(table.data[key])
    except ValueError as error:
        table.wrong(key, str(error))
        return None

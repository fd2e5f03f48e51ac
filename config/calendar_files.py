"""Calendars: shared files, and what a payer's own file adds to one.

A file `calendars/fr.toml` of the directory wins over the one that comes with
the program, so a correction needs no new release.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import attrs
import holidays
from holidays.registry import EntityLoader

from config import times
from config.directory_records import CalendarEntry, Closed, Outage
from config.reader import Table

_DAY = timedelta(days=1)
_LONGEST_CLOSED = timedelta(days=366)  # more is a mistyped year
_COUNTRIES = frozenset(EntityLoader.get_country_codes())  # no country is loaded for it
_LONGEST_HOLE = timedelta(days=40)  # a closed month, with what lies around it


def read_shared(table: Table) -> CalendarEntry:
    """Read a calendar file."""
    found = _read(table, CalendarEntry())
    table.done()
    return found


def read_own(
    table: Table, shared: Mapping[str, CalendarEntry], country: str
) -> CalendarEntry:
    """Read a payer's `[calendar]`: a shared calendar in `use`, and additions to it.

    Without `use` the calendar of the payer's country is taken where there is one.
    """
    use = table.get("use", str, "")
    if use and use not in shared:
        known = ", ".join(sorted(shared)) or "none"
        table.wrong(
            "use", f"is {use!r}, which no calendar file defines; known: {known}"
        )
    base = shared.get(use or country.lower(), CalendarEntry(country=country))
    found = _read(table, base)
    table.done()
    return found


def _read(table: Table, base: CalendarEntry) -> CalendarEntry:
    country = table.get("country", str, base.country)
    kept = base.subdivision if country == base.country else ""
    subdivision = table.get("subdivision", str, kept)
    check_country(table, country, subdivision)
    found = attrs.evolve(
        base,
        country=country,
        subdivision=subdivision,
        weekend=_weekend(table, base.weekend),
        closed=(*base.closed, *(own := _closed(table)).values()),
        opened=(*base.opened, *_days(table, "open")),
        cut_off=times.read_minutes(table, "cut_off", base.cut_off),
        outages=(*base.outages, *_outages(table)),
    )
    _check_holes(table, found, own)
    return found


def check_country(table: Table, country: str, subdivision: str = "") -> bool:
    """Refuse a country or region whose public holidays are not known."""
    if country and country not in _COUNTRIES:
        table.wrong("country", f"is {country!r}; wanted an ISO 3166 code such as FR")
        return False
    if not subdivision:
        return True
    known = holidays.country_holidays(country).subdivisions if country else ()
    if subdivision not in known:
        some = ", ".join(known) or "none"
        table.wrong("subdivision", f"is {subdivision!r}; wanted one of {some}")
        return False
    return True


def _weekend(table: Table, default: tuple[int, ...]) -> tuple[int, ...]:
    text = table.get("weekend", str, "")
    if not text:
        return default if "weekend" not in table.data else ()
    try:
        found = times.weekdays(text)
    except ValueError as error:
        table.wrong("weekend", str(error))
        return default
    if len(found) == 7:  # noqa: PLR2004
        table.wrong("weekend", f"is {text!r}; wanted at least one day of work a week")
        return default
    return found


def _days(table: Table, key: str) -> tuple[date, ...]:
    table.skip(key)
    listed = table.data.get(key, [])
    if not isinstance(listed, list):
        table.wrong(key, "is no list; wanted a list of days")
        return ()
    found = []
    for value in listed:
        try:
            found.append(times.as_day(value))
        except ValueError as error:
            table.wrong(key, str(error))
    return tuple(found)


def _closed(table: Table) -> dict[int, Closed]:
    """Read the closed days, by their place in the file."""
    found: dict[int, Closed] = {}
    for number, each in enumerate(table.tables("closed")):
        first = times.read_day(each, "first")
        last = times.read_day(each, "last") or first
        why = each.get("why", str, "")
        each.done()
        if first is None or last is None:
            each.wrong("first", "is missing; wanted the first day closed")
        elif last < first:
            each.wrong("last", f"is {last}, before the first day {first}")
        elif last - first > _LONGEST_CLOSED:
            each.wrong("last", f"is {last}, over a year after {first}; wanted less")
        else:
            twin = next(
                (of for of in found.values() if _share_days(of, first, last)), None
            )
            if twin is not None:
                each.wrong(
                    "first",
                    f"is {first}, and the days from {twin.first} to {twin.last} are "
                    "closed already; wanted each day closed once",
                )
            found[number] = Closed(first, last, why)
    return found


def _share_days(closed: Closed, first: date, last: date) -> bool:
    return closed.first <= last and first <= closed.last


def _outages(table: Table) -> tuple[Outage, ...]:
    found = []
    for each in table.tables("outage"):
        first, last = _moment(each, "from"), _moment(each, "to")
        why = each.get("why", str, "")
        each.done()
        if first is None or last is None:
            continue
        if last <= first:
            each.wrong("to", f"is {last}, not after its beginning {first}")
        elif last - first > _LONGEST_HOLE:
            each.wrong(
                "to",
                f"is {last}, over {_LONGEST_HOLE.days} days after {first}; wanted less, "
                "or the payer's code to end",
            )
        else:
            found.append(Outage(first, last, why))
    return tuple(found)


def _moment(table: Table, key: str) -> datetime | None:
    table.skip(key)
    if key not in table.data:
        table.wrong(key, "is missing; wanted a time such as 2026-11-30T08:00:00")
        return None
    try:
        return times.as_moment(table.data[key])
    except ValueError as error:
        table.wrong(key, str(error))
        return None


def _check_holes(
    table: Table, calendar: CalendarEntry, own: Mapping[int, Closed]
) -> None:
    """Refuse a run of days without work that is longer than any real one.

    The country's public holidays are left out: they make no run much longer.
    """
    for number, closed in own.items():
        if _longest_run(calendar, closed) > _LONGEST_HOLE:
            table.wrong(
                f"closed[{number}].first",
                f"leaves no working day for over {_LONGEST_HOLE.days} days around "
                f"{closed.first}, so nothing could be due; wanted some day of work "
                "(list it under `open`), or the payer's code to end",
            )


def _longest_run(calendar: CalendarEntry, closed: Closed) -> timedelta:
    """Return the longest run of days without work that touches closed days."""
    longest = run = timedelta()
    day = closed.first - _LONGEST_HOLE
    while day <= closed.last + _LONGEST_HOLE:
        run = timedelta() if _works(calendar, day) else run + _DAY
        longest = max(longest, run)
        day += _DAY
    return longest


def _works(calendar: CalendarEntry, day: date) -> bool:
    if day in calendar.opened:
        return True
    closed = any(each.first <= day <= each.last for each in calendar.closed)
    return not closed and day.weekday() not in calendar.weekend

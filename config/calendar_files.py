"""Calendars: shared files, and what a payer's own file adds to one.

A file `calendars/fr.toml` of the directory wins over the one that comes with
the program, so a correction needs no new release.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import attrs
import holidays

from config import times
from config.directory_records import CalendarEntry, Closed
from config.reader import Table

_LONGEST_CLOSED = timedelta(days=366)  # a payer closed longer has no due dates


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
    _check_country(table, country, subdivision)
    return attrs.evolve(
        base,
        country=country,
        subdivision=subdivision,
        weekend=_weekend(table, base.weekend),
        closed=(*base.closed, *_closed(table)),
        opened=(*base.opened, *_days(table, "open")),
        cut_off=_cut_off(table, base.cut_off),
    )


def _check_country(table: Table, country: str, subdivision: str) -> None:
    """Refuse a country or region whose public holidays are not known."""
    known = holidays.list_supported_countries()
    if country and country not in known:
        table.wrong("country", f"is {country!r}; wanted an ISO 3166 code such as FR")
    elif subdivision and subdivision not in known[country]:
        some = ", ".join(known[country]) or "none"
        table.wrong("subdivision", f"is {subdivision!r}; wanted one of {some}")


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


def _cut_off(table: Table, default: int | None) -> int | None:
    text = table.get("cut_off", str, "")
    if not text:
        return default
    try:
        return times.minutes(text)
    except ValueError as error:
        table.wrong("cut_off", str(error))
        return default


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


def _closed(table: Table) -> tuple[Closed, ...]:
    found = []
    for each in table.tables("closed"):
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
            found.append(Closed(first, last, why))
    return tuple(found)

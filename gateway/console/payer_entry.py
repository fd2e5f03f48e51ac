"""A payer's directory entry as a page tells it: codes, days, and the entry to keep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from config.directory_records import CodeEntry, PayerEntry
from routing.directory import Directory
from routing.errors import NoRoute

_SOON: Final = 14  # days that are told one by one
_LATER: Final = 120  # days of which only those that are closed are told
_DAY: Final = timedelta(days=1)
_HIDDEN: Final = "not exported; see the file of the endpoint"


class Code(NamedTuple):
    """A code, whether it is in force, and who takes over or had it before.

    `heir` is the payer that answers after its end, `before` are the payers that
    name the code as their successor.
    """

    entry: CodeEntry
    valid: bool
    heir: PayerEntry | None
    before: tuple[tuple[str, PayerEntry], ...]


class Day(NamedTuple):
    """A day of the payer, and why it does not work; empty if it does."""

    day: date
    why: str


def codes(directory: Directory, payer: PayerEntry, now: float) -> list[Code]:
    """List a payer's codes, with mergers in both directions."""
    today = directory.calendar(payer.id).day(now)
    found = []
    for entry in payer.codes:
        before = [
            (other.code, each)
            for each in directory.payers()
            if each.network == payer.network
            for other in each.codes
            if other.successor == entry.code
        ]
        heir = _heir(directory, payer, entry) if entry.successor else None
        found.append(Code(entry, entry.covers(today), heir, tuple(before)))
    return found


def days(directory: Directory, payer: PayerEntry, now: float) -> list[Day]:
    """List the coming days, today first."""
    calendar = directory.calendar(payer.id)
    today = calendar.day(now)
    coming = (today + number * _DAY for number in range(_SOON))
    return [Day(day, calendar.why_closed(day) or "") for day in coming]


def closed_later(directory: Directory, payer: PayerEntry, now: float) -> list[Day]:
    """List the closed days after those, weekends left out."""
    calendar = directory.calendar(payer.id)
    first = calendar.day(now) + _SOON * _DAY
    coming = (first + number * _DAY for number in range(_LATER - _SOON))
    return [
        Day(day, why)
        for day in coming
        if (why := calendar.why_closed(day)) not in (None, "weekend")
    ]


def as_json(directory: Directory, payer: PayerEntry) -> bytes:
    """Write the entry as its file says it; settings of an endpoint stay behind."""
    entry: Mapping[str, Any] = next(
        (each for each in directory.data.sources.values() if _is(each, payer.id)), {}
    )
    shown = dict(entry)
    if isinstance(shown.get("endpoint"), Mapping):
        shown["endpoint"] = {**shown["endpoint"], "settings": _HIDDEN}
    told = {"version": directory.version, "payer": payer.id, "entry": shown}
    return json.dumps(told, ensure_ascii=False, indent=2).encode()


def _is(source: Any, id: str) -> bool:
    if not isinstance(source, Mapping):
        return False
    payer = source.get("payer")
    return isinstance(payer, Mapping) and payer.get("id") == id


def _heir(
    directory: Directory, payer: PayerEntry, entry: CodeEntry
) -> PayerEntry | None:
    """Find who answers on the day after a code's end."""
    if entry.valid_until is None:
        return None
    try:
        on = entry.valid_until + _DAY
        return directory.lookup(payer.network, entry.successor or "", on).payer
    except NoRoute:
        return None

"""Until when a case is put off: a choice of a few moments, or a date, in a zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from gateway.console.forms import Fields

_MORNING: Final = time(8, 0)
_HOURS: Final = 3 * 3600.0
_WEEK: Final = 7

PRESETS: Final = {
    "hours": "in 3 hours",
    "tomorrow": "until tomorrow morning",
    "monday": "until Monday morning",
    "week": "for a week",
    "month": "for 30 days",
    "date": "until a date",
}
"""What a form offers; `date` goes with a field of its own."""


def until_of(form: Fields, now: float, zone: ZoneInfo) -> float | None:
    """Read until when a form puts a case off; None if it does not say."""
    chosen = form.get("until")
    if chosen == "hours":
        return now + _HOURS
    if chosen == "date":
        return _read(form.get("date"), zone)
    local = datetime.fromtimestamp(now, UTC).astimezone(zone)
    days = {
        "tomorrow": 1,
        "monday": _WEEK - local.weekday(),
        "week": _WEEK,
        "month": 30,
    }
    return _morning(local, days[chosen]) if chosen in days else None


def _morning(local: datetime, days: int) -> float:
    day = local.date() + timedelta(days=days)
    return datetime.combine(day, _MORNING, local.tzinfo).timestamp()


def _read(text: str, zone: ZoneInfo) -> float | None:
    """Read what a field of a date, or of a date and a time, holds."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == len("2026-12-01"):
        found = datetime.combine(found.date(), _MORNING)
    try:
        return found.replace(tzinfo=zone).timestamp()
    except (OverflowError, OSError, ValueError):
        return None

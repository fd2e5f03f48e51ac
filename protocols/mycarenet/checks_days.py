"""Rules about days: before, after, within so many months or days of another.

Days are texts YYYYMMDD and months YYYYMM, which are compared as they stand.  Where
one of two days is not given nothing is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import numpy as np

from protocols.mycarenet.checks_columns import Columns, Mask, both, number, prefix
from protocols.mycarenet.checks_rules import Rule
from protocols.mycarenet.tables import Tables

_MONTH: Final = len("YYYYMM")
_MONTHS: Final = 12
_NEVER: Final = 10**9


def not_after(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which are later than another day."""
    own = columns.text(rule.record, rule.field)
    wrong: Mask = own > columns.text(rule.record, rule.arguments[0])
    return wrong & both(columns, rule.record, rule.field, rule.arguments[-1])


def not_before(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which are earlier than another day."""
    own = columns.text(rule.record, rule.field)
    wrong: Mask = own < columns.text(rule.record, rule.arguments[0])
    return wrong & both(columns, rule.record, rule.field, rule.arguments[-1])


def within_months(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Older than so many months before another date, a month counted to its end."""
    months = int(rule.arguments[0])
    return _against(columns, rule, lambda day: _shifted(day, -months), early=True)


def next_month(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which are more than a month later than another month."""
    return _against(columns, rule, lambda day: _shifted(day, 1), early=False)


def outlasts_care(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which were told more than so many days before their last day of care."""
    told = columns.text(rule.record, rule.field)
    span = timedelta(int(rule.arguments[0]))
    last = np.zeros(len(told), np.int64)
    days = number(columns.characters("50", "last_date"))
    owners = np.searchsorted(
        columns.rows(rule.record), columns.master("50", rule.record)
    )
    np.maximum.at(last, owners, days)
    limits = {each: _later(date_of(each), span) for each in set(told.tolist())}
    limit = np.array([limits[each] for each in told.tolist()], np.int64)
    wrong: Mask = last > limit
    return wrong


def _later(day: date | None, span: timedelta) -> int:
    if day is None or date.max - day < span:
        return _NEVER
    return int(f"{day + span:%Y%m%d}")


def _against(
    columns: Columns, rule: Rule, limit: Callable[[bytes], bytes], *, early: bool
) -> Mask:
    """Compare with a limit that is reckoned from a field of the whole sending."""
    own = columns.text(rule.record, rule.field)
    other = columns.text(rule.record, rule.arguments[-1])
    bound = limit(bytes(other[0])) if len(other) else b""
    if not bound:
        return np.zeros(len(own), np.bool_)
    cut = prefix(own, len(bound))
    wrong: Mask = cut < bound if early else cut > bound
    return wrong & ~columns.empty(rule.record, rule.field)


def _shifted(day: bytes, months: int) -> bytes:
    """Return a month so many months later, as YYYYMM; nothing where it is none."""
    if not day[:_MONTH].isdigit():
        return b""
    month = int(day[:4]) * _MONTHS + int(day[4:_MONTH]) - 1 + months
    return b"%04d%02d" % (month // _MONTHS, month % _MONTHS + 1)


def date_of(text: bytes) -> date | None:
    """Return the day that a text YYYYMMDD names; None if it names none."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None

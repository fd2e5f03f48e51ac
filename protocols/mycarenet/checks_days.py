"""Rules about days: before, after, within so many months or days of another.

Days are texts YYYYMMDD and months YYYYMM, which are compared as they stand.  Where
one of two days is not given nothing is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import numpy as np

from protocols.mycarenet.checks_columns import Columns, Mask, both, prefix
from protocols.mycarenet.checks_rules import Rule
from protocols.mycarenet.tables import Tables

_MONTH: Final = len("YYYYMM")
_MONTHS: Final = 12


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


def days_after(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which are more than so many days later than another day."""
    span = timedelta(int(rule.arguments[0]))
    each, which = np.unique(
        columns.text(rule.record, rule.arguments[1]), return_inverse=True
    )
    found = [date_of(text) for text in each.tolist()]
    limits = np.array([_later(day, span) for day in found], "S8")[which]
    own = columns.text(rule.record, rule.field)
    wrong: Mask = own > limits
    return wrong & ~columns.empty(rule.record, rule.field)


def _later(day: date | None, span: timedelta) -> bytes:
    if day is None or date.max - day < span:
        return b"99999999"
    return f"{day + span:%Y%m%d}".encode()


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

"""The kinds of rule: which records of a chunk break a rule of each.

Each function gives a mask by record of the rule's kind.  A field that holds nothing
breaks only `present`, `one_of` and `begins`: whether it must be there is a rule of
its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final

import numpy as np

from protocols.mycarenet.checks_columns import (
    Columns,
    Mask,
    Texts,
    digits,
    number,
)
from protocols.mycarenet.checks_rules import Condition, Rule
from protocols.mycarenet.tables import Tables

Judge = Callable[[Columns, Rule, Tables], Mask]

_MODULUS: Final = 97
_MONTH: Final = len("YYYYMM")
_MONTHS: Final = 12
_HOURS: Final = 24
_MINUTES: Final = 60
_BIC_LETTERS: Final = 6
_BIC_LENGTHS: Final = (8, 11)


def holds(columns: Columns, rule: Rule) -> Mask | None:
    """Tell for which records a rule's conditions hold; None: for all."""
    found: Mask | None = None
    for each in rule.when:
        one = _holds(columns, rule.record, each)
        found = one if found is None else found & one
    return found


def _holds(columns: Columns, record: str, condition: Condition) -> Mask:
    if not condition.values:
        empty = columns.empty(record, condition.field)
        return ~empty if condition.operator == "!=" else empty
    texts = columns.text(record, condition.field)
    operator = condition.operator
    if operator == ">=":
        least: Mask = texts >= condition.values[0]
        return least
    found = np.zeros(len(texts), np.bool_)
    for value in condition.values:
        if operator.endswith("^="):
            found |= _prefix(texts, len(value)) == value
        else:
            found |= texts == value
    return ~found if operator.startswith("!") else found


def _one_of(columns: Columns, rule: Rule, _: Tables) -> Mask:
    texts = columns.text(rule.record, rule.field)
    found = np.zeros(len(texts), np.bool_)
    if texts.dtype.itemsize == 1:
        allowed = np.zeros(256, np.bool_)
        allowed[[ord(value) for value in rule.arguments]] = True
        return ~allowed[columns.characters(rule.record, rule.field)[:, 0]]
    for value in rule.arguments:
        found |= texts == value.encode()
    return ~found


def _none_of(columns: Columns, rule: Rule, _: Tables) -> Mask:
    texts = columns.text(rule.record, rule.field)
    found = np.zeros(len(texts), np.bool_)
    for value in rule.arguments:
        found |= texts == value.encode()
    return found


def _present(columns: Columns, rule: Rule, _: Tables) -> Mask:
    return columns.empty(rule.record, rule.field)


def _absent(columns: Columns, rule: Rule, _: Tables) -> Mask:
    return ~columns.empty(rule.record, rule.field)


def _begins(columns: Columns, rule: Rule, _: Tables) -> Mask:
    texts = columns.text(rule.record, rule.field)
    wanted = rule.arguments[0].encode()
    blank = texts == b" " * texts.dtype.itemsize
    wrong: Mask = (_prefix(texts, len(wanted)) != wanted) & ~blank
    return wrong


def _differs(columns: Columns, rule: Rule, _: Tables) -> Mask:
    own = columns.text(rule.record, rule.field)
    same: Mask = own == columns.text(rule.record, rule.arguments[0])
    return same & ~columns.empty(rule.record, rule.field)


def _not_after(columns: Columns, rule: Rule, _: Tables) -> Mask:
    own = columns.text(rule.record, rule.field)
    wrong: Mask = own > columns.text(rule.record, rule.arguments[0])
    return wrong & _both(columns, rule)


def _not_before(columns: Columns, rule: Rule, _: Tables) -> Mask:
    own = columns.text(rule.record, rule.field)
    wrong: Mask = own < columns.text(rule.record, rule.arguments[0])
    return wrong & _both(columns, rule)


def _both(columns: Columns, rule: Rule) -> Mask:
    return ~(
        columns.empty(rule.record, rule.field)
        | columns.empty(rule.record, rule.arguments[-1])
    )


def _within_months(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Older than so many months before another date, a month counted to its end."""
    months = int(rule.arguments[0])
    return _against(columns, rule, lambda day: _shifted(day, -months), early=True)


def _next_month(columns: Columns, rule: Rule, _: Tables) -> Mask:
    return _against(columns, rule, lambda day: _shifted(day, 1), early=False)


def _outlasts_care(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Told more than so many days before the invoice's last day of care."""
    told = columns.text(rule.record, rule.field)
    limits = {each: _days_after(each, int(rule.arguments[0])) for each in set(told)}
    last = np.zeros(len(told), np.int64)
    lines = columns.master("50", rule.record)
    days = number(columns.characters("50", "last_date"))
    np.maximum.at(last, np.searchsorted(columns.rows(rule.record), lines), days)
    limit = np.array([limits[each] for each in told.tolist()], np.int64)
    wrong: Mask = (limit > 0) & (last > limit)
    return wrong


def _days_after(day: bytes, days: int) -> int:
    """Return a day so many days later as a number YYYYMMDD; 0 where it is none."""
    found = _date(day)
    if found is None:
        return 0
    return int((found + timedelta(days)).strftime("%Y%m%d"))


def _against(
    columns: Columns, rule: Rule, limit: Callable[[bytes], bytes], *, early: bool
) -> Mask:
    """Compare with a limit that is reckoned from a field of the whole sending."""
    own = columns.text(rule.record, rule.field)
    other = columns.text(rule.record, rule.arguments[-1])
    bound = limit(bytes(other[0])) if len(other) else b""
    if not bound:
        return np.zeros(len(own), np.bool_)
    cut = _prefix(own, len(bound))
    wrong: Mask = cut < bound if early else cut > bound
    return wrong & ~columns.empty(rule.record, rule.field)


def _shifted(day: bytes, months: int) -> bytes:
    """Return a month so many months later, as YYYYMM; nothing where it is none."""
    if not day[:_MONTH].isdigit():
        return b""
    month = int(day[:4]) * _MONTHS + int(day[4:_MONTH]) - 1 + months
    return b"%04d%02d" % (month // _MONTHS, month % _MONTHS + 1)


def _date(text: bytes) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def _time(columns: Columns, rule: Rule, _: Tables) -> Mask:
    characters = columns.characters(rule.record, rule.field)
    value = number(characters)
    right: Mask = (
        digits(characters) & (value // 100 < _HOURS) & (value % 100 < _MINUTES)
    )
    return ~(right | columns.empty(rule.record, rule.field))


def _enterprise(columns: Columns, rule: Rule, _: Tables) -> Mask:
    characters = columns.characters(rule.record, rule.field)
    key = _MODULUS - number(characters[:, :8]) % _MODULUS
    wrong: Mask = number(characters[:, 8:10]) != key
    return wrong & ~columns.empty(rule.record, rule.field)


def _bic(columns: Columns, rule: Rule, _: Tables) -> Mask:
    texts = columns.text(rule.record, rule.field)
    wrong = [not _is_bic(each.decode("latin-1").rstrip()) for each in texts.tolist()]
    found = np.array(wrong, np.bool_)
    return found & ~columns.empty(rule.record, rule.field)


def _is_bic(text: str) -> bool:
    if len(text) not in _BIC_LENGTHS or not (text.isascii() and text.isalnum()):
        return False
    return text[:_BIC_LETTERS].isalpha() and text.isupper()


def _sign_of(columns: Columns, rule: Rule, _: Tables) -> Mask:
    own = columns.characters(rule.record, rule.field)[:, 0]
    other = columns.characters(rule.record, rule.arguments[0])[:, 0]
    wrong: Mask = own != other
    return wrong & _both(columns, rule)


def _serial(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """So many digits, filled up with blanks behind or zeros before; a B may stand first."""
    characters = columns.characters(rule.record, rule.field)
    size, width = int(rule.arguments[0]), characters.shape[1]
    right: Mask = digits(characters[:, :size]) & (characters[:, size:] == ord(" ")).all(
        1
    )
    zeros = (characters[:, : width - size] == ord("0")).all(1)
    right |= zeros & digits(characters[:, width - size :])
    if rule.arguments[1:]:
        first = characters[:, 0] == ord(rule.arguments[1])
        behind = (characters[:, size + 1 :] == ord(" ")).all(1)
        right |= first & digits(characters[:, 1 : size + 1]) & behind
    return ~right & ~columns.empty(rule.record, rule.field)


def _needs_code(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Alone in its invoice: a chunk holds whole invoices."""
    texts = columns.text(rule.record, rule.field)
    invoice = columns.master(rule.record, "20")
    there = np.unique(invoice[texts == rule.arguments[0].encode()])
    return ~np.isin(invoice, there)


def _followed_by_52(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """No record 52 before the next line."""
    lines = columns.rows(rule.record)
    read = columns.master("52", rule.record)
    return ~np.isin(lines, read)


def _affiliation(columns: Columns, rule: Rule, tables: Tables) -> Mask:
    """Judged on the first day of care; the number 000 is left to those who allow it."""
    texts = columns.text(rule.record, rule.field)
    lines = columns.master("50", rule.record)
    first = dict(
        zip(
            lines[::-1].tolist(),
            columns.text("50", "first_date")[::-1].tolist(),
            strict=True,
        )
    )
    created = columns.text(rule.record, "10.created")
    destination = columns.text(rule.record, "destination_mutuality")
    judged: dict[tuple[bytes, bytes, bytes], bool] = {}
    wrong = np.zeros(len(texts), np.bool_)
    rows = columns.rows(rule.record).tolist()
    for at, (row, own, to) in enumerate(
        zip(rows, texts.tolist(), destination.tolist(), strict=True)
    ):
        day = first.get(row, b"") or bytes(created[at])
        key = own, to, day
        if key not in judged:
            judged[key] = tables.mutualities.refuses_affiliation(
                own.decode("latin-1"), to.decode("latin-1"), day.decode("latin-1")
            )
        wrong[at] = judged[key]
    return wrong


def _destination(columns: Columns, rule: Rule, tables: Tables) -> Mask:
    texts = columns.text(rule.record, rule.field)
    numbers, which = np.unique(texts, return_inverse=True)
    wrong = [
        not tables.mutualities.union_of(each.decode("latin-1"))
        for each in numbers.tolist()
    ]
    return np.array(wrong, np.bool_)[which]


def _union_of(columns: Columns, rule: Rule, tables: Tables) -> Mask:
    """Another union than the destination's; unions that name no mutuality are not judged."""
    pairs = np.char.add(
        columns.text(rule.record, rule.field),
        columns.text(rule.record, rule.arguments[0]),
    )
    each, which = np.unique(pairs, return_inverse=True)
    wrong = [
        tables.mutualities.contradict(
            text[:3].decode("latin-1"), text[3:].decode("latin-1")
        )
        for text in each.tolist()
    ]
    return np.array(wrong, np.bool_)[which]


def _contact(columns: Columns, rule: Rule, tables: Tables) -> Mask:
    """Another destination than the point of contact that the directory knows."""
    texts = columns.text(rule.record, rule.field)
    wrong = np.zeros(len(texts), np.bool_)
    if len(texts):
        third_party = bytes(columns.text(rule.record, "10.third_party")[0])
        made = _date(bytes(columns.text(rule.record, "10.created")[0]))
        day = made.isoformat() if made else ""
        contact = tables.contacts.contact_of(third_party.decode("latin-1"), day)
        if contact:
            wrong = texts != contact.encode()
    return wrong


def _companions(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """More fees of the kind than other acts of the same day by the same caregiver."""
    texts = columns.text(rule.record, rule.field)
    fees = np.isin(texts, np.array([each.encode() for each in rule.arguments]))
    if not fees.any():
        return fees
    invoices = columns.master(rule.record, "20").tolist()
    days = columns.text(rule.record, "first_date").tolist()
    carers = columns.text(rule.record, "provider").tolist()
    keys = list(zip(invoices, days, carers, strict=True))
    counted = Counter(
        key for key, fee in zip(keys, fees.tolist(), strict=True) if not fee
    )
    for at in np.flatnonzero(fees).tolist():
        counted[keys[at]] -= 1
    lacking = [counted[key] < 0 for key in keys]
    return fees & np.array(lacking, np.bool_)


def _prefix(texts: Texts, length: int) -> Texts:
    """Return the first characters of each text; whole ones where they are no longer."""
    size = texts.dtype.itemsize
    if length >= size:
        return texts
    whole = np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), size)
    cut = np.ascontiguousarray(whole[:, :length])
    found: Texts = cut.view(f"S{length}")[:, 0]
    return found


JUDGES: Final[Mapping[str, Judge]] = {
    "one_of": _one_of,
    "none_of": _none_of,
    "present": _present,
    "absent": _absent,
    "begins": _begins,
    "differs": _differs,
    "not_after": _not_after,
    "not_before": _not_before,
    "within_months": _within_months,
    "outlasts_care": _outlasts_care,
    "next_month": _next_month,
    "time": _time,
    "enterprise": _enterprise,
    "bic": _bic,
    "sign_of": _sign_of,
    "serial": _serial,
    "needs_code": _needs_code,
    "followed_by_52": _followed_by_52,
    "affiliation": _affiliation,
    "destination": _destination,
    "union_of": _union_of,
    "contact": _contact,
    "companions": _companions,
}
"""Every kind of rule that the table may name."""

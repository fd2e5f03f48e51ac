"""Rules about the value of one field.

Each function gives a mask by record of the rule's kind: true where it is broken.  A
field that holds nothing breaks only `present` and `one_of`: whether it must be
there is a rule of its own.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from protocols.mycarenet.checks_columns import Columns, Mask, digits, number, prefix
from protocols.mycarenet.checks_rules import Rule
from protocols.mycarenet.tables import Tables

_MODULUS: Final = 97
_HOURS: Final = 24
_MINUTES: Final = 60
_BIC_LETTERS: Final = 6
_BIC_LENGTHS: Final = (8, 11)


def one_of(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which hold none of the values."""
    texts = columns.text(rule.record, rule.field)
    found = np.zeros(len(texts), np.bool_)
    if texts.dtype.itemsize == 1:
        allowed = np.zeros(256, np.bool_)
        allowed[[ord(value) for value in rule.arguments]] = True
        return ~allowed[columns.characters(rule.record, rule.field)[:, 0]]
    for value in rule.arguments:
        found |= texts == value.encode()
    return ~found


def none_of(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which hold one of the values."""
    texts = columns.text(rule.record, rule.field)
    found = np.zeros(len(texts), np.bool_)
    for value in rule.arguments:
        found |= texts == value.encode()
    return found


def present(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which hold nothing."""
    return columns.empty(rule.record, rule.field)


def absent(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which hold something."""
    return ~columns.empty(rule.record, rule.field)


def begins(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which begin otherwise; blanks are another matter."""
    texts = columns.text(rule.record, rule.field)
    wanted = rule.arguments[0].encode()
    blank = texts == b" " * texts.dtype.itemsize
    wrong: Mask = (prefix(texts, len(wanted)) != wanted) & ~blank
    return wrong


def time_of_day(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which are no time HHMM."""
    characters = columns.characters(rule.record, rule.field)
    value = number(characters)
    right: Mask = (
        digits(characters) & (value // 100 < _HOURS) & (value % 100 < _MINUTES)
    )
    return ~(right | columns.empty(rule.record, rule.field))


def enterprise(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which numbers of enterprises have wrong check digits."""
    characters = columns.characters(rule.record, rule.field)
    key = _MODULUS - number(characters[:, :8]) % _MODULUS
    wrong: Mask = number(characters[:, 8:10]) != key
    return wrong & ~columns.empty(rule.record, rule.field)


def bic(columns: Columns, rule: Rule, _: Tables) -> Mask:
    """Tell which are no BIC."""
    texts = columns.text(rule.record, rule.field)
    wrong = [not _is_bic(each.decode("latin-1").rstrip()) for each in texts.tolist()]
    found = np.array(wrong, np.bool_)
    return found & ~columns.empty(rule.record, rule.field)


def _is_bic(text: str) -> bool:
    if len(text) not in _BIC_LENGTHS or not (text.isascii() and text.isalnum()):
        return False
    return text[:_BIC_LETTERS].isalpha() and text.isupper()


def serial(columns: Columns, rule: Rule, _: Tables) -> Mask:
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

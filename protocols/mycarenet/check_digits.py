"""The check digits of eFact: of records, sendings, people, providers, accounts.

The figure of a record (zone 99) and that of what was billed (zones 98, 410 and
510) were worked out again on records that payers accepted and on records that
they refused for it; the others are common knowledge.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
_MODULUS = 97
_CHECKED = 348  # characters of a record before its own zone 99
_AT_ONCE = 4096  # records that stay in the cache
_FEW = 4  # records that are quicker one by one
_MOST_ODD = 100  # columns that are looked up one by one
_ZERO = ord("0")
_BLANK, _LETTER, _OTHER = 10, 11, 37
_NISS_BASE, _NISS = 9, 11
_SINCE_2000 = 2_000_000_000
NIHII_MODULI: Final = (97, 89, 83, 79)
_NIHII_BASE, _NIHII_KEY = 6, 8
_IBAN_LEAST, _IBAN_MOST = 15, 34
_LONG: Final = re.compile(r"[0-9]{9,}")


def _worth() -> bytes:
    """Return what each character counts: digits themselves, blanks 10, letters from 11 on."""
    worth = bytearray([_OTHER]) * 256
    worth[ord(" ")] = _BLANK
    for digit in range(10):
        worth[ord("0") + digit] = digit
    for letter in range(26):
        worth[ord("A") + letter] = worth[ord("a") + letter] = _LETTER + letter
    return bytes(worth)


_WORTH = _worth()
_CORRECTION = np.frombuffer(_WORTH, np.uint8).astype(np.int16) - np.arange(256)


def record_check(record: bytes) -> int:
    """Return zone 99 of one record, from its first 348 characters."""
    return sum(record[:_CHECKED].translate(_WORTH)) % _MODULUS or _MODULUS


def record_checks(rows: Bytes) -> NDArray[np.int64]:
    """Return zone 99 of many records at once; `rows` has 350 columns."""
    if len(rows) <= _FEW:
        each = [record_check(row.tobytes()) for row in rows]
        return np.array(each, np.int64)
    checks = np.empty(len(rows), np.int64)
    for at in range(0, len(rows), _AT_ONCE):
        part = rows[at : at + _AT_ONCE]
        worth = np.frombuffer(part.tobytes().translate(_WORTH), np.uint16)
        pairs = worth.reshape(part.shape[0], -1)
        # two characters lie in each word; six times 37 carries nothing over
        threes = pairs[:, :58] + pairs[:, 58:116] + pairs[:, 116:174]
        sixes = threes[:, :29] + threes[:, 29:]
        sums = ((sixes & np.uint16(0xFF)) + (sixes >> np.uint16(8))).sum(1, np.int64)
        checks[at : at + _AT_ONCE] = sums % _MODULUS
    checks[checks == 0] = _MODULUS
    return checks


def alike_checks(rows: Bytes, least: Bytes, most: Bytes) -> NDArray[np.int64]:
    """Return the same for records of one kind, with the extremes of each column.

    Columns that hold digits only, or the same in all records, are added up as they
    stand and put right once; only the others are looked up.
    """
    lowest, highest = least[:_CHECKED], most[:_CHECKED]
    is_digit = (lowest >= _ZERO) & (highest <= _ZERO + _BLANK - 1)
    odd = np.flatnonzero((lowest != highest) & ~is_digit)
    if len(odd) > _MOST_ODD:
        return record_checks(rows)
    sums = rows[:, :_CHECKED].sum(1, dtype=np.uint32).astype(np.int64)
    sums += _CORRECTION[rows.take(odd, axis=1)].sum(1, dtype=np.int64)
    rest = lowest == highest
    sums += int(_CORRECTION[lowest[rest]].sum(dtype=np.int64))
    sums -= _ZERO * int((is_digit & ~rest).sum())
    checks: NDArray[np.int64] = sums % _MODULUS
    checks[checks == 0] = _MODULUS
    return checks


def codes_check(total: int) -> int:
    """Return zone 98, 410 or 510 from the sum of the codes of its services.

    Summed are zone 4 of the records 50, 51 and 52 of the invoice, the mutuality
    or the sending.
    """
    return total % _MODULUS or _MODULUS


def niss_key(base: str, *, since_2000: bool) -> int:
    """Return the last two digits of a national number from its first nine."""
    number = int(base) + (_SINCE_2000 if since_2000 else 0)
    return _MODULUS - number % _MODULUS


def is_niss(niss: str) -> bool:
    """Say whether eleven digits are a national number of either century."""
    if len(niss) != _NISS or not (niss.isascii() and niss.isdigit()):
        return False
    base, key = niss[:_NISS_BASE], int(niss[_NISS_BASE:])
    return any(niss_key(base, since_2000=which) == key for which in (False, True))


def may_name_patient(text: str) -> bool:
    """Say whether a text may hold a national number, or most of one that was cut.

    Nine digits in a row may, unless they are one digit or a provider's number.
    """
    for digits in _LONG.findall(text):
        ends = [digits[at : at + _NISS] for at in range(len(digits) - _NISS + 1)]
        known = len(set(digits)) == 1 or any(map(is_nihii, ends))
        if not known or any(map(is_niss, ends)):
            return True
    return False


def nihii_key(base: str) -> int:
    """Return digits 7 and 8 of a provider's number from its first six."""
    return _MODULUS - int(base) % _MODULUS


def is_nihii(nihii: str) -> bool:
    """Say whether eleven digits are a provider's number.

    The last three tell its competence and are not covered by the key.  Numbers
    handed out where those of the modulus 97 had run out go by another one.
    """
    if len(nihii) != _NISS or not (nihii.isascii() and nihii.isdigit()):
        return False
    base, key = int(nihii[:_NIHII_BASE]), int(nihii[_NIHII_BASE:_NIHII_KEY])
    return any(modulus - base % modulus == key for modulus in NIHII_MODULI)


def iban_check(country: str, account: str) -> str:
    """Return the two check digits of an IBAN."""
    return f"{98 - int(_spelt(account + country + '00')) % _MODULUS:02}"


def is_iban(iban: str) -> bool:
    """Say whether a text is an IBAN whose check digits fit."""
    if not _IBAN_LEAST <= len(iban) <= _IBAN_MOST or not iban.isascii():
        return False
    if not iban.isalnum() or not iban[:2].isalpha() or not iban[2:4].isdigit():
        return False
    return int(_spelt(iban[4:] + iban[:4])) % _MODULUS == 1


def _spelt(text: str) -> str:
    """Return a text with each letter turned into its number, A = 10."""
    return "".join(str(int(character, 36)) for character in text)

"""One field of a fixed-length record: its place, its class and its meaning.

Numbers stand right-justified and zero-filled, texts left-justified and
blank-filled, both in Latin-1; a signed number begins with its sign.  What
surprises: a numeric field that need not be filled may be blank as well as
zero, because both are met in practice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final

from attrs import field, frozen

_CENTURY = 80  # years 00-79 are read as 2000-2079, 80-99 as 1980-1999
_MONTHS = 12
_BEYOND_ASCII: Final = "\x80"  # what begins here is text in other code pages
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOT_DIGIT = re.compile(r"[^0-9]")
_SIGNED = re.compile(r"[+-][0-9]+")


@frozen(kw_only=True, eq=False)
class Field:
    """One field: where it stands, of which class it is and what its codes mean.

    `start` counts from 1.  `kind` is N (digits), S (a sign, then digits) or A
    (text); `presence` is O (mandatory), F (free), FO (where a condition holds)
    or I (it depends).  `decimals` are the implied ones; `form` is how a date or
    a part of one is written; `const` is the only value allowed, or "".  `zone` is
    the number by which payers name the field, where they number their fields.
    `private` marks what identifies a patient: no message repeats its value,
    and a birth date is not judged, since lunar dates are in use.
    """

    name: str
    start: int
    length: int
    kind: str
    presence: str
    title: str
    decimals: int = 0
    form: str = ""
    const: str = ""
    zone: str = ""
    private: bool = False
    meanings: Mapping[str, str] = field(factory=dict)

    @property
    def is_date(self) -> bool:
        """Whether the field holds a day."""
        return self.form in {"YYMMDD", "YYYYMMDD"}

    @property
    def end(self) -> int:
        """Last position, counted from 1."""
        return self.start + self.length - 1

    def raw(self, record: bytes) -> str:
        """Return the field as it stands; shorter or empty where the record ends."""
        return record[self.start - 1 : self.end].decode("latin-1")

    def pack(self, value: str | int) -> bytes:
        """Return `value` padded to the width; raises ValueError if it cannot be."""
        text = self._signed(value) if self.kind == "S" else str(value)
        if len(text) > self.length:
            raise ValueError(
                f"{self.name}: {len(text)} characters do not fit; "
                f"the width is {self.length}"
            )
        if self.kind == "N" and _NOT_DIGIT.search(text):
            raise ValueError(
                f"{self.name}: not only digits; a number of width {self.length} is"
                " expected"
            )
        try:
            packed = text.encode("latin-1")
        except UnicodeEncodeError:
            raise ValueError(
                f"{self.name}: holds a character outside Latin-1"
            ) from None
        if self.kind == "A":
            return packed.ljust(self.length)
        return packed.zfill(self.length)  # zeros go between a sign and its digits

    def _signed(self, value: str | int) -> str:
        text = f"{value:+}" if isinstance(value, int) else value or "+0"
        if not _SIGNED.fullmatch(text):
            raise ValueError(
                f"{self.name}: a sign and digits are expected, {self.length} characters"
            )
        return text

    def meaning(self, value: str) -> str:
        """Say what a value means: a code's words, an ISO date, a decimal number."""
        known = self.meanings.get(value.strip())
        if known is not None:
            return known
        if self.form:
            return FORMS[self.form](value)
        sign, digits = "", value
        if self.kind == "S":
            sign, digits = value[:1].replace("+", ""), value[1:]
        if self.decimals and digits.isascii() and digits.isdigit():
            digits = digits.lstrip("0").rjust(self.decimals + 1, "0")
            return f"{sign}{digits[: -self.decimals]}.{digits[-self.decimals :]}"
        return ""

    def faults(self, record: bytes) -> Iterator[tuple[str, str]]:
        """Yield code and message of everything wrong with the field."""
        value = self.raw(record)
        if len(value) < self.length:
            yield "cut", f"the record ends before {self._place()}"
        elif self.const:
            if value != self.const.ljust(self.length):
                yield "constant", f"is {value!r}; {self.const!r} is expected"
        elif not value.strip(" "):
            if self.presence == "O":
                yield "missing", f"is blank; {self._wanted()} is expected"
        elif self.kind != "A":
            yield from self._number_faults(value)
        elif found := _CONTROL.search(value):
            words = (
                f"holds the control character {found[0]!r} "
                f"at position {self.start + found.start()}; text is expected"
            )
            if found[0] >= _BEYOND_ASCII:
                words += "; accents seem to be in a DOS or Windows code page, export "
                words += "the file in Latin-1"
            yield "control", words

    def _number_faults(self, value: str) -> Iterator[tuple[str, str]]:
        if self.kind == "S" and value[0] not in "+-":
            yield "sign", f"begins with {value[0]!r}; + or - is expected"
        elif found := _NOT_DIGIT.search(value, self.kind == "S"):
            yield (
                "digits",
                f"holds {found[0]!r} at position {self.start + found.start()}; "
                f"{self._wanted()} is expected",
            )
        elif not self.form or self.private or FORMS[self.form](value):
            return
        elif value.strip("0"):
            yield "date", f"{value} is no date; {self.form} is expected"
        elif self.presence == "O":
            yield "missing", f"is zero; {self._wanted()} is expected"

    def _place(self) -> str:
        return f"positions {self.start}-{self.end}"

    def _wanted(self) -> str:
        if self.form:
            return f"a date {self.form}"
        if self.kind == "S":
            return f"a sign and {self.length - 1} digits"
        if self.kind == "N":
            return f"a number of {self.length} digits filled with zeros"
        return "a value"


def iso_date(yymmdd: str) -> str:
    """Turn YYMMDD into an ISO date; "" if it is none."""
    if len(yymmdd) != len("YYMMDD") or not _digits(yymmdd):
        return ""
    year, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    try:
        return date(year + (2000 if year < _CENTURY else 1900), month, day).isoformat()
    except ValueError:
        return ""


def iso_day(yyyymmdd: str) -> str:
    """Turn YYYYMMDD into an ISO date; "" if it is none."""
    if len(yyyymmdd) != len("YYYYMMDD") or not _digits(yyyymmdd):
        return ""
    year, month, day = int(yyyymmdd[:4]), int(yyyymmdd[4:6]), int(yyyymmdd[6:])
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def _iso_month(yyyymm: str) -> str:
    if len(yyyymm) != len("YYYYMM") or not _digits(yyyymm) or not int(yyyymm[:4]):
        return ""
    return f"{yyyymm[:4]}-{yyyymm[4:]}" if _month(yyyymm[4:]) else ""


def _year(five: str) -> str:
    right = len(five) == len("0YYYY") and _digits(five) and five[0] == "0"
    return five[1:] if right and int(five) else ""


def _month(mm: str) -> str:
    right = len(mm) == len("MM") and _digits(mm) and 0 < int(mm) <= _MONTHS
    return mm if right else ""


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "YYMMDD": iso_date,
    "YYYYMMDD": iso_day,
    "YYYYMM": _iso_month,
    "0YYYY": _year,
    "MM": _month,
}
"""How days and parts of them are written, and what turns them into ISO texts."""

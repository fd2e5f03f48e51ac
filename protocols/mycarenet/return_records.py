"""What one returned record says: whose line it is, its codes, what was accepted.

A payer returns a record as it was sent and puts its word after it (positions
351-800, belgium.md 2.2).  How payers fill what says nothing differs: zeros,
blanks, ones and nines; so everything here is told from what can be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from attrs import frozen

from protocols.mycarenet.codes import REFUSING, severity_of
from protocols.mycarenet.return_message import ReturnRecord
from protocols.record_fields import iso_day
from protocols.records import Layout, load_layouts

START, INVOICE, CLOSE, END = "10", "20", "80", "90"
LINES: Final = frozenset({"30", "40", "50", "51", "52"})
PRICED: Final = frozenset({"30", "40", "50"})
"""Lines that ask an amount; 51 and 52 go with the line before them."""
SENT_KINDS: Final = LINES | {START, INVOICE, CLOSE, END}

_SLOTS: Final = 3
_AMOUNT: Final = re.compile(r"[+-][0-9]{11}")
_CODE: Final = re.compile(r"[0-9A-Z]{6}")
_LEFT_OUT: Final = re.compile(r"0*(?:1*|9*)")
_ASKED: Final = ("insurer_amount_a", "insurer_amount_b")
_ACCEPTED: Final = ("accepted_a", "accepted_b")
_FILLERS: Final = frozenset({"", "000000", "0000", "111111", "999999"})


class Code(NamedTuple):
    """One code of a record: its letter (or ""), and its six characters."""

    letter: str
    number: str

    def __str__(self) -> str:
        return self.letter + self.number

    @property
    def refuses(self) -> bool:
        """Whether it refuses anything; without a letter, what the code is known for."""
        return (self.letter or severity_of(self.number)) in REFUSING


@frozen(kw_only=True)
class Returned:
    """A record that was read.

    `order` is its number in the sending, 0 if it cannot be read.  `accepted` is
    None where the payer does not tell it; `spoilt` are amounts of record 80 that
    cannot be read, by name.  `odd` are slots that hold no code.
    """

    number: int
    kind: str
    order: int
    codes: tuple[Code, ...] = ()
    odd: tuple[str, ...] = ()
    spoilt: tuple[str, ...] = ()
    comment: str = ""
    patient: str = ""
    invoice: str = ""
    mutuality: str = ""
    third_party: str = ""
    date: str = ""
    act: str = ""
    asked: int = 0
    accepted: int | None = None
    verdict_day: str = ""
    reference: str = ""
    corrects: tuple[str, str, str] = ("", "", "")  # sending, year and month, invoice

    @property
    def refused(self) -> int:
        """Cents of this line that are not paid, as far as can be told."""
        if self.accepted is not None:
            return self.asked - self.accepted
        return self.asked if any(code.refuses for code in self.codes) else 0


def read_record(record: ReturnRecord) -> Returned:
    """Read a record of one of SENT_KINDS; nothing is checked but its codes."""
    kind, content = record.kind, record.content
    sent, word = _sent(kind), _word()
    codes, odd = _codes(word, content)
    order = _text(sent, "order_number", content)
    priced = kind in PRICED
    asked = cents(_text(sent, "insurer_amount", content)) if priced else None
    accepted = cents(word["accepted_a"].raw(content)) if priced else None
    if kind in {CLOSE, END}:
        asked = _sum(sent, _ASKED, content)
    spoilt: tuple[str, ...] = ()
    if kind == CLOSE:
        accepted = _sum(word, _ACCEPTED, content)
        spoilt = (*_spoilt(sent, _ASKED, content), *_spoilt(word, _ACCEPTED, content))
    return Returned(
        number=record.number,
        kind=kind,
        order=int(order) if _digits(order) else 0,
        codes=codes,
        odd=odd,
        spoilt=spoilt,
        comment=word["comment"].raw(content).strip()
        if kind not in {START, END}
        else "",
        patient=_text(sent, "patient", content),
        invoice=_text(sent, "invoice_number", content),
        mutuality=_text(sent, "destination_mutuality", content),
        third_party=_text(sent, "third_party", content),
        date=iso_day(_text(sent, "first_date", content)),
        act=_text(sent, "code", content),
        asked=asked or 0,
        accepted=accepted,
        verdict_day=iso_day(word["error_date"].raw(content)) if kind == START else "",
        reference=_reference(word["error_reference_a"].raw(content)),
        corrects=_corrects(sent, content) if kind == INVOICE else ("", "", ""),
    )


def cents(text: str) -> int | None:
    """Read a signed amount; None where none stands there, whatever fills it up."""
    return int(text) if _AMOUNT.fullmatch(text) else None


def _codes(word: Layout, content: bytes) -> tuple[tuple[Code, ...], tuple[str, ...]]:
    """Read the three slots; what is neither empty nor a code comes apart."""
    codes, odd = [], []
    for letter, number in _slots(word, content):
        if number in _FILLERS:
            continue
        if _CODE.fullmatch(number) and (letter in " 0" or letter.isalpha()):
            codes.append(Code(letter.strip(" 0"), number))
        else:
            odd.append(letter + number)
    return tuple(codes), tuple(odd)


def _slots(word: Layout, content: bytes) -> Iterator[tuple[str, str]]:
    for slot in range(1, _SLOTS + 1):
        letter = word[f"letter_{slot}"].raw(content)
        yield letter, word[f"code_{slot}"].raw(content).strip()


def _sum(layout: Layout, names: tuple[str, ...], content: bytes) -> int | None:
    found = [cents(layout[name].raw(content)) for name in names]
    told = [each for each in found if each is not None]
    return sum(told) if told else None


def _spoilt(layout: Layout, names: tuple[str, ...], content: bytes) -> tuple[str, ...]:
    """Name the amounts that are neither one nor left out."""
    raw = {name: layout[name].raw(content).strip() for name in names}
    return tuple(
        name
        for name, text in raw.items()
        if not _AMOUNT.fullmatch(text) and not _LEFT_OUT.fullmatch(text)
    )


def _corrects(sent: Layout, content: bytes) -> tuple[str, str, str]:
    """Tell which invoice of an earlier sending this one corrects, if any."""
    sending = _text(sent, "previous_sending", content)
    month = _text(sent, "previous_year_month", content)
    if not sending.strip("0"):
        return "", "", ""
    return sending, month, _text(sent, "previous_invoice", content)


def _reference(text: str) -> str:
    """Return a payer's reference of 22 characters; "" where only filler stands."""
    text = text.strip()
    return "" if len(set(text.lstrip("0"))) < 2 else text  # noqa: PLR2004


def _text(layout: Layout, name: str, content: bytes) -> str:
    field = layout.by_name.get(name)
    return field.raw(content).strip() if field is not None else ""


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


@cache
def _sent(kind: str) -> Layout:
    layouts = load_layouts("efact")
    return layouts.get(kind) or layouts["50"]  # no layout of a record 40 is public


@cache
def _word() -> Layout:
    return load_layouts("efact_returns")["error"]

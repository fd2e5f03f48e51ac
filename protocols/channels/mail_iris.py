"""The IRIS B2 profile: what a billing file's mail to a French fund says of it.

The fund's address, the subject and the mail's stamp follow from the file alone, its
name and its first record; so the same file always makes the same mail, whichever
node sends it and however often.  The stamp has the form of a moment; its day is the
file's, and the rest is its number, not the time of sending: a fund that gets a mail
twice recognises it, and two files of one day never have the same.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import BinaryIO, Final

from attrs import frozen

from protocols.channels.naming import checked_name
from protocols.errors import TransferError

SUBJECT: Final = re.compile(
    r"(IR|CP)(?P<code>[^/]{0,6})/(?P<emitter>[^/]{14})/(?P<stamp>\d{19})/(?P<invoices>\d{5})"
)
"""Both forms of a subject: with the code of the software (6 characters), and without."""

_NAME: Final = re.compile(
    r"B2(?P<regime>\d{2})(?P<organism>\d{3})(?P<number>\d{6})"
    r"\.(?P<day>\d{4}-\d{2}-\d{2})\.b2"
)
_RECORD: Final = 128
_EMITTER, _RECIPIENT = slice(5, 19), slice(27, 41)
_REGIME, _ORGANISM = slice(6, 8), slice(11, 14)
_INVOICE_END: Final = b"5"
_MOST_INVOICES: Final = 99_999
_SLOTS: Final = 8640  # for each of a million numbers, of a day in 1/100000 seconds
_FRACTIONS: Final = 100_000


@frozen(kw_only=True)
class Named:
    """What a file's name says: the fund, the file's number there, and its day."""

    regime: str
    organism: str
    number: int
    day: date

    def address(self, domain: str) -> str:
        """Return the fund's mail address, which its certificate bears too."""
        organism, regime = self.organism, self.regime
        return f"{regime}{organism}@{organism}.{regime}.{domain}"

    def stamp(self, ours: str) -> str:
        """Return the 19 digits that name the mail; `ours` is our own address."""
        maker = f"{ours} {self.regime} {self.organism}".encode()
        within = int.from_bytes(hashlib.sha256(maker).digest()[:8]) % _SLOTS
        seconds, fraction = divmod(self.number * _SLOTS + within, _FRACTIONS)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{self.day:%Y%m%d}{hour:02}{minute:02}{second:02}{fraction:05}"


@frozen(kw_only=True)
class Billing:
    """A billing file as its mail needs it."""

    content: bytes
    emitter: str
    invoices: int

    def subject(self, kind: str, code: str, stamp: str) -> str:
        """Return the subject; `code` is the software's, or empty."""
        return f"{kind}{code}/{self.emitter}/{stamp}/{self.invoices:05}"


def named(name: str) -> Named:
    """Read the name of a file for a fund; raises `TransferError`."""
    found = _NAME.fullmatch(checked_name(name))
    day = _day(found["day"]) if found else None
    if found is None or day is None:
        raise TransferError(
            f"file name {name!r} names no billing file for a fund; wanted"
            " B2<regime, 2 digits><organism, 3><number, 6>.<day>.b2, as the network"
            " sesam names its files: only such go by mail"
        )
    return Named(
        regime=found["regime"],
        organism=found["organism"],
        number=int(found["number"]),
        day=day,
    )


def billing(doing: str, fund: Named, body: BinaryIO, size: int) -> Billing:
    """Read a file that is the one the journal and its name speak of.

    Raises `TransferError` for another one; errors of `body` come as they are.
    """
    content = _read(body, size)
    if len(content) != size:
        raise TransferError(
            f"{doing}: the file to send has {'more than ' * (len(content) > size)}"
            f"{min(len(content), size)} bytes in place of {size}; nothing was handed"
            " over: verify the stored payload"
        )
    records = content.translate(None, b"\r\n")
    emitter = records[_EMITTER].decode("latin-1")
    recipient = records[_RECIPIENT].decode("latin-1")
    if not records.startswith(b"000") or not (emitter + recipient).isdecimal():
        raise TransferError(
            f"{doing}: the file does not begin with a record 000 that names its"
            " emitter (positions 6-19) and recipient (28-41) in digits; nothing was"
            " handed over"
        )
    if (recipient[_REGIME], recipient[_ORGANISM]) != (fund.regime, fund.organism):
        raise TransferError(
            f"{doing}: the file's record 000 is for regime {recipient[_REGIME]} and"
            f" organism {recipient[_ORGANISM]}, and its name says {fund.regime} and"
            f" {fund.organism}; nothing was handed over: mend regime and organism in"
            " the payer's rules"
        )
    starts = range(0, len(records), _RECORD)
    invoices = sum(records.startswith(_INVOICE_END, start) for start in starts)
    if not 1 <= invoices <= _MOST_INVOICES:
        raise TransferError(
            f"{doing}: the file holds {invoices} invoices (records 5), and a subject"
            f" has room for 1 to {_MOST_INVOICES}; nothing was handed over"
        )
    return Billing(content=content, emitter=emitter, invoices=invoices)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _read(body: BinaryIO, size: int) -> bytes:
    """Read a file of `size` bytes, and one byte more where there is one."""
    content = bytearray()
    while len(content) <= size and (block := body.read(size + 1 - len(content))):
        content += block
    return bytes(content)

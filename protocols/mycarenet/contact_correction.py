"""Puts the point of contact right in a sending, where the directory knows better.

A nurse's sending whose records 20 and 80 name another destination than her point of
contact is refused whole (the payer's FAQ on Refac).  Zone 18 is corrected, with the
check digits of these records and the mutuality of record 95, only where the
directory's table `contacts` says that the client agreed (`correct` is `yes`), and
only in a sending to one destination: of several nobody can say which is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from attrs import frozen

from protocols.mycarenet import contacts
from protocols.mycarenet.check_digits import record_check
from protocols.mycarenet.contacts import Contacts
from protocols.mycarenet.message_cut import RECORD
from protocols.records import load_layouts

AGREED: Final = "yes"
_LAYOUTS: Final = load_layouts("efact")
_INVOICE: Final = ("20", "80")
_AT_ONCE: Final = 1024 * RECORD


@frozen
class Correction:
    """One destination for another, in all invoices of a sending."""

    was: str
    now: str

    @property
    def words(self) -> str:
        """Say both, for the trace."""
        return (
            f"zone 18 of records 20 and 80, and record 95, name {self.now}, the "
            f"sender's point of contact, instead of {self.was}"
        )

    def apply(self, record: bytes) -> bytes:
        """Return a record with the destination corrected; others as they are."""
        kind = record[:2].decode("latin-1")
        name = "destination_mutuality" if kind in _INVOICE else "mutuality"
        if kind not in {*_INVOICE, "95"} or _value(record, name) != self.was:
            return record
        changed = _put(record, name, self.now)
        if kind == "95":
            return changed
        return _put(changed, "record_check", f"{record_check(changed):02}")


def correction(
    stream: BinaryIO,
    *,
    third_party: str,
    day: str,
    tables: Mapping[str, Sequence[Mapping[str, str]]],
) -> Correction | None:
    """Say what is to be corrected in a sending made on an ISO day; None: nothing.

    Reads the stream from behind the header to its end.
    """
    rows = [
        row for row in tables.get(contacts.TABLE, ()) if row.get("correct") == AGREED
    ]
    contact = Contacts(rows).contact_of(third_party, day)
    if not contact:
        return None
    named = {
        _value(record, "destination_mutuality")
        for record in records_of(stream)
        if record[:2].decode("latin-1") in _INVOICE
    }
    if len(named) != 1 or contact in named:
        return None
    return Correction(named.pop(), contact)


def records_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the records of a stream that stands behind a header."""
    while block := stream.read(_AT_ONCE):
        for at in range(0, len(block), RECORD):
            yield block[at : at + RECORD]


def _value(record: bytes, name: str) -> str:
    return _LAYOUTS[record[:2].decode("latin-1")][name].raw(record)


def _put(record: bytes, name: str, value: str) -> bytes:
    field = _LAYOUTS[record[:2].decode("latin-1")][name]
    return record[: field.start - 1] + field.pack(value) + record[field.end :]

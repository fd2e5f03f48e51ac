"""Puts the point of contact right in a sending, where the directory knows better.

A nurse's sending whose records 20 and 80 name another destination than her point of
contact is refused whole (the payer's FAQ on Refac).  Zone 18 is corrected, with the
check digits of these records, and the totals of its mutualities become one record 95,
only where the directory's table `contacts` says that the client agreed (`correct` is
`yes`), and only in a sending to the union of that contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from attrs import frozen

from protocols.mycarenet import contacts
from protocols.mycarenet.check_digits import record_check
from protocols.mycarenet.contacts import Contacts
from protocols.mycarenet.message_cut import RECORD
from protocols.records import load_layouts

_LAYOUTS: Final = load_layouts("efact")
_INVOICE: Final = (b"20", b"80")
_TOTAL: Final = b"95"
_DESTINATION: Final = "destination_mutuality"
_SUMS: Final = ("insurer_amount_a", "insurer_amount_b", "insurer_amount")
_MODULUS: Final = 97
_AT_ONCE: Final = 1024 * RECORD


@frozen
class Correction:
    """One destination for all invoices of a sending, and those that it had."""

    was: tuple[str, ...]
    now: str

    @property
    def words(self) -> str:
        """Say both, for the trace."""
        return (
            f"zone 18 of records 20 and 80, and record 95, name {self.now}, the "
            f"sender's point of contact, instead of {', '.join(self.was)}"
        )

    def apply(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the records of the corrected sending."""
        totals: list[bytes] = []
        for record in records:
            if record[:2] == _TOTAL:
                totals.append(record)
                continue
            if totals:
                yield self._total(totals)
                totals = []
            yield self._invoice(record) if record[:2] in _INVOICE else record
        if totals:
            yield self._total(totals)

    def _invoice(self, record: bytes) -> bytes:
        changed = _put(record, _DESTINATION, self.now)
        return _put(changed, "record_check", f"{record_check(changed):02}")

    def _total(self, records: Sequence[bytes]) -> bytes:
        """Add up the totals of the mutualities that were; check digits add up too."""
        made = _put(records[0], "mutuality", self.now)
        for name in _SUMS:
            made = _put_amount(made, name, sum(_amount(each, name) for each in records))
        counted = sum(int(_value(each, "records") or 0) for each in records)
        made = _put(made, "records", str(counted))
        check = sum(int(_value(each, "check") or 0) for each in records) % _MODULUS
        return _put(made, "check", f"{check or _MODULUS:02}")


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
    agreed = Contacts(tables.get(contacts.TABLE, ()), keep=contacts.is_corrected)
    contact = agreed.contact_of(third_party, day)
    if not contact:
        return None
    named = {
        _value(record, _DESTINATION)
        for record in records_of(stream)
        if record[:2] in _INVOICE
    }
    if named == {contact} or any(each[:1] != contact[:1] for each in named):
        return None
    return Correction(tuple(sorted(named - {contact})), contact)


def records_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the records of a stream that stands behind a header."""
    while block := stream.read(_AT_ONCE):
        for at in range(0, len(block), RECORD):
            yield block[at : at + RECORD]


def _value(record: bytes, name: str) -> str:
    return _LAYOUTS[record[:2].decode("latin-1")][name].raw(record).strip()


def _put(record: bytes, name: str, value: str) -> bytes:
    field = _LAYOUTS[record[:2].decode("latin-1")][name]
    return record[: field.start - 1] + field.pack(value) + record[field.end :]


def _amount(record: bytes, name: str) -> int:
    return int(_value(record, name) or 0)


def _put_amount(record: bytes, name: str, cents: int) -> bytes:
    field = _LAYOUTS[record[:2].decode("latin-1")][name]
    sign = "-" if cents < 0 else "+"
    return _put(record, name, f"{sign}{abs(cents):0{field.length - 1}}")

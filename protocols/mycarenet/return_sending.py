"""A billing sending as the payer who answers it sees it: records as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from attrs import frozen

from protocols.mycarenet.return_records import (
    CLOSE,
    INVOICE,
    PRICED,
    START,
)
from protocols.records import load_layouts

HEADER: Final = 227
RECORD: Final = 350
_SEGMENT: Final = 67
_TOTALS: Final = (b"95", b"96")
_AMOUNT: Final = re.compile(r"[+-][0-9]+")


class SentRecord(NamedTuple):
    """One record; `place` counts from 1 among the records 10 to 90."""

    place: int
    content: bytes

    @property
    def kind(self) -> str:
        """The two characters that say what the record is."""
        return self.content[:2].decode("latin-1")

    def field(self, name: str) -> str:
        """Return a field as it stands, without blanks around it."""
        layout = load_layouts("efact").get(self.kind)
        if layout is None or name not in layout.by_name:
            return ""
        return layout[name].raw(self.content).strip()

    def amount(self, name: str) -> int:
        """Return an amount in cents, 0 where none stands."""
        text = self.field(name)
        return int(text) if _AMOUNT.fullmatch(text) else 0


@frozen(kw_only=True)
class Sending:
    """One message 920000: its header, its records 10 to 90, its totals 95 and 96."""

    header: bytes
    records: Sequence[SentRecord]
    totals: Sequence[bytes]

    def head(self, name: str) -> str:
        """Return a field of the header as it stands, without blanks around it."""
        layouts = load_layouts("efact")
        for layout, segment in (
            (layouts["200"], self.header[:_SEGMENT]),
            (layouts["300"], self.header[_SEGMENT:]),
        ):
            if name in layout.by_name:
                return layout[name].raw(segment).strip()
        raise KeyError(name)

    @property
    def third_party(self) -> str:
        """The third-party payer, 12 characters."""
        start = next((each for each in self.records if each.kind == START), None)
        return start.field("third_party") if start is not None else ""

    @property
    def destination(self) -> str:
        """The mutuality that the first invoice is meant for."""
        for each in self.records:
            if each.kind == INVOICE:
                return each.field("destination_mutuality")
        return ""

    def invoices(self) -> Iterator[list[SentRecord]]:
        """Yield the records of each invoice, from its 20 to its 80."""
        invoice: list[SentRecord] = []
        for record in self.records:
            if record.kind == INVOICE:
                invoice = [record]
            elif invoice:
                invoice.append(record)
                if record.kind == CLOSE:
                    yield invoice
                    invoice = []


def read_sending(content: bytes) -> Sending:
    """Cut a valid message 920000 into its parts; line breaks behind it are left out."""
    content = content.rstrip(b"\r\n")
    body = content[HEADER:]
    pieces = [body[at : at + RECORD] for at in range(0, len(body), RECORD)]
    records = [each for each in pieces if each[:2] not in _TOTALS]
    return Sending(
        header=content[:HEADER],
        records=[SentRecord(place, each) for place, each in enumerate(records, 1)],
        totals=[each for each in pieces if each[:2] in _TOTALS],
    )


def is_priced(record: SentRecord) -> bool:
    """Say whether a record asks an amount."""
    return record.kind in PRICED

"""The records behind a thing, for people: a screen of them, and its raw bytes.

Of a lot and an invoice only their own records are read, with what stands at the lot's
head; of a large file the first ones, a screen at a time.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO, Final

from attrs import evolve, frozen
from sqlalchemy import Connection, select

from gateway.database import Database
from gateway.journal import schema
from gateway.journal.trace import CLAIM, DEPOSIT, DISPATCH, LOT, RETURN, Found
from gateway.storage.payloads import Payloads
from gateway.storage.slice import Slice
from protocols.catalog import Catalog
from protocols.interface import Network
from protocols.shown import RecordShown

SCREEN: Final = 20
DEEPEST: Final = 5000
"""Records of one file that are shown; whoever wants more takes the bytes."""
DOCUMENT: Final = "a supporting document: an image, which has no records"
"""What is said in place of the records of one."""
_HEAD: Final = 4096
_LARGEST_HEAD: Final = 1_000_000  # bytes of a lot before its first invoice


@frozen(kw_only=True)
class Source:
    """Where the bytes of a thing stand: from `start` on in a payload.

    `format` is empty where nobody has said it yet.  `first` is the number in the file
    of its first record; what stands at a lot's head comes before an invoice's own.
    """

    payload: str
    start: int
    size: int
    filename: str
    network: str
    format: str
    first: int = 1
    head_start: int = 0
    head_size: int = 0
    head_first: int = 1
    head_records: int = 0


@frozen(kw_only=True)
class Records:
    """A screen of records; `format` is None where the file is in none that is known."""

    format: str | None
    title: str
    records: tuple[RecordShown, ...]
    after: int
    more: bool


def source(connection: Connection, found: Found) -> Source | None:
    """Find where the bytes of a thing are; None where there are none (yet)."""
    if found.kind in {LOT, CLAIM}:
        return _of_lot(connection, found)
    if found.kind == DEPOSIT:
        table, name = schema.deposit, schema.deposit.c.filename
        size = table.c.size
    elif found.kind == DISPATCH:
        table, name = schema.dispatch, schema.dispatch.c.filename
        size = table.c.size
    elif found.kind == RETURN:
        table, name = schema.payer_return, schema.payer_return.c.remote_name
        size = schema.payload.c.size
    else:
        return None
    payload = schema.payload
    query = (
        select(table, name.label("its_name"), size.label("its_size"))
        .join(payload, payload.c.id == table.c.payload_id)
        .where(table.c.id == found.id)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return Source(
        payload=row.payload_id,
        start=0,
        size=row.its_size,
        filename=row.its_name or found.id,
        network=row.network,
        format="" if found.kind == DISPATCH else row.format,
    )


def read(
    database: Database,
    payloads: Payloads,
    catalog: Catalog,
    networks: Mapping[str, Network],
    of: Source,
    after: int,
) -> Records:
    """Read a screen of records behind the first `after`; blocking."""
    stream = open_records(database, payloads, of)
    with stream:
        network, format = networks.get(of.network), of.format
        if network is None or not format:
            recognised = catalog.recognise(stream.read(_HEAD))
            stream.seek(0)
            if recognised is None:
                return Records(format=None, title="", records=(), after=0, more=False)
            network, format = recognised
        if network.attachments is not None and format == network.attachments.format:
            return Records(
                format=format, title=DOCUMENT, records=(), after=0, more=False
            )
        records = islice(network.show(stream, format), after, after + SCREEN + 1)
        shown = list(_numbered(records, of))
    return Records(
        format=format,
        title=network.titles.get(format, ""),
        records=tuple(shown[:SCREEN]),
        after=after,
        more=len(shown) > SCREEN,
    )


def open_bytes(database: Database, payloads: Payloads, of: Source) -> BinaryIO:
    """Open exactly the bytes of a thing."""
    whole = database.read(payloads.open, of.payload)
    return io.BufferedReader(Slice(whole, of.start, of.size))


def open_records(database: Database, payloads: Payloads, of: Source) -> BinaryIO:
    """Open the bytes that are shown: an invoice's behind those of its lot's head."""
    stream = open_bytes(database, payloads, of)
    if not of.head_size:
        return stream
    with stream, database.read(payloads.open, of.payload) as whole:
        whole.seek(of.head_start)
        return io.BytesIO(whole.read(of.head_size) + stream.read())


def _of_lot(connection: Connection, found: Found) -> Source | None:
    lot, deposit = schema.lot, schema.deposit
    row = connection.execute(
        select(lot, deposit.c.payload_id, deposit.c.format, deposit.c.filename)
        .join(deposit, deposit.c.id == lot.c.deposit_id)
        .where(lot.c.id == found.id)
    ).first()
    if row is None:
        return None
    whole = Source(
        payload=row.payload_id,
        start=row.offset,
        size=row.length,
        filename=f"{row.number}-{row.filename}",
        network=row.network,
        format=row.format,
        first=row.record,
    )
    return whole if found.seq is None else _of_claim(connection, found, row, whole)


def _of_claim(
    connection: Connection, found: Found, lot: Any, whole: Source
) -> Source | None:
    claim = schema.claim
    rows = connection.execute(
        select(
            claim.c.seq, claim.c.number, claim.c.record, claim.c.offset, claim.c.length
        )
        .where(claim.c.lot_id == (lot.part_of or found.id))
        .order_by(claim.c.seq)
        .limit(1)
    ).all()
    mine = connection.execute(
        select(claim).where(claim.c.lot_id == found.id, claim.c.seq == found.seq)
    ).first()
    if mine is None or not rows:
        return None
    first = rows[0]
    head = max(0, first.offset - lot.offset)
    own = evolve(
        whole,
        start=mine.offset,
        size=mine.length,
        filename=f"{mine.number}-{whole.filename}",
        first=mine.record,
    )
    if head > _LARGEST_HEAD:
        return own
    return evolve(
        own,
        head_start=lot.offset,
        head_size=head,
        head_first=lot.record,
        head_records=max(0, first.record - lot.record),
    )


def _numbered(records: Iterator[RecordShown], of: Source) -> Iterator[RecordShown]:
    """Give records their numbers in the whole file; headers keep their 0."""
    for each in records:
        if not each.record:
            yield each
        elif each.record <= of.head_records:
            yield evolve(each, record=of.head_first + each.record - 1)
        else:
            yield evolve(each, record=of.first + each.record - of.head_records - 1)

"""Valid B2 files made by the project's own maker, and ways to spoil them."""

from __future__ import annotations

import io
import random

from protocols.records import load_layouts
from protocols.sesam.reader import read
from protocols.sesam.sample_maker import make_file, make_sender
from routing.envelope import LotSeen, Problem, Summary

RECORD = 128
DAY = "2026-11-02"


def b2_file(
    *,
    lots: int = 3,
    invoices: int = 3,
    norm: str = "FR",
    seed: int = 1,
    line_end: bytes = b"",
) -> bytes:
    """Make a valid file; the same arguments give the same bytes."""
    rng = random.Random(seed)
    return make_file(
        rng,
        sender=make_sender(rng),
        lots=lots,
        invoices_per_lot=invoices,
        day=DAY,
        norm=norm,
        line_end=line_end,
    )


def read_all(data: bytes, *, block: int = 1 << 20) -> tuple[list[LotSeen], Summary]:
    """Read a whole file."""
    reading = read(io.BytesIO(data), block=block)
    lots = list(reading.lots())
    return lots, reading.summary()


def problems_of(data: bytes) -> list[Problem]:
    """Return every problem of a file, of lots and file alike."""
    lots, summary = read_all(data)
    return [*summary.problems, *(each for lot in lots for each in lot.problems)]


def codes_of(data: bytes) -> set[str]:
    """Return the codes of everything wrong in a file."""
    return {each.code for each in problems_of(data)}


def records_of(data: bytes) -> list[bytes]:
    """Cut a file without line ends into records."""
    return [data[at : at + RECORD] for at in range(0, len(data), RECORD)]


def kind_at(data: bytes, number: int) -> str:
    """Return the first character of a record, counted from 1."""
    return chr(data[(number - 1) * RECORD])


def numbers_of_kind(data: bytes, start: bytes) -> list[int]:
    """Return the numbers of the records that begin so."""
    return [
        number
        for number, record in enumerate(records_of(data), 1)
        if record.startswith(start)
    ]


def with_field(
    data: bytes, number: int, kind: str, name: str, value: str | int
) -> bytes:
    """Change one field of one record."""
    field = load_layouts("b2")[kind][name]
    at = (number - 1) * RECORD + field.start - 1
    return data[:at] + field.pack(value) + data[at + field.length :]

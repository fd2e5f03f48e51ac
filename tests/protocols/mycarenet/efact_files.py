"""A small valid sending, and ways to change one thing in it.

Its records: 1 is the 10, 2-7 the first invoice (20, 50, 52, 50, 52, 80), 8-13 the
second, 14 the 90, 15 and 16 the 95 of two mutualities, 17 the 96.
"""

from __future__ import annotations

import io
from functools import cache
from random import Random

from protocols.mycarenet.check_digits import record_check
from protocols.mycarenet.reader import read
from protocols.mycarenet.sample_maker import (
    SendingFacts,
    make_sending,
    make_third_party,
)
from protocols.records import load_layouts
from routing.envelope import LotSeen, Problem, Severity, Summary

HEADER, RECORD = 227, 350
LAYOUTS = load_layouts("efact")
_UNCHECKED = (b"95", b"96")


@cache
def sending(
    *, invoices: int = 2, lines: int = 2, union: str = "300", seed: int = 7
) -> bytes:
    """Return a valid sending; the same arguments, the same bytes."""
    rng = Random(seed)
    facts = SendingFacts(
        union=union,
        third_party=make_third_party(rng),
        reference="20261102000417",
        sending_number=17,
        day="2026-11-02",
        invoices=invoices,
        lines=lines,
    )
    return make_sending(rng, facts)


def parts(content: bytes) -> list[bytes]:
    """Return the header and the records of one message."""
    records = [content[at : at + RECORD] for at in range(HEADER, len(content), RECORD)]
    return [content[:HEADER], *records]


def sealed(record: bytes) -> bytes:
    """Return a record with its check digits made anew."""
    if record[:2] in _UNCHECKED:
        return record
    return record[:348] + f"{record_check(record):02}".encode()


def put(content: bytes, record: int, field: str, value: str) -> bytes:
    """Return a message with a field of a record (from 1) overwritten as it stands."""
    cut = parts(content)
    each = LAYOUTS[cut[record][:2].decode()][field]
    assert len(value) == each.length
    raw = value.encode("latin-1")
    changed = cut[record][: each.start - 1] + raw + cut[record][each.end :]
    cut[record] = sealed(changed)
    return b"".join(cut)


def head(content: bytes, field: str, value: str) -> bytes:
    """Return a message with a field of its header overwritten as it stands."""
    first = LAYOUTS["200"]
    behind = 0 if field in first.by_name else first.length
    each = (LAYOUTS["300"] if behind else first)[field]
    assert len(value) == each.length
    at = behind + each.start - 1
    return content[:at] + value.encode("latin-1") + content[at + each.length :]


def numbered(records: list[bytes]) -> list[bytes]:
    """Return records with order numbers and check digits made anew."""
    return [
        each
        if each[:2] in _UNCHECKED
        else sealed(each[:2] + b"%06d" % order + each[8:])
        for order, each in enumerate(records, 1)
    ]


def seen(content: bytes, block: int = 4 << 20) -> tuple[list[LotSeen], Summary]:
    """Read a whole file."""
    reading = read(io.BytesIO(content), block=block)
    return list(reading.lots()), reading.summary()


def problems(content: bytes) -> list[Problem]:
    """Return every problem of a file that is told."""
    lots, summary = seen(content)
    return [*(each for lot in lots for each in lot.problems), *summary.problems]


def codes(content: bytes) -> set[str]:
    """Return the codes of a file's errors."""
    return {each.code for each in problems(content) if each.severity is Severity.ERROR}

"""Cutting what is not regular: the same records however the bytes come, each byte once."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sesam.b2_cut import Cutter
from protocols.sesam.reader import validate
from tests.protocols.sesam.b2_files import RECORD, b2_file, read_all

FILE = b2_file(lots=4)
JUNK = random.Random(9).randbytes(len(FILE))
NEAR = 4 * RECORD  # what is held back until more is known


def cut(data: bytes, stops: list[int]) -> tuple[Cutter, int]:
    """Cut data that come in pieces; say how many bytes were looked at for it."""
    buffer = np.frombuffer(data + bytes(RECORD), np.uint8)
    cutter, looked_at = Cutter(b""), 0
    for stop in [*sorted(stops), len(data)]:
        looked_at += stop - cutter.at
        cutter.cut(buffer, stop, ended=False)
    looked_at += len(data) - cutter.at
    cutter.cut(buffer, len(data), ended=True)
    return cutter, looked_at


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(("lost", "junk", "mixed", "newlines")),
    stops=st.lists(st.integers(0, len(FILE)), max_size=5),
)
def test_pieces_are_cut_as_the_whole_is(kind: str, stops: list[int]) -> None:
    """Where blocks end decides nothing, and no byte is cut twice."""
    data = {
        "lost": FILE[:700] + FILE[701:],
        "junk": FILE[:640] + JUNK,
        "mixed": b"\r\n".join([FILE[:640], *FILE[640:].split(b"0000")]),
        "newlines": FILE[:640] + b"\n" * 3000 + FILE[640:],
    }[kind]
    stops = [min(each, len(data)) for each in stops]

    whole, _ = cut(data, [])
    parts, looked_at = cut(data, stops)

    assert parts.offsets == whole.offsets
    assert parts.lengths == whole.lengths
    assert looked_at <= len(data) + (len(stops) + 1) * (NEAR + RECORD)


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(random.Random(2).randbytes(4_000_000), id="random bytes"),
        pytest.param(b" " * 4_000_000 + b"X", id="blanks"),
        pytest.param(b"PK\x03\x04" * 1_000_000, id="archive"),
        pytest.param(b"some text\n" * 800_000, id="lines of text"),
    ],
)
def test_junk_is_not_read_to_its_end(junk: bytes) -> None:
    """A file that turns into junk is judged after some thousand records of it."""
    data = FILE[: 7 * RECORD] + junk

    lots, summary = read_all(data, block=1 << 18)
    judged = validate(io.BytesIO(data), block=1 << 18)

    assert "reading-stopped" in {each.code for each in summary.problems}
    assert "reading-stopped" in {each.code for each in judged.problems}
    assert summary.records < 450_000
    assert not any(lot.valid for lot in lots)
    assert summary.records == judged.records
    assert judged.errors == summary.errors


def test_line_ends_without_end_take_no_memory() -> None:
    """Only what may be a record is kept, however many line ends follow it."""
    data = FILE[: 7 * RECORD] + b"\n" * 200_000 + FILE[7 * RECORD :]

    lots, summary = read_all(data, block=1 << 16)

    assert summary.valid
    assert [lot.valid for lot in lots] == [True] * 4


def test_a_lot_start_with_utf8_is_told_from_the_next_record() -> None:
    """Two bytes too many in a lot's first record make no further record of it."""
    at = 26 + RECORD
    spoilt = FILE[:at] + "ÉÉ".encode() + FILE[at + 2 :]

    _, summary = read_all(spoilt)

    assert summary.records == len(FILE) // RECORD

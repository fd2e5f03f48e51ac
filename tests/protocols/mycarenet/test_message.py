"""A stream is cut into messages and records, whatever it holds."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.mycarenet.message import KINDS, Chunk, Messages

_HEADER = b"920000" + b"1" * 61 + b"202611" + b"x" * 154
_INVOICE = ("20", "50", "52", "80")


def _message(invoices: int = 1) -> bytes:
    kinds = ["10", *_INVOICE * invoices, "90"]
    records = [f"{kind}{order:06}" for order, kind in enumerate(kinds, 1)]
    filled = [each.encode().ljust(350, b"a") for each in records]
    totals = [each + b"0" * 21 + b"+" + b"a" * 326 for each in (b"95", b"96")]
    return b"".join([_HEADER, *filled, *totals])


def _chunks(content: bytes, block: int = 4 << 20) -> list[Chunk]:
    return list(Messages(io.BytesIO(content), block=block).chunks())


def _kinds(chunks: list[Chunk]) -> list[str]:
    return [KINDS[kind] for each in chunks for kind in each.kinds]


def test_a_message_is_a_header_and_its_records() -> None:
    (chunk,) = _chunks(_message())

    assert chunk.header == _HEADER
    assert _kinds([chunk]) == ["10", *_INVOICE, "90", "95", "96"]
    assert chunk.first == 1
    assert chunk.offsets.tolist() == [227 + 350 * which for which in range(8)]
    assert (chunk.opens, chunk.closes) == (True, True)
    assert not chunk.odd


@settings(max_examples=40)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(1, 9000))
def test_every_record_is_given_once_however_it_is_read(
    sizes: list[int], block: int
) -> None:
    """Several messages, small blocks: the records, their places and their numbers."""
    content = b"".join(_message(size) for size in sizes)

    chunks = _chunks(content, block)

    assert sum(each.opens for each in chunks) == len(sizes)
    assert sum(each.closes for each in chunks) == len(sizes)
    assert [each.message for each in chunks if each.opens] == [
        number for number, _ in enumerate(sizes, 1)
    ]
    for before, after in pairwise(chunks):
        assert after.first == before.first + len(before.rows)
    for each in chunks:
        assert not each.odd
        assert KINDS[each.kinds[-1]] in {"80", "90", "95", "96"}
        for row, offset in enumerate(each.offsets.tolist()):
            assert each.record(row) == content[offset : offset + 350]
    assert sum(len(each.rows) for each in chunks) == sum(4 * n + 4 for n in sizes)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\n\x1a", b"\n\n"])
def test_a_line_end_behind_the_last_record_is_told(end: bytes) -> None:
    messages = Messages(io.BytesIO(_message() + end + _message() + end))
    chunks = list(messages.chunks())

    assert messages.ended_line
    assert [len(each.rows) for each in chunks] == [8, 8]
    assert not any(each.odd or each.breaks for each in chunks)


def test_line_ends_between_records_are_told() -> None:
    content = _message()
    records = [content[at : at + 350] for at in range(227, len(content), 350)]

    (chunk,) = _chunks(_HEADER + b"\r\n".join(records))

    assert chunk.breaks == tuple(range(7))
    assert not chunk.odd


@pytest.mark.parametrize("lines", [1, 2, 59, 60, 61, 62, 120, 125])
def test_one_line_end_anywhere_is_told_once(lines: int) -> None:
    """Behind an invoice, wherever it ends in what is read at once."""
    kinds = ["10", "20", *["50"] * lines, "80", "20", "50", "80", "90"]
    records = [f"{kind}{order:06}" for order, kind in enumerate(kinds, 1)]
    filled = [each.encode().ljust(350, b"a") for each in records]
    end = lines + 3

    chunks = _chunks(_HEADER + b"".join(filled[:end]) + b"\n" + b"".join(filled[end:]))

    broken = [each.first + row for each in chunks for row in each.breaks]
    assert broken == [end]
    assert [each.record(row) for each in chunks for row in range(len(each.rows))] == (
        filled
    )


@pytest.mark.parametrize("record", range(8))
@pytest.mark.parametrize("change", [-300, -1, 1, 100])
def test_a_record_too_short_or_too_long_does_not_spoil_the_next(
    record: int, change: int
) -> None:
    """It alone is named, with its true length; the others stay what they were."""
    content = _message(2)
    end = 227 + 350 * (record + 1)
    if change < 0:
        broken = content[: end + change] + content[end:]
    else:
        broken = content[:end] + b"b" * change + content[end:]

    (chunk,) = _chunks(broken)

    assert chunk.odd == {record: 350 + change}
    assert _kinds([chunk]) == ["10", *_INVOICE * 2, "90", "95", "96"]


@pytest.mark.parametrize("change", [-40, -1, 1, 40])
def test_a_header_too_short_or_too_long_does_not_spoil_the_records(change: int) -> None:
    content = _message()
    header = _HEADER[: 227 + change] + b"x" * change

    (chunk,) = _chunks(header + content[227:])

    assert len(chunk.header) == 227 + change
    assert len(chunk.rows) == 8
    assert not chunk.odd


def test_a_message_cut_anywhere_is_read_to_its_end() -> None:
    content = _message()
    for size in range(0, len(content), 13):
        chunks = _chunks(content[:size])
        read = sum(chunk.end(row) - int(chunk.offsets[row]) for chunk in chunks
                   for row in range(len(chunk.rows)))  # fmt: skip
        assert read + sum(len(each.header) for each in chunks) == size


@settings(max_examples=40)
@given(st.binary(max_size=3000), st.integers(0, 3000))
def test_no_bytes_are_too_strange(junk: bytes, at: int) -> None:
    """Junk alone, or within a message: it ends, and all but line ends is given."""
    content = _message()
    for data in (junk, content[:at] + junk + content[at:]):
        chunks = _chunks(data)
        assert [each.closes for each in chunks if each.closes] == [
            True for each in chunks if each.opens
        ]


def test_nothing_gives_nothing() -> None:
    assert _chunks(b"") == []
    assert _chunks(b"\r\n\r\n") == []

"""Nothing that a file may hold stops the reader, and it is told what is wrong."""

from __future__ import annotations

import io
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.mycarenet.problems import KEPT, KEPT_IN_LOT, explain
from protocols.mycarenet.reader import read, validate
from tests.protocols.mycarenet.efact_files import (
    codes,
    parts,
    problems,
    put,
    seen,
    sending,
)

_GOOD = sending(invoices=3)


def spoil(content: bytes, rng: Random) -> bytes:
    """Return a file with one thing done to it: changed, cut, inserted, doubled."""
    at = rng.randrange(len(content))
    size = rng.choice((1, 1, 2, 10, 349, 350, 351, 700))
    junk = bytes(rng.choices(range(256), k=size))
    return rng.choice(
        (
            content[:at] + junk + content[at + size :],
            content[:at] + junk + content[at:],
            content[:at] + content[at + size :],
            content[:at] + content[at : at + size] * 2 + content[at + size :],
            content[:at],
            content[at:],
            content[:at] + rng.choice((b" ", b"0", b"\n", b"-")) + content[at + 1 :],
        )
    )


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(400, 9000))
def test_a_spoilt_file_is_read_to_its_end(seed: int, times: int, block: int) -> None:
    rng = Random(seed)
    content = _GOOD + sending(seed=9)
    for _ in range(times):
        content = spoil(content, rng)

    lots, summary = seen(content, block)

    assert summary.lots == len(lots)
    assert summary.claims == sum(len(lot.claims) for lot in lots)
    told = [each for lot in lots for each in lot.problems] + list(summary.problems)
    assert summary.errors + summary.warnings == len(told) or len(told) >= KEPT_IN_LOT
    assert all(explain(each.code) for each in told)
    assert validate(io.BytesIO(content)).errors == summary.errors


@settings(max_examples=30)
@given(st.binary(max_size=4000))
def test_junk_is_told_to_be_none(junk: bytes) -> None:
    lots, summary = seen(junk)

    assert not summary.valid or lots
    assert seen(b"920000" + junk)[1].records * 350 <= len(junk) + 6 + 349


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b"\r\n\r\n", "empty-file"),
        (b"PK\x03\x04 something else", "not-efact"),
        (b"\xef\xbb\xbf" + _GOOD, "utf8-mark"),
        (_GOOD[227:], "no-header"),
        (_GOOD[:200] + _GOOD[227:], "header-length"),
        (_GOOD[:100], "header-length"),
        (_GOOD[:227], "no-record"),
        (_GOOD[:2000], "record-length"),
        (_GOOD[:2000], "B900104"),
        (_GOOD[:1000] + b"X" + _GOOD[1000:], "record-length"),
    ],
)
def test_what_is_wrong_with_a_whole_file_is_named(content: bytes, code: str) -> None:
    assert code in codes(content)


def test_a_record_that_is_too_long_is_named_alone() -> None:
    """With its length, and with what may be the reason."""
    cut = parts(_GOOD)
    cut[3] = cut[3][:140] + "é".encode() + cut[3][141:]

    (found,) = problems(b"".join(cut))

    assert (found.record, found.code) == (3, "record-length")
    assert "has 351 characters" in found.message
    assert "UTF-8" in found.message


def test_line_ends_between_records_are_told_once() -> None:
    header, *records = parts(_GOOD)

    found = problems(header + b"\r\n".join(records) + b"\r\n")

    assert [each.code for each in found] == ["line-break", "line-end"]


def test_a_file_full_of_errors_is_told_by_its_first() -> None:
    """All are counted; a lot keeps its first ones, and no bad lot looks good."""
    content = sending(invoices=8, lines=3)
    cut = parts(content)
    bad = [cut[0], *(each[:348] + b"00" for each in cut[1:])]
    many = b"".join(bad) * 24

    lots, summary = seen(many)

    assert all(1 <= len(lot.problems) <= KEPT_IN_LOT for lot in lots)
    assert not any(lot.valid for lot in lots)
    assert sum(len(lot.problems) for lot in lots) <= KEPT + len(lots)
    assert summary.errors > 1_500


def test_reading_stops_where_records_have_long_ended() -> None:
    junk = bytes(Random(1).choices(b"XYZ ", k=350)) * 40_000

    summary = validate(io.BytesIO(_GOOD + junk))

    assert "reading-stopped" in {each.code for each in summary.problems}
    assert summary.records < 40_000


def test_a_record_21_or_40_is_let_through() -> None:
    """Their layouts are not publicly known; what they share with others is checked."""
    cut = parts(sending(invoices=1, lines=1))
    for kind in (b"21", b"40"):
        records = list(cut)
        records[4] = kind + records[4][2:]
        found = {each.code for each in problems(b"".join(records))}
        assert "unknown-record" not in found
        assert f"B{kind.decode()}9902" in found


def test_a_lot_that_is_never_closed_is_still_given() -> None:
    """A file that was cut off gives the invoices that are whole, and is no good."""
    (lot,), summary = seen(_GOOD[: 227 + 350 * 9])

    assert len(lot.claims) == 2
    assert not lot.valid
    assert not summary.valid


def test_a_reading_gives_its_lots_once() -> None:
    reading = read(io.BytesIO(put(_GOOD, 2, "sex", "X")))

    assert len(list(reading.lots())) == 1
    assert not reading.summary().valid

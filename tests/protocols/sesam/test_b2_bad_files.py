"""Bad B2 files of every kind: named by record, never raised, never spreading."""

from __future__ import annotations

import gzip
import io
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sesam.b2_show import show
from protocols.sesam.checks import KEPT, KEPT_IN_LOT, PROBLEMS
from protocols.sesam.reader import validate
from tests.protocols.sesam.b2_files import (
    RECORD,
    b2_file,
    codes_of,
    kind_at,
    numbers_of_kind,
    problems_of,
    read_all,
    records_of,
)

FILE = b2_file()
STAYS = b2_file(norm="CP")
LINES = b2_file(line_end=b"\r\n")


@settings(max_examples=150, deadline=None)
@given(
    data=st.sampled_from((FILE, STAYS, LINES)),
    where=st.floats(0, 1, exclude_max=True),
    how=st.sampled_from(("change", "cut", "insert", "end here", "begin here")),
    byte=st.integers(0, 255),
    block=st.sampled_from((256, 1000, 1 << 20)),
)
def test_no_damage_raises_and_every_problem_names_its_record(
    data: bytes, where: float, how: str, byte: int, block: int
) -> None:
    """One byte changed, lost or added anywhere is survived and placed."""
    at = int(where * len(data))
    spoilt = {
        "change": data[:at] + bytes([byte]) + data[at + 1 :],
        "cut": data[:at] + data[at + 1 :],
        "insert": data[:at] + bytes([byte]) + data[at:],
        "end here": data[:at],
        "begin here": data[at:],
    }[how]

    lots, summary = read_all(spoilt, block=block)
    found = [*summary.problems, *(each for lot in lots for each in lot.problems)]

    assert all(each.record is None or each.record >= 1 for each in found)
    assert all(each.code in PROBLEMS and each.message for each in found)
    assert len(found) <= summary.errors + summary.warnings
    if all(len(lot.problems) < KEPT_IN_LOT for lot in lots):
        assert len(found) == summary.errors + summary.warnings
    judged = validate(io.BytesIO(spoilt), block=block)
    assert (judged.errors, judged.warnings) == (summary.errors, summary.warnings)
    assert (judged.records, judged.lots) == (summary.records, summary.lots)
    for shown in show(io.BytesIO(spoilt), block=block):
        assert shown.record >= 1


@settings(max_examples=150, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), how=st.sampled_from(("cut", "insert")))
def test_a_lost_or_added_byte_spoils_its_own_lot_only(where: float, how: str) -> None:
    """Without line ends, too, the neighbours of a damaged lot stay whole."""
    data = b2_file(lots=5)
    whole, _ = read_all(data)
    third = whole[2]
    # the first character of record 1 is left: without it there is no lot at all
    at = third.offset + 10 + int(where * (third.length - 138))
    spoilt = (
        data[:at] + data[at + 1 :] if how == "cut" else data[:at] + b"7" + data[at:]
    )

    lots, summary = read_all(spoilt)

    assert [lot.match_key for lot in lots if lot.valid] == [
        lot.match_key for lot in whole if lot is not third
    ]
    assert len(lots) == 5
    assert not summary.valid


@settings(max_examples=100, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), how=st.sampled_from(("cut", "insert")))
def test_the_record_of_wrong_length_is_named(where: float, how: str) -> None:
    """A record of 127 or 129 characters is found by its number, in one stream."""
    lot = read_all(FILE)[0][1]
    at = lot.offset + RECORD + int(where * (lot.length - 2 * RECORD))
    number = at // RECORD + 1
    begins = at % RECORD < 10  # its own beginning is hit: the one before may be meant
    spoilt = (
        FILE[:at] + FILE[at + 1 :] if how == "cut" else FILE[:at] + b" " + FILE[at:]
    )

    named = {
        each.record for each in problems_of(spoilt) if each.code == "record-length"
    }

    assert number in named or (begins and number - 1 in named)


@pytest.mark.parametrize("length", [1, 64, 127, 129, 130, 255])
def test_a_line_of_wrong_length_is_named(length: int) -> None:
    """With line ends, the very record is named with the length it has."""
    lines = LINES.split(b"\r\n")
    lines[5] = (lines[5] + b"7" * RECORD)[:length]

    found = [
        each
        for each in problems_of(b"\r\n".join(lines))
        if each.code == "record-length"
    ]

    assert [each.record for each in found] == [6]
    assert f"has {length} characters; 128 are expected" in found[0].message


@pytest.mark.parametrize("length", [126, 127, 130])
def test_records_that_all_have_another_length_are_told_first(length: int) -> None:
    """In a run without line ends the first problem says what all the others come of."""
    lines = LINES.split(b"\r\n")
    run = b"".join(line.ljust(length)[:length] for line in lines if line)
    first = problems_of(run)[0]
    assert (first.code, first.record) == ("record-length", 1)
    assert first.message.startswith(f"has {length} characters, as the next one has")
    assert "record-length" not in {each.code for each in problems_of(FILE)}


def test_a_line_with_accents_in_utf8_is_explained() -> None:
    """A name in UTF-8 makes its record too long, and the message says why."""
    lines = LINES.split(b"\r\n")
    lines[1] = lines[1][:31] + "É".encode() + lines[1][32:]

    found = [
        each for each in problems_of(b"\r\n".join(lines)) if "UTF-8" in each.message
    ]

    assert [each.record for each in found] == [2]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (b"\r\n\x1a", "empty-file"),
        (FILE.decode().encode("utf-16"), "encoding"),
        (FILE.decode().encode("utf-16-le"), "encoding"),
        (FILE.decode().encode("cp500"), "encoding"),
        (b"\xef\xbb\xbf" + FILE, "encoding"),
        (gzip.compress(FILE, mtime=0), "not-b2"),
        (random.Random(7).randbytes(200_000), "not-b2"),
        (b"<?xml version='1.0'?>" * 100, "not-b2"),
        (b"hello", "not-b2"),
    ],
    ids=[
        "empty",
        "blank",
        "utf16",
        "utf16le",
        "ebcdic",
        "bom",
        "gz",
        "random",
        "xml",
        "text",
    ],
)
def test_what_is_no_b2_file_is_said_at_once(data: bytes, code: str) -> None:
    """Empty, compressed, foreign and wrongly encoded files are named for what they are."""
    assert code in codes_of(data)
    assert not read_all(data)[1].valid


def test_a_byte_order_mark_does_not_hide_the_lots() -> None:
    """Behind a UTF-8 mark everything is read as usual."""
    lots, summary = read_all(b"\xef\xbb\xbf" + FILE)

    assert len(lots) == 3
    assert all(lot.valid for lot in lots)
    assert [each.code for each in summary.problems] == ["encoding"]


def test_a_file_cut_off_keeps_its_whole_lots() -> None:
    """Half a file is reported as such; the lots before the cut are good."""
    second = read_all(FILE)[0][1]
    lots, summary = read_all(
        FILE[: second.offset + second.length // RECORD // 2 * RECORD]
    )

    assert [lot.valid for lot in lots] == [True, False]
    assert "lot-open" in {each.code for each in lots[1].problems}
    assert "no-file-end" in {each.code for each in summary.problems}


def test_lots_without_a_file_start_are_read() -> None:
    """A file that lacks 000 is refused as a file; its lots are listed."""
    lots, summary = read_all(FILE[RECORD:])

    assert len(lots) == 3
    assert [each.code for each in summary.problems] == ["no-file-start", "file-records"]


@pytest.mark.parametrize("start", [b"1", b"2", b"4", b"5", b"6"])
def test_a_missing_record_spoils_its_lot_only(start: bytes) -> None:
    """Whatever record is missing, its lot is bad and the next one is good."""
    number = numbers_of_kind(FILE, start)[0]
    records = records_of(FILE)
    del records[number - 1]

    lots, _ = read_all(b"".join(records))

    assert all(lot.valid for lot in lots[-2:])
    assert codes_of(b"".join(records)) >= {"file-records"}
    assert start == b"1" or not lots[0].valid


@pytest.mark.parametrize("start", [b"1", b"2", b"4", b"5", b"6", b"000", b"999"])
def test_a_doubled_record_is_out_of_place(start: bytes) -> None:
    """The same record twice is reported at its second place or as a wrong total."""
    number = numbers_of_kind(FILE, start)[-1]
    records = records_of(FILE)
    records.insert(number, records[number - 1])

    assert not read_all(b"".join(records))[1].valid


def test_two_files_in_one_are_told_apart() -> None:
    """What follows 999 is reported; the lots of both files are listed."""
    lots, summary = read_all(FILE + b2_file(seed=2))

    assert len(lots) == 6
    assert {"after-file-end"} <= {each.code for each in summary.problems}
    assert all(lot.valid for lot in lots)


def test_an_unknown_letter_is_named_with_its_norm() -> None:
    """A detail record that the norm does not have is no silent success."""
    number = next(
        number
        for number in numbers_of_kind(FILE, b"4")
        if records_of(FILE)[number - 1][35:36] == b"F"
    )
    at = (number - 1) * RECORD + 35

    found = problems_of(FILE[:at] + b"Z" + FILE[at + 1 :])

    assert (found[0].record, found[0].code) == (number, "unknown-record")
    assert "letter 'Z'" in found[0].message


def test_problems_are_capped_and_all_counted() -> None:
    """Thousands of problems are counted; a part is kept; every bad lot shows one."""
    data = bytearray(b2_file(lots=40, invoices=40))
    for number in range(1, len(data) // RECORD + 1):
        if kind_at(bytes(data[:0]) or FILE, 1) and data[(number - 1) * RECORD] == ord(
            "4"
        ):
            data[(number - 1) * RECORD + 105] = ord("X")

    lots, summary = read_all(bytes(data))

    kept = sum(len(lot.problems) for lot in lots) + len(summary.problems)
    assert summary.errors > kept
    assert kept <= KEPT + len(lots)
    assert not any(lot.valid for lot in lots)
    assert len(validate(io.BytesIO(bytes(data))).problems) == KEPT


def test_memory_does_not_grow_with_the_file() -> None:
    """A stream of tens of megabytes that is no B2 is given up after its beginning."""

    class Endless(io.RawIOBase):
        left = 1 << 30

        def readable(self) -> bool:
            return True

        def readinto(self, room: memoryview) -> int:  # type: ignore[override]
            size = min(len(room), self.left)
            room[:size] = b"\xa5" * size
            self.left -= size
            return size

    tracemalloc.start()
    summary = validate(Endless())  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [each.code for each in summary.problems] == ["not-b2"]
    assert peak < 64 << 20


def test_a_lot_without_end_does_not_fill_the_memory() -> None:
    """A lot that never ends is given up, and the lot behind it is read."""
    one, two = b2_file(lots=1, invoices=40), b2_file(lots=1, seed=2)
    records = records_of(one)
    body = b"".join(records[2:-2])
    data = b"".join(records[:2]) + body * 400 + two[RECORD:]

    lots, _ = read_all(data, block=1 << 18)

    assert "lot-too-long" in {each.code for each in lots[0].problems}
    assert lots[0].claims == ()
    assert lots[-1].valid

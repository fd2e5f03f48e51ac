"""What a reader tells of a sending that a payer would refuse, in whole or in part."""

from __future__ import annotations

import io
from random import Random

import pytest

from protocols.mycarenet import reader, sample_maker
from protocols.mycarenet.check_digits import record_check
from protocols.mycarenet.problems import explain
from protocols.records import load_layouts
from routing.envelope import LotSeen, Severity

_LAYOUTS = load_layouts("efact")
_RECORD, _HEADER = 350, 227


def _sending(invoices: int, *, union: str = "100", seed: int = 5) -> bytearray:
    rng = Random(seed)
    facts = sample_maker.SendingFacts(
        union=union,
        third_party=sample_maker.make_third_party(rng),
        reference="20261118000001",
        sending_number=17,
        day="2026-11-18",
        invoices=invoices,
        lines=2,
    )
    return bytearray(sample_maker.make_sending(rng, facts))


def _put(content: bytearray, row: int, field: str, value: str) -> None:
    """Write a field of a record anew, and its check digits with it."""
    start = _HEADER + row * _RECORD
    record = content[start : start + _RECORD]
    each = _LAYOUTS[record[:2].decode()][field]
    record[each.start - 1 : each.end] = value.encode().ljust(each.length)
    record[_RECORD - 2 :] = b"%02d" % record_check(bytes(record))
    content[start : start + _RECORD] = record


def _rows(content: bytearray, kind: bytes) -> list[int]:
    rows = range((len(content) - _HEADER) // _RECORD)
    return [row for row in rows if content[_HEADER + row * _RECORD :][:2] == kind]


def _lot(content: bytearray) -> LotSeen:
    (lot,) = reader.read(io.BytesIO(bytes(content))).lots()
    return lot


@pytest.mark.parametrize("union", sample_maker.MUTUALITIES)
def test_what_the_sample_maker_makes_is_refused_by_nobody(union: str) -> None:
    """Not even a warning is told of it."""
    assert _lot(_sending(3, union=union)).problems == ()


def test_a_few_lines_in_error_do_not_stop_a_sending() -> None:
    """The payer takes the file and refuses the line: that is a warning, with its code."""
    content = _sending(8)
    _put(content, _rows(content, b"50")[3], "transplant", "3")
    lot = _lot(content)
    assert lot.valid
    (problem,) = lot.problems
    assert (problem.code, problem.severity) == ("R504803", Severity.WARNING)
    assert problem.record == _rows(content, b"50")[3] + 1
    assert problem.field == "transplant"
    assert "zone 48" in problem.message


def test_faq_26_the_share_of_errors_is_told_of_the_lot() -> None:
    """More than 5 % of the records 10 to 90 refuse the whole file, as 920099 would."""
    content = _sending(8)
    counted = len(_rows(content, b"10") + _rows(content, b"90")) + 8 * 6
    for row in _rows(content, b"50")[:3]:
        _put(content, row, "transplant", "3")
    lot = _lot(content)
    assert not lot.valid
    share = next(each for each in lot.problems if each.code == "error-share")
    assert share.severity is Severity.ERROR
    assert share.record is None
    assert f"3 of {counted} records are in error, 6.0 %" in share.message
    assert "same number" in share.message


def test_faq_26_one_blocking_error_refuses_the_whole_file() -> None:
    """Then the share of errors says nothing more."""
    content = _sending(2)
    _put(content, 0, "billing_content", "060")
    lot = _lot(content)
    assert not lot.valid
    assert [each.code for each in lot.problems] == ["B101303"]


def test_the_share_is_reckoned_over_every_block_of_a_file() -> None:
    """A line counts once, however many rules it breaks, wherever blocks are cut."""
    content = _sending(8)
    for row in _rows(content, b"50")[:4]:
        _put(content, row, "transplant", "3")
        _put(content, row, "same_service", "09")
    whole = _lot(content)
    (cut,) = reader.read(io.BytesIO(bytes(content)), block=4096).lots()
    told = [each.message for each in whole.problems if each.code == "error-share"]
    assert "4 of 50 records" in told[0]
    assert [each.message for each in cut.problems if each.code == "error-share"] == told


def test_each_sending_of_a_file_has_a_share_of_its_own() -> None:
    """One that is refused does not stop its neighbour."""
    bad, good = _sending(1), _sending(1, seed=6)
    _put(bad, _rows(bad, b"50")[0], "transplant", "3")
    lots = list(reader.read(io.BytesIO(bytes(bad + good))).lots())
    assert [lot.valid for lot in lots] == [False, True]


def test_a_code_of_the_payers_is_explained() -> None:
    """Documents and console tell what it means and what to do."""
    rule = explain("R504803")
    assert rule is not None
    assert rule.severity is Severity.WARNING
    assert "transplantation" in rule.explanation
    assert explain("R999999") is None

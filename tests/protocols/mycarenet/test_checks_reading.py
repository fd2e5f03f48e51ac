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
from tests.protocols.mycarenet.breaks import BREAKS, Break

_LAYOUTS = load_layouts("efact")
_RECORD, _HEADER = 350, 227
_ANYWHERE = [  # the others name days or people of one sending
    each
    for each in BREAKS
    if each.code not in {"F204226", "R504915"}
    and "20261031" not in each.values.values()
]


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


def _put(content: bytearray, row: int, field: str, value: str | int) -> None:
    """Write a field of a record anew, and its check digits with it."""
    start = _HEADER + row * _RECORD
    record = content[start : start + _RECORD]
    each = _LAYOUTS[record[:2].decode()][field]
    record[each.start - 1 : each.end] = each.pack(value)
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


@pytest.mark.parametrize(
    "broken", _ANYWHERE, ids=lambda each: f"{each.code}-{each.field}"
)
def test_a_made_sending_that_is_broken_is_told_of_by_its_rule(broken: Break) -> None:
    """Random sendings of the sample maker, broken by one rule at a time, read whole.

    Alone in a file or between good ones: what is known of those hides nothing of it.
    """
    rng = Random(f"{broken.code}{broken.field}")
    content = _sending(rng.randrange(1, 4), seed=rng.randrange(1000))
    row = rng.choice(_rows(content, broken.record.encode()))
    for name, value in broken.values.items():
        _put(content, row, name, value)
    told = [each for each in _lot(content).problems if each.code == broken.code]
    assert row + 1 in {each.record for each in told}
    assert broken.field in {each.field for each in told}

    good = bytes(_sending(2, seed=1)) + bytes(_sending(9, seed=2))
    lots = list(reader.read(io.BytesIO(good + bytes(content) + good)).lots())
    behind = [each._replace(record=0) for each in lots[2].problems]
    assert behind == [each._replace(record=0) for each in _lot(content).problems]
    assert [len(each.problems) for each in lots[3:]] == [0, 0]


def test_patients_numbers_that_are_wrong_hide_no_other_warning() -> None:
    """However many were typed badly, what else is wrong is told; all are counted."""
    content = _sending(80)
    starts = _rows(content, b"20")
    for row in starts:
        _put(content, row, "patient", "0085010100199")
    for row in (starts[-2], starts[-1]):
        _put(content, row, "patient_flag", 2)
    _put(content, starts[-1], "patient", 0)

    reading = reader.read(io.BytesIO(bytes(content)))
    (lot,) = reading.lots()
    told = [each.code for each in lot.problems]
    assert told.count("F200802") < 20
    assert {"F203203", "F200810"} <= set(told)
    assert reading.summary().warnings > 80

"""`octway inspect` shows a return with every zone that says something."""

from __future__ import annotations

import io

import pytest

from protocols.mycarenet.return_writer import Verdict
from protocols.mycarenet.returns import recognise_return, show_return
from protocols.shown import FieldShown, RecordShown
from tests.protocols.mycarenet.return_files import (
    DIALECTS,
    preliminary,
    receipt,
    refused,
    settlement,
)
from tests.protocols.mycarenet.sendings import Bill, Line, sending

SENT = sending([Bill(lines=[Line(read=True)])])
SAID = {3: Verdict(("R502255",)), 4: Verdict(("R520119",))}


def _shown(content: bytes) -> list[RecordShown]:
    format = recognise_return(content[:4096])
    assert format is not None
    return list(show_return(io.BytesIO(content), format))


def _field(record: RecordShown, name: str) -> FieldShown:
    (found,) = [each for each in record.fields if each.name == name]
    return found


def test_every_record_is_shown_in_its_place() -> None:
    """The header is no record; lines lie in their invoice."""
    shown = _shown(settlement(SENT, SAID))

    assert [(each.record, each.kind, each.level) for each in shown] == [
        (0, "200", 0),
        (0, "300r", 0),
        (1, "10", 0),
        (2, "20", 1),
        (3, "50", 2),
        (4, "52", 3),
        (5, "80", 1),
        (6, "90", 0),
        (7, "91", 0),
        (8, "92", 0),
    ]


def test_the_payer_s_word_follows_what_was_sent() -> None:
    line = _shown(settlement(SENT, SAID))[4]

    assert _field(line, "insurer_amount").meaning == "10.00"
    assert _field(line, "accepted_a").meaning == "0.00"
    code = _field(line, "code_1")
    assert (code.position, code.value) == (458, "502255")
    assert code.title.endswith("(zone 111b)")
    assert "more units" in code.meaning
    assert not [each for each in line.told if each.name == "code_2"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_only_fills_up_is_not_shown(dialect: str) -> None:
    """Ones and nines behind records 10 and 90 say nothing."""
    shown = _shown(settlement(SENT, SAID, dialect))
    frames = [each for each in shown if each.kind in {"10", "90"}]

    assert len(frames) == 2
    for frame in frames:
        told = {each.name for each in frame.told if each.position > 350}
        assert told <= {"error_sending_number", "error_date", "error_third_party"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_of_a_return_is_lost(dialect: str) -> None:
    """Header and records as they are shown, put together, are the file again."""
    for content in (
        settlement(SENT, SAID, dialect),
        refused(SENT, SAID),
        receipt(SENT),
        preliminary(SENT, {"sending_number": "40"}, {1: {"mutuality": "20"}}),
    ):
        shown = _shown(content)
        assert "".join(each.as_it_stands() for each in shown) == content.decode(
            "latin-1"
        )


def test_errors_of_header_and_sums_are_told_in_words() -> None:
    header, second, total = _shown(
        preliminary(SENT, {"sending_number": "40"}, {1: {"mutuality": "20"}})
    )

    assert header.kind == "200"
    assert "number" in _field(second, "sending_number_error").meaning
    assert _field(total, "mutuality_error").value == "20"
    assert _field(total, "mutuality_error").meaning


def test_a_receipt_says_of_what() -> None:
    assert _field(_shown(receipt(SENT))[1], "received_type").meaning == (
        "a billing sending"
    )


def test_a_record_that_is_damaged_is_shown_as_it_stands() -> None:
    content = refused(SENT, SAID)
    shown = _shown(content[: 677 + 900] + content[677 + 903 :])

    (raw,) = shown[3].fields
    assert (raw.name, raw.length) == ("record", 797)
    assert shown[4].kind == "50"
    assert _field(shown[4], "code_1").value == "502255"

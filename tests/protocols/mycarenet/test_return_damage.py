"""Damaged returns: told with record and position, and never an error of ours."""

from __future__ import annotations

import io

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from protocols.errors import UnknownFormat
from protocols.mycarenet.return_writer import Verdict
from protocols.mycarenet.returns import (
    RETURN_FORMATS,
    read_return,
    recognise_return,
    show_return,
    split_return,
)
from routing.envelope import Outcome, Severity
from tests.protocols.mycarenet.return_files import (
    DIALECTS,
    hear,
    preliminary,
    receipt,
    refused,
    settlement,
    verdict,
)
from tests.protocols.mycarenet.sendings import Bill, Line, sending

SENT = sending([Bill(number=1, lines=[Line(read=True)]), Bill(number=2, patient=2)])
SAID = {3: Verdict(("R502255",)), 4: Verdict(("R520119",)), 7: Verdict(("R500444",))}
WHOLE = {
    "mycarenet.931000": receipt(SENT),
    "mycarenet.920999": preliminary(
        SENT, {"sending_number": "40"}, {0: {"records": "41"}}
    ),
    "mycarenet.920098": verdict(SENT, SAID),
    "mycarenet.920099": refused(SENT, SAID),
    "mycarenet.920900": settlement(SENT, SAID),
}


def _read_all(content: bytes, format: str) -> None:
    """Read, show and split, as the gateway does."""
    heard = hear(content, format)
    list(show_return(io.BytesIO(content), format))
    owners = {index: str(index % 2) for index in range(len(heard.answers))}
    split_return(io.BytesIO(content), format, owners)


@pytest.mark.parametrize("format", sorted(WHOLE))
def test_a_return_is_known_by_its_header(format: str) -> None:
    assert recognise_return(WHOLE[format][:4096]) == format
    assert recognise_return(b"\r\n" + WHOLE[format][:200]) == format


@pytest.mark.parametrize(
    "content",
    [b"", b"920900", b"920000" + b"0" * 200, b"000" + b"9" * 200, b"920900 X" * 9],
)
def test_other_files_are_no_returns(content: bytes) -> None:
    assert recognise_return(content) is None


def test_only_known_formats_are_read() -> None:
    with pytest.raises(UnknownFormat, match=r"mycarenet\.920098"):
        read_return(io.BytesIO(b""), "mycarenet.920000")


@pytest.mark.parametrize("format", sorted(WHOLE))
def test_a_return_cut_anywhere_is_told(format: str) -> None:
    """At the end of a record it is told only where totals must follow."""
    whole = WHOLE[format]
    for size in range(0, len(whole), 97):
        heard = hear(whole[:size], format)
        boundary = size in {227, 677} or (size > 677 and not (size - 677) % 800)
        if not boundary:
            cuts = [p for p in heard.summary.problems if p.code.startswith("cut")]
            assert len(cuts) == 1
            assert cuts[0].severity is Severity.ERROR
            assert cuts[0].position
        if size < 67:
            assert not heard.answers


def test_a_cut_is_told_with_record_and_position() -> None:
    heard = hear(WHOLE["mycarenet.920098"][: 677 + 2 * 800 + 100])

    (problem,) = heard.summary.problems
    assert (problem.code, problem.record, problem.position) == ("cut", 3, 101)
    assert not heard.of_claims


@pytest.mark.parametrize("format", ["mycarenet.920098", "mycarenet.920099"])
def test_a_cut_verdict_is_still_the_verdict(format: str) -> None:
    """The kind of message says it; only the invoices behind the cut are missing."""
    whole = hear(WHOLE[format]).of_lot.outcome

    assert hear(WHOLE[format][:1500]).of_lot.outcome is whole


def test_line_breaks_are_left_out_and_told_once() -> None:
    """A file that went through a text tool says the same."""
    whole = WHOLE["mycarenet.920900"]
    parts = [whole[:677], *(whole[at : at + 800] for at in range(677, len(whole), 800))]
    heard = hear(b"\r\n".join(parts) + b"\r\n")

    assert heard.answers == hear(whole).answers
    assert heard.problems == ["line-break"]
    assert heard.summary.errors == 0


def test_a_record_of_an_unknown_kind_is_told() -> None:
    whole = bytearray(WHOLE["mycarenet.920900"])
    whole[677 + 800 : 677 + 802] = b"77"
    heard = hear(bytes(whole))

    assert heard.summary.problems[0].code == "record-type"
    assert (heard.summary.problems[0].record, heard.summary.problems[0].position) == (
        2,
        1,
    )


@pytest.mark.parametrize("more", [b"", b"00", b"\xa0" * 30])
def test_a_record_of_another_length_stops_at_itself(more: bytes) -> None:
    """Nothing in it can be believed; those behind it are read as ever."""
    whole = WHOLE["mycarenet.920900"]
    at = 677 + 2 * 800 + 100  # in the first invoice's line
    heard = hear(whole[:at] + more + whole[at + (not more) :])

    assert heard.problems[0] == "record-length"
    assert heard.summary.problems[0].record == 3
    first, second = heard.of_claims
    assert (first.outcome, first.paid) == (Outcome.REJECTED, 0)  # record 80 says so
    assert [each.code for each in first.remarks] == ["R520119"]
    assert second == hear(whole).of_claims[1]
    assert heard.of_lot.paid == 0


@settings(max_examples=40)
@given(
    st.sampled_from(DIALECTS),
    st.integers(677, 677 + 9 * 800),
    st.integers(1, 9),
    st.text("A ?\n\xa0", max_size=9).map(lambda text: text.encode("latin-1")),
)
def test_lost_characters_never_change_what_is_paid(
    dialect: str, at: int, lost: int, instead: bytes
) -> None:
    """An invoice may be left without an answer; it never gets a wrong one."""
    assume(len(instead) != lost)
    whole = settlement(SENT, SAID, dialect)
    right = {each.match_keys: each.paid for each in hear(whole).of_claims}
    damaged = hear(whole[:at] + instead + whole[at + lost :])

    paid = {each.match_keys: each.paid for each in damaged.of_claims}
    assert paid.items() <= right.items()


@pytest.mark.parametrize(
    ("place", "what"), [(88, b"x?"), (478, b"x?"), (490, b"x?"), (478, b"00000001001")]
)
def test_an_amount_that_cannot_be_is_no_answer(place: int, what: bytes) -> None:
    """Not to be read, or more than was asked: what is paid is never guessed."""
    content = bytearray(WHOLE["mycarenet.920900"])
    content[677 + 4 * 800 + place : 677 + 4 * 800 + place + len(what)] = what
    heard = hear(bytes(content))

    assert [each.facts["invoice"][-1] for each in heard.of_claims] == ["2"]
    assert "no-close" in heard.problems


def test_lines_of_no_invoice_are_told_with_the_sending() -> None:
    whole = bytearray(WHOLE["mycarenet.920099"])
    whole[677 + 800 : 677 + 802] = b"77"
    heard = hear(bytes(whole))

    assert len(heard.of_claims) == 1
    assert {"R502255", "R520119"} <= {each.code for each in heard.of_lot.remarks}
    assert heard.problems.count("no-invoice") == 3


def test_a_return_without_reference_is_tied_to_nothing_by_mistake() -> None:
    """Its answers have no keys; a person finds the sending."""
    whole = WHOLE["mycarenet.920099"]
    heard = hear(whole[:20] + b"0" * 14 + whole[34:])

    assert {each.match_keys for each in heard.answers} == {()}
    assert heard.problems == ["no-reference"]


def test_text_behind_a_receipt_is_told() -> None:
    heard = hear(WHOLE["mycarenet.931000"] + b"x" * 10)

    assert heard.problems == ["surplus"]
    assert heard.of_lot.outcome is Outcome.ACKNOWLEDGED


def test_a_receipt_without_the_blanks_at_its_end_is_a_receipt() -> None:
    heard = hear(WHOLE["mycarenet.931000"].rstrip())

    assert heard.of_lot.outcome is Outcome.ACKNOWLEDGED
    assert heard.problems == ["cut-header"]


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.integers(0, 9000), st.binary(max_size=9)), max_size=5),
    st.integers(0, 9000),
)
def test_no_damage_ever_raises(
    format: str, changes: list[tuple[int, bytes]], size: int
) -> None:
    content = bytearray(WHOLE[format])
    for at, what in changes:
        content[at : at + len(what) // 2] = what
    _read_all(bytes(content[: max(1, size)]), format)


@settings(max_examples=40)
@given(st.binary(max_size=2500), st.sampled_from(sorted(RETURN_FORMATS)))
def test_noise_never_raises(content: bytes, format: str) -> None:
    _read_all(content, format)

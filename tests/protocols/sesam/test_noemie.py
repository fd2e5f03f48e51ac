"""NOEMIE files are cut into entities whatever their outer form or damage."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.problem_log import ProblemLog
from protocols.records import load_layouts
from protocols.sesam.noemie import EntityReader, read_entities, show_entities
from protocols.sesam.noemie_answers import NoemieReading
from protocols.sesam.noemie_physical import Form
from protocols.sesam.noemie_writer import PLAIN, WRAPPED, ReturnWriter
from protocols.sesam.returns import recognise_return
from tests.protocols.sesam.noemie_files import (
    FORMS,
    Group,
    Invoice,
    Return,
    header,
    returns,
    write,
)

ONE = Return(groups=[Group(payee=991234563, invoices=[Invoice(number=123)])])


def open_file(content: bytes) -> EntityReader:
    return read_entities(io.BytesIO(content), problems=ProblemLog())


def cut(content: bytes) -> list[bytes]:
    """The entities between header and end."""
    return [each.content for each in open_file(content).entities()][1:-1]


def codes_of(content: bytes) -> list[str]:
    reader = open_file(content)
    list(reader.entities())
    return [problem.code for problem in reader.problems.kept]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_blanks_that_a_transfer_cut_off_are_put_back(line_end: bytes) -> None:
    """Lines without their trailing blanks, the header's too, hold what they held."""
    content = write(ONE, Form(wrapped=True, line_end=line_end))
    bare = b"".join(line.rstrip() + line_end for line in content.split(line_end)[:-1])
    reader = open_file(bare)

    assert [each.content for each in reader.entities()][1:-1] == cut(content)
    assert len(bare) < len(content)
    assert (reader.problems.errors, reader.header["record_length"]) == (0, "128")


@settings(max_examples=60, deadline=None)
@given(made=returns(), form=st.sampled_from(FORMS))
def test_a_written_file_is_read_back(made: Return, form: Form) -> None:
    """Every form gives the same entities, the right form, and no problem."""
    content = write(made, form)

    reader = open_file(content)
    entities = list(reader.entities())

    assert reader.problems.kept == []
    assert reader.form == form
    assert [each.content for each in entities][1:-1] == cut(write(made, PLAIN))
    assert [each.number for each in entities] == list(range(1, len(entities) + 1))
    assert entities[-1].code == "999"


@pytest.mark.parametrize("entity", ["262", "290", "294", "295"])
def test_free_text_of_a_payer_is_shown_for_a_purpose_only(entity: str) -> None:
    """It may say anything about a patient."""
    assert load_layouts("noemie")[entity]["label"].private


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "before", [b"", b"\r\n", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"]
)
@pytest.mark.parametrize(
    "behind", [b"\x1a", b"\r\n\x1a", b"\0" * 300, b" " * 300, b"\n\n"]
)
def test_what_fills_a_file_up_is_passed_over(
    form: Form, before: bytes, behind: bytes
) -> None:
    """Empty lines and marks before the header, and whatever pads the end, are nothing."""
    content = write(ONE, form)

    padded = before + content + behind
    reader = open_file(padded)

    assert recognise_return(padded) == "sesam.noemie"
    assert [each.code for each in reader.entities()][-1] == "999"
    assert reader.problems.kept == []


@pytest.mark.parametrize("form", [WRAPPED, PLAIN])
@pytest.mark.parametrize("code", sorted(load_layouts("noemie").keys() - {"000", "999"}))
def test_the_form_is_found_whatever_the_first_entity(code: str, form: Form) -> None:
    """A wrapped file whose first flag and code read like another code, and back."""
    writer = ReturnWriter(header=header(), form=form)
    writer.add(code, {"level": "02"})
    writer.add("295", {"level": "02", "label": "ENSUITE"})

    reader = open_file(writer.finish())

    assert [each.code for each in reader.entities()] == ["000", code, "295", "999"]
    assert reader.form == form


@pytest.mark.parametrize("form", FORMS)
def test_an_end_mark_inside_a_label_does_not_cut(form: Form) -> None:
    """The length of an entity is trusted before an @ inside it."""
    writer = ReturnWriter(header=header(), form=form)
    writer.add("295", {"level": "02", "label": "MAIL A@295 B@"})
    writer.add("295", {"level": "02", "label": "ENSUITE"})

    assert [each[:3] for each in cut(writer.finish())] == [b"295", b"295"]


@pytest.mark.parametrize("form", FORMS)
def test_an_unknown_entity_is_kept_and_reported(form: Form) -> None:
    """It is cut at the next @, told with its number, and reading goes on."""
    writer = ReturnWriter(header=header(), form=form)
    writer.add("040", {"payee": 991234563})
    writer.raw(b"77702NEW THING@")
    writer.add("295", {"level": "02", "label": "ENSUITE"})

    reader = open_file(writer.finish())
    entities = list(reader.entities())

    assert entities[2].content == b"77702NEW THING@"
    assert [each.code for each in entities] == ["000", "040", "777", "295", "999"]
    assert [(each.record, each.code) for each in reader.problems.kept] == [
        (3, "unknown-entity")
    ]


@pytest.mark.parametrize("instead", [b"", b"X"])
def test_an_entity_without_its_end_mark_spoils_only_itself(instead: bytes) -> None:
    """A known entity of a wrong length is reported and the next one is read."""
    content = write(ONE, PLAIN).replace(b"00003600P@", b"00003600P" + instead, 1)

    reader = open_file(content)
    codes = [each.code for each in reader.entities()]

    assert codes[-2:] == ["990", "999"]
    assert [each.code for each in reader.problems.kept] == ["bad-length"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kept", [0, 100, 128, 200, 400, 520])
def test_a_cut_file_is_told(form: Form, kept: int) -> None:
    """Wherever a file stops early, an error says so."""
    content = write(ONE, form)[:kept]

    codes = codes_of(content)

    assert {"no-end", "empty", "short-record"} & set(codes)


def test_what_follows_the_end_is_told() -> None:
    """Two files joined into one are not taken for one silently."""
    content = write(ONE, WRAPPED)

    assert "after-end" in codes_of(content + content)


def test_a_problem_names_its_place() -> None:
    """A letter in an amount: entity, position and field are told."""
    content = write(ONE, PLAIN).replace(b"1980400003600P", b"198040000X600P", 1)

    reading = NoemieReading(io.BytesIO(content))
    list(reading.answers())
    problem = reading.summary().problems[0]

    assert (problem.record, problem.position, problem.field) == (7, 6, "asked")
    assert problem.code == "digits"


@settings(max_examples=150, deadline=None)
@given(
    made=returns(),
    form=st.sampled_from(FORMS),
    where=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
)
def test_no_damaged_byte_raises(
    made: Return, form: Form, where: float, byte: int
) -> None:
    """One wrong byte anywhere never stops reading, and never pays what was not."""
    content = bytearray(write(made, form))
    content[int(where * len(content))] = byte

    reading = NoemieReading(io.BytesIO(bytes(content)))
    answers = list(reading.answers())
    shown = list(show_entities(io.BytesIO(bytes(content))))

    assert reading.summary().records == len(shown)
    assert all(1 <= each.first <= each.last <= len(shown) for each in answers)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=600))
def test_no_content_raises(content: bytes) -> None:
    """Anything at all can be read as a return; only problems come of it."""
    reading = NoemieReading(io.BytesIO(content))
    list(reading.answers())

    assert not reading.summary().valid


def test_a_slow_stream_gives_the_same_entities() -> None:
    """A stream that gives a few bytes at a time changes nothing."""

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 1, 7))

    content = write(ONE, WRAPPED)
    reader = read_entities(Slow(content), problems=ProblemLog())

    assert [each.content for each in reader.entities()][1:-1] == cut(content)


def test_every_entity_is_shown_with_its_fields_named() -> None:
    """Inspecting a file tells code, title, and what values mean."""
    shown = list(show_entities(io.BytesIO(write(ONE, WRAPPED))))

    part = next(each for each in shown if each.kind == "198")
    state = next(each for each in part.fields if each.name == "state")
    assert part.title == "Main (AMO) part of the invoice"
    assert (state.position, state.value, state.meaning) == (14, "P", "paid")

"""Questions to a desk and its answers, as files; what is crafted is told by ValueError."""

from __future__ import annotations

import io
import json

import pytest

from protocols.desk import Ask, DeskAnswer, DeskReading, Nothing, holds, read_answer

GOOD = {
    "octway": "desk-answer",
    "simulated": True,
    "question": "m1",
    "ask": "status",
    "lot": "S1/001",
    "sender": "S1",
    "said": "refused",
    "words": "no such contract",
}
NAMES = ("question", "ask", "lot", "sender", "said", "words")
WRONG: tuple[object, ...] = (None, 5, 10**30, True, float("nan"), [1], {"a": 1}, [], {})


def of(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_a_field_of_another_type_is_refused(name: str, value: object) -> None:
    """Whatever it is, the file is one that cannot be read."""
    with pytest.raises(ValueError, match="desk"):
        read_answer(of(**{name: value}))


@pytest.mark.parametrize("name", ["question", "lot", "sender"])
@pytest.mark.parametrize("value", ["\0", "\ud800", "a" * 5000], ids=ascii)
def test_a_name_that_cannot_be_one_is_refused(name: str, value: str) -> None:
    """No engine is given what it does not store."""
    with pytest.raises(ValueError, match="desk"):
        read_answer(of(**{name: value}))


@pytest.mark.parametrize(
    "content",
    [
        b'{"octway": "desk-answer", "x": ' + b"[" * 30_000,
        b'{"octway": "desk-answer", "x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"octway": "desk-answer", "x": ' + b"9" * 6000 + b"}",
        b'{"octway": "desk-answer", "x": "\xff\xfe"}',
        b'{"octway": "desk-answer"' + b"\0" * 100,
        b"[]",
        of(other="x"),
        of(words="a" * 10_000_000),
    ],
    ids=["deep", "closed", "number", "bytes", "nul", "list", "more", "huge"],
)
def test_a_crafted_file_is_refused(content: bytes) -> None:
    """It ends no step, and is read no further than an answer can be long."""
    with pytest.raises(ValueError, match="desk"):
        DeskReading.of(io.BytesIO(content))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ("status", ""),
        ("status", "noted"),
        ("enrolment", "unknown"),
        ("return", "yes"),
        ("return", "Mme DUPONT"),
        ("complaint", ""),
        ("", "noted"),
    ],
)
def test_a_desk_says_one_of_few_things(ask: str, said: str) -> None:
    """Free text is no answer."""
    with pytest.raises(ValueError, match="desk"):
        read_answer(of(ask=ask, said=said))


@pytest.mark.parametrize("ask", [Ask.RETURN, Ask.COMPLAINT])
@pytest.mark.parametrize("said", ["sent", "gone", "noted"])
def test_what_was_written_is_read(ask: Ask, said: str) -> None:
    """An answer is the same on both sides."""
    answer = DeskAnswer(question="m1", ask=ask, lot="S1/001", sender="S1", said=said)
    assert read_answer(answer.to_bytes()) == answer


def test_words_are_cleaned_and_cut() -> None:
    """What is left can be shown, and stored by either engine."""
    words = read_answer(of(words="é\0\ud800\n" + "a" * 1000)).words
    assert words == "é\ufffd\ufffd\ufffd" + "a" * 296


def test_the_words_of_a_refusal_stay_in_its_file() -> None:
    """Its answer has a text of ours, whatever the payer wrote."""
    reading = DeskReading.of(io.BytesIO(of(words="Mme DUPONT")))
    (answer,) = reading.answers()
    assert "DUPONT" not in str(answer)
    assert [remark.code for remark in answer.remarks] == ["desk"]


def test_what_does_not_hold_says_so() -> None:
    """It is kept, and its summary tells it from one that held."""
    reading = DeskReading.of(io.BytesIO(of()))
    assert holds(reading.summary().keys)
    assert not holds(Nothing(reading).summary().keys)
    assert list(Nothing(reading).answers()) == []

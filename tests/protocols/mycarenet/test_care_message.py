"""Messages about a patient: named, cut, checked and shown; what is invented says so."""

from __future__ import annotations

from io import BytesIO
from random import Random

import pytest

from protocols.mycarenet.care_checks import check_message
from protocols.mycarenet.care_message import (
    HEADER,
    SIMULATED_MARK,
    form_of,
    forms,
    layout_of,
    recognise,
    write_message,
)
from protocols.mycarenet.care_reader import CareReading
from protocols.mycarenet.care_returns import CareReturnReading
from protocols.mycarenet.care_show import show
from protocols.records import load_layouts
from routing.envelope import Severity
from tests.protocols.mycarenet.care_files import (
    COMMITMENT,
    NURSE,
    PATIENT,
    REFERENCE,
    insurability,
    palliative_answer,
    question,
    read_one,
)

QUESTIONS = ("801000", "410000", "420000")


@pytest.mark.parametrize("form", [each for each in forms() if each.layout])
def test_every_invented_form_says_so(form: object) -> None:
    """In the file itself, in the title that people see, and in its table."""
    made = next(each for each in forms() if each is form)
    assert made.mark == SIMULATED_MARK
    assert layout_of(made).title.startswith("SIMULATED form")
    assert "positions invented" in made.sure


def test_the_header_is_that_of_billing() -> None:
    """Both count the same zones at the same positions; the last one is free there."""
    ours, theirs = (
        [(each.name, each.start, each.length, each.zone) for each in layout.fields[:-1]]
        for layout in (
            load_layouts("care_messages")["200"],
            load_layouts("efact")["200"],
        )
    )
    assert ours == theirs


@pytest.mark.parametrize("message", QUESTIONS)
def test_a_question_is_read_as_it_was_written(message: str) -> None:
    raw = question(message)
    found = read_one(raw)
    assert found.raw == raw
    assert found.form == form_of(message)
    assert check_message(found) == ()
    assert (
        write_message(form_of(message), dict(found.values) | {"form": SIMULATED_MARK})
        == raw
    )


def test_a_question_becomes_a_lot_for_its_union() -> None:
    """One message is one lot with one claim; nothing is asked for in money."""
    reading = CareReading(
        BytesIO(question() + b"\r\n" + question()), "mycarenet.801000"
    )
    lots = list(reading.lots())
    assert [lot.position for lot in lots] == [1, 2]
    lot = lots[0]
    assert (lot.flow, lot.sender, lot.number) == ("insurability", NURSE, REFERENCE)
    assert lot.match_key == f"{REFERENCE}/801000"
    assert lot.destination["union"] == "300"
    assert (lot.claims[0].patient, lot.claims[0].asked) == (PATIENT, 0)
    assert lots[1].offset == lot.length + 2
    assert reading.summary().valid
    assert reading.summary().records == 2


def test_both_numberings_of_801900_say_the_same() -> None:
    """The version in the header tells them apart; zones differ, facts do not."""
    answers = []
    for version in ("01", "02"):
        raw = insurability(version)
        reading = CareReturnReading(BytesIO(raw), "mycarenet.801900")
        (answer,) = reading.answers()
        assert reading.summary().valid, reading.summary().problems
        answers.append(answer)
    old, new = answers
    assert old.facts.keys() == new.facts.keys()
    assert old.commitment == new.commitment
    zones = [
        layout_of(form_of("801900", version)).by_name["mutuality_1"].zone
        for version in ("01", "02")
    ]
    assert zones == ["322", "327"]


def test_zone_numbers_that_are_not_public_are_not_invented() -> None:
    """Only the six zones that the FAQ names have a number in its numbering."""
    body = load_layouts("care_messages")["801900-02"]
    numbered = {each.zone for each in body.fields if each.zone}
    assert numbered == {"327", "328", "329", "380", "381", "382"}


@pytest.mark.parametrize("message", ["801000", "801900", "420900", "430000"])
def test_a_message_of_a_form_that_is_not_public_is_named_and_not_guessed(
    message: str,
) -> None:
    raw = (
        f"{message}00010012000000{REFERENCE}00".encode().ljust(HEADER, b"0") + b"?" * 90
    )
    assert recognise(raw) == f"mycarenet.{message}"
    (problem,) = check_message(read_one(raw))
    assert (problem.code, problem.severity) == ("unknown-form", Severity.ERROR)
    assert "is not public" in problem.message
    (shown,) = show(BytesIO(raw))
    assert "90 characters are not read" in shown.title
    assert {each.name for each in shown.fields} >= {"message_type", "reference"}


def test_people_see_zone_numbers_meanings_and_how_sure_they_are() -> None:
    (shown,) = show(BytesIO(insurability("02")))
    assert "zone numbers of the payers' FAQ" in shown.title
    assert "SIMULATED" in shown.title
    fields = {each.name: each for each in shown.fields}
    assert fields["insured_from_1"].meaning == "2026-01-01"
    assert fields["commitment_1"].value == COMMITMENT
    assert fields["environment"].meaning == "test"
    assert fields["mutuality_1"].title == "Mutuality of the insurance (zone 327)"
    assert (
        fields["commitment_1"].title == "Payment commitment"
    )  # its zone is not public


@pytest.mark.parametrize(
    ("message", "values", "code", "field"),
    [
        ("801000", {"patient": "85010100100"}, "niss", "patient"),
        ("801000", {"patient": "0"}, "present", "patient"),
        ("801000", {"requester": "41234500401"}, "nihii", "requester"),
        ("801000", {"mutuality": "719"}, "mutuality", "mutuality"),
        ("801000", {"period_start": "20261301"}, "date", "period_start"),
        ("801000", {"period_end": "20261031"}, "not-before", "period_end"),
        ("801000", {"request_type": "7"}, "listed", "request_type"),
        ("801000", {"environment": "13"}, "listed", "environment"),
        ("801000", {"reference": "0"}, "present", "reference"),
        ("410000", {"contractual_type": "Z"}, "listed", "contractual_type"),
        ("420000", {"period_start": "20261023"}, "too-far-back", "period_start"),
    ],
)
def test_each_rule_names_what_it_finds(
    message: str, values: dict[str, str], code: str, field: str
) -> None:
    (found,) = check_message(read_one(question(message, **values)))
    assert (found.code, found.field, found.record) == (code, field, 1)
    assert found.position == layout_of(form_of(message))[field].start
    assert PATIENT not in found.message


def test_a_message_cut_short_says_where() -> None:
    raw = question()
    (found,) = check_message(read_one(raw[:-5]))
    assert (found.code, found.position) == ("cut", len(raw) - 4)


def test_an_answer_among_questions_is_no_question() -> None:
    reading = CareReading(BytesIO(question() + insurability()), "mycarenet.801000")
    assert len(list(reading.lots())) == 1
    (problem,) = reading.summary().problems
    assert (problem.record, problem.code) == (2, "out-of-place")


def test_damage_never_raises() -> None:
    """Whatever is changed, both readers end and say that something is wrong."""
    rng = Random(801)
    whole = question() + question("420000") + insurability() + palliative_answer("1")
    for _ in range(300):
        raw = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(raw))
            raw[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        reading = CareReading(BytesIO(raw), "mycarenet.801000")
        lots = list(reading.lots())
        returned = CareReturnReading(BytesIO(raw), "mycarenet.801900")
        answers = list(returned.answers())
        assert len(lots) + len(answers) <= 4
        assert sum(1 for _ in show(BytesIO(raw))) == reading.summary().records


def test_the_quick_look_passes_only_what_the_slow_one_passes() -> None:
    """A message that is waved through has nothing wrong in any field."""
    rng = Random(419)
    passed = 0
    for message in QUESTIONS * 100:
        raw = bytearray(
            question(message, period_start=f"202611{rng.randrange(1, 31):02}")
        )
        for _ in range(rng.randrange(2)):
            raw[rng.randrange(HEADER, len(raw))] = rng.choice(b"0 9A\x00\xe9")
        found = read_one(bytes(raw))
        wrong = [code for _, code, _ in found.layout.check(found.raw)]
        told = {each.code for each in check_message(found)}
        assert told >= set(wrong)
        passed += not told
    assert passed > 50

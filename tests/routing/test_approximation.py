"""An answer whose keys fit none is tied only to what it surely means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.approximation import (
    LIKELY,
    SURE,
    Choice,
    Kin,
    belies,
    choose,
    forms_of,
    likeness,
    of_lot,
)
from routing.envelope import AnswerSeen, Level, Outcome, Traits
from routing.matching import Candidate, Rule

TRAITS = Traits("000123456", "012", "2026-11-02", "2026-11-02", ("p",))


def answer(asked: int = 2500, **traits: Any) -> AnswerSeen:
    return AnswerSeen(
        level=Level.CLAIM,
        match_keys=("key",),
        sender="ps-1",
        outcome=Outcome.PAID,
        asked=asked,
        traits=TRAITS._replace(**traits),
    )


def kin(id: str = "a", *, asked: int = 2500, waiting: bool = True, **facts: Any) -> Kin:
    own = Kin(
        at=Candidate(id, 1, "ps-1", asked, waiting),
        number="000123456",
        lot="012",
        lot_date="2026-11-02",
        date="2026-11-02",
        patient=True,
        parts=(asked, 0),
    )
    return own._replace(**facts)


def chosen(said: AnswerSeen, *kins: Kin, sure: int = SURE) -> Choice:
    return choose([likeness(said, each) for each in kins], sure=sure)


@pytest.mark.parametrize(
    ("traits", "rule"),
    [
        ({"number": "000012345"}, Rule.CUT_NUMBER),
        ({"number": "123456"}, Rule.OTHER_LOT),
        ({"number": "912345678"}, Rule.RENUMBERED),
        ({"lot_date": "2026-11-03"}, Rule.OTHER_LOT),
        ({"lot": "777"}, Rule.OTHER_LOT),
        ({"number": "", "lot": "", "lot_date": ""}, Rule.SAME_VISIT),
    ],
)
def test_altered_identifiers_are_seen_through(
    traits: dict[str, Any], rule: Rule
) -> None:
    """Patient, day and amount make it sure, if a number is altered or none is told."""
    found = chosen(answer(**traits), kin())
    assert found.sure is not None
    assert (found.sure.rule, found.sure.contradicted) == (rule, False)


def test_a_claim_of_another_lot_than_the_one_named_for_sure_is_left_to_a_person() -> (
    None
):
    """The same may have been billed past us; the lot's key tells both apart."""
    said = answer(lot_key="ref-2/202611/012")
    assert chosen(said, kin(key="ref-2/202611/012/000123456")).sure is not None
    another = chosen(said, kin(key="ref-1/202611/012/000123456"))
    assert another.sure is None
    assert len(another.likely) == 1


def test_another_number_in_another_lot_is_left_to_a_person() -> None:
    """It may be an invoice that went another way, of the same visit."""
    found = chosen(answer(number="9", lot="777"), kin())
    assert found.sure is None
    assert [each.rule for each in found.likely] == [Rule.SAME_VISIT]


def test_a_wrapped_lot_number_is_the_same_lot() -> None:
    """Payers that keep three digits name lot 1012 as 012."""
    found = chosen(answer(number="9"), kin(lot="1012"))
    assert found.sure is not None
    assert found.sure.rule is Rule.RENUMBERED


def test_two_equal_visits_are_left_to_a_person() -> None:
    """The same patient twice on a day for the same amount: both are proposed."""
    found = chosen(answer(number="912345678"), kin("a"), kin("b", number="000123457"))
    assert found.sure is None
    assert {each.kin.at.id for each in found.likely} == {"a", "b"}


def test_an_identifier_tells_equal_visits_apart() -> None:
    """The number is that of one of them, and only its lot was misdated."""
    found = chosen(
        answer(lot_date="2026-11-03"), kin("a"), kin("b", number="000777777")
    )
    assert found.sure is not None
    assert found.sure.kin.at.id == "a"


@pytest.mark.parametrize(
    ("said", "its"),
    [
        ({"asked": 2400}, {}),
        ({"date": "2026-11-05"}, {}),
        ({"patients": ()}, {"patient": False}),
        ({}, {"patient": False}),
        ({}, {"waiting": False}),
    ],
)
def test_what_is_not_sure_is_proposed(
    said: dict[str, Any], its: dict[str, Any]
) -> None:
    """An amount, day or patient that differs, or a claim that is answered already."""
    found = chosen(answer(**({"number": "000012345"} | said)), kin(**its))
    assert found.sure is None
    (likely,) = found.likely
    assert likely.score >= LIKELY


def test_a_repeated_answer_may_be_tied_to_an_answered_claim() -> None:
    """It changes nothing there, so there is nothing to ask a person."""
    assert chosen(answer(number="9"), kin(waiting=False, unmoved=True)).sure


def test_one_part_of_the_amount_is_enough() -> None:
    """A payer that handles its own part only repeats what that part asked."""
    assert chosen(answer(1000, number="9"), kin(parts=(1500, 1000))).sure


def test_words_hold_no_values() -> None:
    """They say what agrees, never whose it is."""
    words = likeness(answer(number="000012345"), kin()).words
    assert words == "patient, day, amount, lot agree; the number is cut or padded"
    assert not any(character.isdigit() for character in words)


def test_a_whole_lot_on_another_day_is_never_sure() -> None:
    """Its number alone says too little: a person looks."""
    found = choose([of_lot("a", "ps-1", 100)], sure=SURE)
    assert found.sure is None
    assert len(found.likely) == 1


def test_a_cut_number_that_is_anothers_is_not_believed() -> None:
    """The key of another patient's invoice with another amount is no match."""
    assert belies(answer(), kin(patient=False, asked=900)) is not None
    assert belies(answer(), kin(patient=False)) is None
    assert belies(answer(), kin(asked=900)) is None


def test_a_cut_number_is_looked_up_with_each_last_digit() -> None:
    """`12` may have been 120 to 129; both paddings are looked up."""
    assert forms_of("000000012") == [
        "000000012",
        "12",
        *(f"00000012{digit}" for digit in range(10)),
    ]
    assert forms_of("000") == []


numbers = st.text("0123456789", min_size=1, max_size=9)
days = st.sampled_from(["", "2026-11-02", "2026-11-03"])
amounts = st.sampled_from([0, 900, 2500, 2501])
said_ = st.builds(
    answer,
    amounts,
    number=numbers,
    lot=numbers,
    lot_date=days,
    date=days,
    patients=st.sampled_from([(), ("p",)]),
)
kins = st.builds(
    kin,
    numbers,
    asked=amounts,
    waiting=st.booleans(),
    number=numbers,
    lot=numbers,
    lot_date=days,
    date=days,
    patient=st.booleans(),
)


@given(said_, st.lists(kins, max_size=6), st.integers(61, 100))
def test_nothing_else_is_ever_tied(
    said: AnswerSeen, found: Sequence[Kin], sure: int
) -> None:
    """The patient always agrees, no day or amount that is told ever differs."""
    choice = chosen(said, *found, sure=sure)
    if choice.sure is None:
        return
    its = choice.sure.kin
    assert its.patient
    assert not (said.traits.date and its.date) or said.traits.date == its.date
    amounts = {its.at.asked, *its.parts} - {0}
    assert not (said.asked and amounts) or said.asked in amounts
    others = [each for each in found if each is not its]
    assert all(
        likeness(said, each).score < choice.sure.score or each == its for each in others
    )


@given(said_, kins)
def test_what_differs_in_all_is_not_even_proposed(said: AnswerSeen, its: Kin) -> None:
    """Another patient, another day, another amount: nobody is asked."""
    stranger = its._replace(
        patient=False, date="2020-01-01", at=its.at._replace(asked=7), parts=(7, 0)
    )
    told = answer(2500, **said.traits._asdict() | {"date": "2026-11-02"})
    assert chosen(told, stranger) == Choice(None, [])


@given(said_, st.lists(kins, max_size=6), st.randoms())
def test_the_order_of_rows_decides_nothing(
    said: AnswerSeen, found: list[Kin], shuffle: Any
) -> None:
    """The same rows in another order give the same claim, or none."""
    first = chosen(said, *found).sure
    shuffle.shuffle(found)
    second = chosen(said, *found).sure
    assert (first and first.kin) == (second and second.kin)

"""An answer is tied to one row, with the reason, or to none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import evolve

from routing.envelope import AnswerSeen, Level, Outcome, Traits
from routing.matching import Candidate, Match, Rule, match

ANSWER = AnswerSeen(
    level=Level.CLAIM,
    match_keys=("strong", "weak"),
    sender="ps-1",
    outcome=Outcome.PAID,
    asked=2500,
)


def row(
    id: str, *, sender: str = "ps-1", asked: int = 2500, waiting: bool = True
) -> Candidate:
    return Candidate(id, 0, sender, asked, waiting)


def tie(answer: AnswerSeen = ANSWER, **rows: Sequence[Candidate]) -> Match:
    def index(level: Level, key: str) -> Sequence[Candidate]:
        assert level is answer.level
        return rows.get(key, ())

    return match(answer, index)


def test_the_strongest_key_decides() -> None:
    """A weaker key is not looked at when a stronger one finds something."""
    found = tie(strong=[row("a")], weak=[row("b")])
    assert found == (row("a"), Rule.EXACT, "strong")


def test_a_weaker_key_is_tried_next() -> None:
    """Nothing under the first key: the next one, and the rule says so."""
    assert tie(weak=[row("b")]) == (row("b"), Rule.WEAKER_KEY, "weak")


@pytest.mark.parametrize(
    ("rows", "id", "rule"),
    [
        ([row("a", sender="x"), row("b")], "b", Rule.SENDER),
        ([row("a", asked=1), row("b")], "b", Rule.AMOUNT),
        ([row("a", waiting=False), row("b")], "b", Rule.UNANSWERED),
        (
            [row("a", sender="x"), row("b", asked=1), row("c")],
            "c",
            Rule.AMOUNT,
        ),
        (
            [row("a", sender="x", waiting=False), row("b", sender="y", asked=1)],
            "a",
            Rule.AMOUNT,
        ),
    ],
)
def test_several_are_narrowed_to_one(
    rows: list[Candidate], id: str, rule: Rule
) -> None:
    """Sender, then amount, then what still waits must leave exactly one."""
    found = tie(strong=rows)
    assert found.found is not None
    assert (found.found.id, found.rule) == (id, rule)


@pytest.mark.parametrize(
    ("day", "id", "rule"),
    [
        ("", "b", Rule.UNANSWERED),
        ("2026-11-02", "a", Rule.MADE_ON),
        ("2026-11-09", "b", Rule.UNANSWERED),
    ],
    ids=["no-day", "day-of-the-first", "day-of-none"],
)
def test_of_lots_sent_again_under_one_key_the_day_decides_and_else_the_newest(
    day: str, id: str, rule: Rule
) -> None:
    """A payer that says on which day the lot was made means that one, however old."""
    first = row("a", waiting=False)._replace(made_on="2026-11-02", left_at=1.0)
    second = row("b")._replace(made_on="2026-11-03", left_at=2.0)
    said = evolve(ANSWER, traits=Traits(lot_date=day))
    found = tie(said, strong=[first, second])
    assert found.found is not None
    assert (found.found.id, found.rule) == (id, rule)
    told = [each._replace(waiting=False, made_on="") for each in (first, second)]
    found = tie(said, strong=told)
    assert found.found is not None
    assert (found.found.id, found.rule) == ("b", Rule.NEWEST)


def test_a_match_is_never_a_guess() -> None:
    """Two that fit alike are left to a person, with the key that found them."""
    assert tie(strong=[row("a"), row("b")]) == (None, Rule.AMBIGUOUS, "strong")


def test_an_orphan_says_so() -> None:
    """Nothing under any key, or no key at all."""
    assert tie() == (None, Rule.NOT_FOUND, "")


def test_where_nobody_is_named_no_sender_is_chosen_because_it_still_waits() -> None:
    """It may be a late word on another one's; of one sender's, the one that waits."""
    nobody = evolve(ANSWER, sender="")
    told, waits = row("a", waiting=False), row("b", sender="x")
    assert tie(nobody, strong=[told, waits]).rule is Rule.AMBIGUOUS
    assert tie(nobody, strong=[told, row("b")]).rule is Rule.UNANSWERED

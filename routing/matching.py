"""Which lot or claim an answer speaks of: exact first, and always explained.

An answer gives its keys strongest first; the first key that finds anything
decides.  Where it finds several, the sender that the return names, then the
amount asked, then what is still unanswered must leave exactly one: a match is
never a guess.  Of several senders none is chosen by what is unanswered, where the
return names nobody: it may be a late word on another one's.

A lot whose payer refused all of it may come again under its very key, corrected:
then the day on which the lot was made, where the return tells it, decides, and else
the one that left last.  What stays ambiguous or is not found is left to
`routing.approximation`, and else is an orphan that a person sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from routing.envelope import AnswerSeen, Level


class Rule(StrEnum):
    """Why an answer was tied to a row, or to none; kept with the answer."""

    EXACT = "exact"  # the strongest key found one
    WEAKER_KEY = "weaker-key"  # a later key found one
    SENDER = "sender"  # of several, one is of the sender named
    AMOUNT = "amount"  # of several, one asked that amount
    MADE_ON = "made-on"  # of those sent again under one key, one was made that day
    UNANSWERED = "unanswered"  # of several, one waits for an answer
    NEWEST = "newest"  # of those sent again under one key, the one sent last
    CUT_NUMBER = "cut-number"  # approximate: a number that was cut or padded
    OTHER_LOT = "other-lot"  # approximate: the number, in a wrapped or misdated lot
    RENUMBERED = "renumbered"  # approximate: the lot, under another number
    SAME_VISIT = "same-visit"  # approximate: one patient's, of that day and amount
    ABSURD_AMOUNT = "absurd-amount"  # the keys fit, the amounts cannot be meant
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not-found"


class Candidate(NamedTuple):
    """A row that bears a key.

    `id` is the lot's or the dispatch's, `claim` numbers the claim in its lot;
    `asked` is in cents, `waiting` says that no answer has decided it yet.  Where a lot
    may come again under its key, `made_on` is its own day, and `left_at` when it left.
    """

    id: str
    claim: int | None
    sender: str
    asked: int
    waiting: bool
    made_on: str = ""
    left_at: float = 0.0


class Match(NamedTuple):
    """What was found, or None; the rule; the key that decided."""

    found: Candidate | None
    rule: Rule
    key: str


_OF_ONE_SENDER: Final = frozenset({Rule.UNANSWERED, Rule.NEWEST})

Index = Callable[[Level, str], Sequence[Candidate]]
"""Finds the rows of a level that bear a key."""


def match(answer: AnswerSeen, index: Index) -> Match:
    """Tie an answer to the one row it speaks of, or say why it cannot be."""
    for place, key in enumerate(answer.match_keys):
        found = index(answer.level, key)
        if len(found) == 1:
            rule = Rule.WEAKER_KEY if place else Rule.EXACT
            return Match(found[0], rule, key)
        if found:
            return _narrowed(answer, found, key)
    return Match(None, Rule.NOT_FOUND, "")


def _narrowed(answer: AnswerSeen, found: Sequence[Candidate], key: str) -> Match:
    day = answer.traits.lot_date
    newest = max(each.left_at for each in found)
    narrowings: tuple[tuple[Rule, Callable[[Candidate], bool]], ...] = (
        (Rule.SENDER, lambda each: each.sender == answer.sender),
        (Rule.AMOUNT, lambda each: each.asked == answer.asked),
        (Rule.MADE_ON, lambda each: bool(day) and each.made_on == day),
        (Rule.UNANSWERED, lambda each: each.waiting),
        (Rule.NEWEST, lambda each: bool(newest) and each.left_at == newest),
    )
    for rule, fits in narrowings:
        nobody = not answer.sender and len({each.sender for each in found}) > 1
        if rule in _OF_ONE_SENDER and nobody:
            break
        left = [each for each in found if fits(each)]
        if len(left) == 1:
            return Match(left[0], rule, key)
        found = left or found
    return Match(None, Rule.AMBIGUOUS, key)

"""Which claim an answer means whose keys fit none: scored, named, never a guess.

What agrees gives points, a hundred in all.  Payers cut, pad and renumber invoices
and misdate lots; patient, day and amount they repeat.  So those three together
make the sure mark, and without the patient nothing can reach it.

| agrees                                | points |
| ------------------------------------- | ------ |
| patient                               | 40     |
| day of the invoice                    | 20     |
| amount asked, in all or of one part   | 15     |
| number; cut or padded                 | 15; 10 |
| lot; its number only (wrong day)      | 10; 5  |

A day or an amount that is told and differs costs what it would have given, and
then, whatever else agrees, a person must look.  Of another patient only an invoice
with that number is looked at: payers may name the insured person for the patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from attrs import frozen

from routing.envelope import AnswerSeen
from routing.matching import Candidate, Rule

SURE: Final = 75
"""The sure mark: patient, day and amount agree."""

LIKELY: Final = 45
"""What a person is shown at least."""

MARGIN: Final = 10
"""By how much the best must be better than the next: one identifier."""

_PATIENT, _DAY, _AMOUNT = 40, 20, 15
_NUMBER, _CUT = 15, 10
_LOT, _LOT_NUMBER = 10, 5
_MISDATED = 60  # a whole lot by its number alone: never sure
_MOST_CUT = 2  # characters
_LEAST_LEFT = 3  # characters of a cut number that still say something

SURE_WITHOUT_IDENTIFIERS: Final = _PATIENT + _DAY + _AMOUNT + _LOT_NUMBER
"""What a claim can reach whose number and whose lot's day do not agree."""


BEST_WITHOUT_PATIENT: Final = _DAY + _AMOUNT + _NUMBER + _LOT
"""What a claim of another patient can reach."""


class Kin(NamedTuple):
    """A claim that may be meant: `at` is its row; `patient` is told as agreed or not.

    `unmoved` says that the answer would change nothing about it, `key` is what it was
    sent under.
    """

    at: Candidate
    number: str
    lot: str
    lot_date: str
    date: str
    patient: bool
    parts: tuple[int, int]  # what each payer was asked, in cents
    unmoved: bool = False
    key: str = ""


@frozen
class Likeness:
    """How much a claim is like what an answer speaks of, and why.

    `words` say what agrees and what does not, without values.
    """

    kin: Kin
    score: int
    rule: Rule
    contradicted: bool
    words: str


class Choice(NamedTuple):
    """The claim that is surely meant, or None; and those a person may choose from."""

    sure: Likeness | None
    likely: Sequence[Likeness]


def likeness(answer: AnswerSeen, kin: Kin) -> Likeness:
    """Weigh one claim of the sender whom the answer names."""
    traits = answer.traits
    number = _number(traits.number, kin.number)
    lot = _lot((traits.lot, traits.lot_date), (kin.lot, kin.lot_date))
    day = _told(traits.date, kin.date, _DAY)
    amounts = {kin.at.asked, *kin.parts} - {0}
    amount = 0
    if answer.asked and amounts:
        amount = _AMOUNT if answer.asked in amounts else -_AMOUNT
    patient = _PATIENT if kin.patient else 0
    score = max(0, patient + day + amount + number + lot)
    if traits.patients and not (patient or number):
        score = 0
    said = {
        "patient": patient,
        "day": day,
        "amount": amount,
        "number": number,
        "lot": lot,
    }
    told = traits.number and kin.number and traits.lot and kin.lot
    another = bool(told) and not (number or lot)  # an invoice that was never sent?
    if traits.lot_key and kin.key:  # a sending that did not go through here?
        another = another or not kin.key.startswith(f"{traits.lot_key}/")
    return Likeness(
        kin,
        score,
        _rule(number, lot),
        contradicted=day < 0 or amount < 0 or another,
        words=_words(said, number, lot),
    )


def belies(answer: AnswerSeen, kin: Kin) -> Likeness | None:
    """Weigh the claim that a key found; None unless patient and amount deny it.

    A number that was cut may have become another invoice's.
    """
    found = likeness(answer, kin)
    denied = bool(answer.traits.patients) and not kin.patient
    if not denied or answer.asked in {0, kin.at.asked, *kin.parts}:
        return None
    words = "the keys fit; the patient and the amount do not"
    return Likeness(kin, found.score, Rule.EXACT, contradicted=True, words=words)


def of_lot(lot: str, sender: str, asked: int) -> Likeness:
    """Weigh a whole lot that has the number told, on another day than told."""
    at = Candidate(lot, None, sender, asked, waiting=True)
    kin = Kin(at, "", "", "", "", patient=False, parts=(0, 0))
    words = "the lot's number agrees; its day not"
    return Likeness(kin, _MISDATED, Rule.OTHER_LOT, contradicted=True, words=words)


def choose(found: Sequence[Likeness], *, sure: int) -> Choice:
    """Choose the one claim that is surely meant, or those to be shown to a person.

    Sure is what reaches the mark, is contradicted by nothing, is clearly the
    best, and still waits for an answer or would not be changed by this one.
    """
    ranked = sorted(found, key=lambda each: -each.score)
    if ranked:
        best, *others = ranked
        clear = not others or best.score - others[0].score >= MARGIN
        open_ = best.kin.at.waiting or best.kin.unmoved
        if best.score >= sure and clear and open_ and not best.contradicted:
            return Choice(best, ())
    return Choice(None, [each for each in ranked if each.score >= LIKELY])


def forms_of(number: str) -> list[str]:
    """List the numbers that one may have been before it was cut or padded.

    Only a last character that was cut is made up for: the others cannot be
    looked up, and are found by lot and patient.
    """
    bare = _bare(number)
    if not bare:
        return []
    width = len(number)
    cut = [f"{bare}{digit}" for digit in range(10)] if bare.isdecimal() else []
    forms = [number, bare, *(each.rjust(width, "0") for each in (bare, *cut))]
    return list(dict.fromkeys(forms))


def same_lot_number(answered: str, sent: str) -> bool:
    """Say whether two numbers are one lot's: the same, or the one wrapped."""
    mine, its = _bare(answered), _bare(sent)
    short, long = sorted((answered.strip(), sent.strip()), key=len)
    wrapped = len(short) >= _LEAST_LEFT and long.endswith(short)
    return bool(mine) and (mine == its or wrapped)


def stems(number: str) -> set[str]:
    """List what is left of a number if some of it is cut; two that share none differ."""
    bare = _bare(number)
    found = {bare}
    for cut in range(1, _MOST_CUT + 1):
        if len(bare) - cut >= _LEAST_LEFT:
            found |= {bare[:-cut], bare[cut:]}
    return found - {""}


def _told(mine: str, its: str, points: int) -> int:
    if not (mine and its):
        return 0
    return points if mine == its else -points


def _bare(number: str) -> str:
    return number.strip().upper().lstrip("0")


def _number(answered: str, sent: str) -> int:
    mine, its = _bare(answered), _bare(sent)
    if not mine or not its:
        return 0
    if mine == its:
        return _NUMBER
    short, long = sorted((mine, its), key=len)
    cut = len(long) - len(short)
    if not 0 < cut <= _MOST_CUT or len(short) < _LEAST_LEFT:
        return 0
    return _CUT if long.startswith(short) or long.endswith(short) else 0


def _lot(answered: tuple[str, str], sent: tuple[str, str]) -> int:
    if not same_lot_number(answered[0], sent[0]):
        return 0
    same = answered[1] == sent[1] and _bare(answered[0]) == _bare(sent[0])
    return _LOT if same else _LOT_NUMBER


def _rule(number: int, lot: int) -> Rule:
    if number == _NUMBER:
        return Rule.OTHER_LOT
    if number == _CUT:
        return Rule.CUT_NUMBER
    return Rule.RENUMBERED if lot else Rule.SAME_VISIT


def _words(said: dict[str, int], number: int, lot: int) -> str:
    """Say what agrees, what differs and what is nearly so."""
    near = {"number": number == _CUT, "lot": lot == _LOT_NUMBER}
    agree = [name for name, points in said.items() if points > 0 and not near.get(name)]
    differ = [name for name, points in said.items() if points <= 0]
    parts = [f"{', '.join(agree)} agree"] if agree else []
    if near["number"]:
        parts.append("the number is cut or padded")
    if near["lot"]:
        parts.append("the lot has that number on another day, or wrapped")
    if differ:
        parts.append(f"{', '.join(differ)} not")
    return "; ".join(parts)

"""Amounts that a payer cannot have meant: shown to a person before they are booked."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from routing.envelope import AnswerSeen, Outcome

_HUNDRED: Final = 100


@frozen(kw_only=True)
class Bounds:
    """What is still believed of one claim.

    `overpaid` is by how many percent of what was asked one payment may exceed it,
    `largest` the most cents that are asked or paid for one claim.
    """

    overpaid: int = 20
    largest: int = 50_000_000


def absurdity(answer: AnswerSeen, *, asked: int, paid: int, bounds: Bounds) -> str:
    """Say why an answer's amounts cannot be meant, or "".

    `asked` is what we asked for the claim, `paid` what was paid for it before.
    A payer may decide anew, so payments are not added up.  Money may be taken back,
    but never more than was given, or than a credit note asks for.  Information moves
    no money, and is believed.
    """
    if answer.outcome is Outcome.INFORMATION:
        return ""
    total = paid + answer.paid
    least = min(asked, 0) * (_HUNDRED + bounds.overpaid) // _HUNDRED
    if answer.paid < 0 and total < least:
        return "more is taken back than was ever paid"
    if abs(answer.paid) > bounds.largest or abs(answer.asked) > bounds.largest:
        return "an amount is larger than any that is believed"
    most = max(asked, 0) * (_HUNDRED + bounds.overpaid) // _HUNDRED
    if answer.paid > most:
        return "more is paid than was asked"
    return ""

"""A payer's word that it will pay for a patient's care, good for a while.

Whose word it is, for whom and how long is neutral; when a network's payers give one
and how long it holds is that network's rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class CommitmentSeen(NamedTuple):
    """A commitment as an answer tells it; days are ISO texts, `""` where not told.

    `patient` is hashed to be compared, and never stored, logged or told.
    `payer_code` is the directory's code of the payer that gave it.
    """

    patient: str
    payer_code: str
    communicated: str
    valid_until: str
    insured_from: str = ""
    insured_until: str = ""


class Promise(NamedTuple):
    """A commitment that is kept: what of it decides whether it covers a claim."""

    payer_code: str
    communicated: str
    valid_until: str
    insured_from: str = ""
    insured_until: str = ""

    def covers(self, day: str) -> bool:
        """Say whether care on an ISO day is covered."""
        insured = self.insured_from <= day <= (self.insured_until or day)
        return insured and day <= self.valid_until


def best(promises: Iterable[Promise], *, payer_code: str, day: str) -> Promise | None:
    """Return the commitment that serves care on a day: one that covers it, else the newest.

    None if the payer gave none at all.
    """
    own = [each for each in promises if each.payer_code == payer_code]
    covering = [each for each in own if each.covers(day)]
    return max(
        covering or own,
        key=lambda each: (each.communicated, each.valid_until),
        default=None,
    )


def lack(promises: Iterable[Promise], *, payer_code: str, day: str) -> str:
    """Say in words why no commitment covers care on a day; "" if one does."""
    known = list(promises)
    found = best(known, payer_code=payer_code, day=day)
    if found is None:
        others = sorted({each.payer_code for each in known})
        if others:
            return f"the only payment commitments known are of {', '.join(others)}"
        return "no payment commitment is known"
    if found.covers(day):
        return ""
    if day > found.valid_until:
        return (
            f"the payment commitment of {found.communicated} was valid until "
            f"{found.valid_until}"
        )
    return (
        f"the payment commitment of {found.communicated} is for an insurance from "
        f"{found.insured_from or 'a day not told'} to "
        f"{found.insured_until or 'a day not told'}"
    )

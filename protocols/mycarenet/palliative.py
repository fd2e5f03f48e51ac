"""Palliative notifications (message 420000): how far back, and what a refusal means.

After the payers' FAQ: the doctor's notification must be registered first; the
nurse's may reach back at most ten days; it is refused while the doctor's is not
there, and accepted after all if the doctor puts that right within 30 days of the
refusal.  Only care after both may be billed as a palliative lump sum.  The numbers
are `data/palliative.csv`.

The FAQ calls the notification 420900, the public schema 420000 and its answer
420900; here the schema's words count.  The code of that reason of refusal is not
public: 901 is SIMULATED, and stands in the same table.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

REFUSED: Final = "5"
"""The decision "refused" in the simulated form of the answer."""


class PalliativeRules(NamedTuple):
    """The payers' numbers: days, and the code of a refusal that may be undone."""

    days_back: int
    days_to_regularise: int
    doctor_missing: str


class Stand(StrEnum):
    """Where a palliative notification stands."""

    ACCEPTED = "accepted"
    OPEN = "open"  # refused, but the doctor may still put it right
    REFUSED = "refused"


@cache
def palliative_rules() -> PalliativeRules:
    """Return the rules as the table has them."""
    file = resources.files("protocols.mycarenet") / "data" / "palliative.csv"
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    told = {row["rule"]: row["value"] for row in rows}
    return PalliativeRules(
        days_back=int(told["days_back"]),
        days_to_regularise=int(told["days_to_regularise"]),
        doctor_missing=told["doctor_missing"],
    )


def earliest_start(notified: date) -> date:
    """Return the first day that a notification made on a day may reach back to."""
    return notified - timedelta(days=palliative_rules().days_back)


def may_start(start: date, *, notified: date) -> bool:
    """Say whether a notification may name a first day."""
    return start >= earliest_start(notified)


def open_until(refused: date) -> date:
    """Return the last day on which the doctor's notification undoes a refusal."""
    return refused + timedelta(days=palliative_rules().days_to_regularise)


def stand(*, result: str, reason: str, answered: date, today: date) -> Stand:
    """Say where a notification stands, given the payer's answer to it."""
    if result != REFUSED:
        return Stand.ACCEPTED
    may_be_undone = reason == palliative_rules().doctor_missing
    if may_be_undone and today <= open_until(answered):
        return Stand.OPEN
    return Stand.REFUSED


def accepted_after_all(*, refused: date, doctor_notified: date) -> bool:
    """Say whether the doctor's notification undoes a refusal for its lack."""
    return refused <= doctor_notified <= open_until(refused)

"""What `sandbox.toml` says: how fast the sandbox's payers are, and what they do when.

It comes with the program and is no setting: vendors everywhere meet the same table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from config.directory_records import Within
from config.reader import Table

_FILE: Final = Path(__file__).parent / "sandbox.toml"
NUMBER_DIGITS: Final = 3
AMOUNT_DIGITS: Final = 2
_DAY: Final = 86_400.0


class Does(StrEnum):
    """What a payer of the sandbox may do."""

    PAY = "pay"
    REJECT = "reject"
    LOWER = "lower"
    REFUSE_LOT = "refuse-lot"
    SILENCE = "silence"
    NEVER_PAY = "never-pay"
    LATE = "late"
    DOUBLE = "double"
    CUT = "cut"
    MISNAME = "misname"
    UNREACHABLE = "unreachable"
    REFUSE_FILE = "refuse-file"
    UNCLEAR = "unclear"


OF_CLAIMS: Final = frozenset({Does.PAY, Does.REJECT, Does.LOWER})
"""What is done with one invoice; all else is done with its whole lot."""


@frozen(kw_only=True)
class Outcome:
    """One row of the table: chosen by these last digits; `reason` is a network's word."""

    name: str
    number: str
    amount: str
    does: Does
    words: str
    reason: str = ""


PAID: Final = Outcome(
    name="paid",
    number="",
    amount="",
    does=Does.PAY,
    words="the lot is acknowledged, and the invoice is paid in full",
)
"""What happens to an invoice that chooses nothing."""


@frozen(kw_only=True)
class Sandbox:
    """The whole file; `working_day` is in seconds, the rest in such days or shares."""

    working_day: float
    answers_after: float
    late_by: int
    again_after: int
    outcomes: Sequence[Outcome]

    def outcome(self, number: str, cents: int) -> Outcome:
        """Choose what happens to an invoice, by its number first, then by its amount."""
        digits = "".join(each for each in number if each.isdigit())
        ending = f"{cents % 10**AMOUNT_DIGITS:0{AMOUNT_DIGITS}}"
        by_number = (
            each for each in self.outcomes if digits[-NUMBER_DIGITS:] == each.number
        )
        by_amount = (each for each in self.outcomes if ending == each.amount)
        return next(by_number, None) or next(by_amount, PAID)

    def shortened(self, within: Within) -> Within:
        """Return a delay as the sandbox's clock has it.

        Half a day of the sandbox is as short as that makes it; what was shorter stays.
        """
        days = within.working_days + within.seconds / _DAY
        least = min(within.seconds, self.working_day / 2)
        return Within(0, max(days * self.working_day, least))


@cache
def sandbox() -> Sandbox:
    """Read the file that comes with the program."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    time = found["time"]
    mistakes: list[Any] = []
    day = Table(time, mistakes, file=_FILE.name).duration("working_day")
    return Sandbox(
        working_day=day,
        answers_after=time["answers_after"],
        late_by=time["late_by"],
        again_after=time["again_after"],
        outcomes=tuple(
            Outcome(**{**each, "does": Does(each["does"])}) for each in found["outcome"]
        ),
    )

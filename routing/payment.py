"""A payer's word that money is to come: by which reference it is known, and until when.

No message says that it came; a statement of the bank does, and `remittance` ties the
two.  When a network's payers announce a payment is that network's rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

RULE: Final = "payment_days"
"""The key of a payer's rules: how many days after the sending it pays."""
USUAL_DAYS: Final = 14
"""Days after the sending, unless the payer's rules say otherwise."""
_MOST_DAYS: Final = 365
_ENDS: Final = re.compile(r"^[\W_]+|[\W_]+$")


class PaymentSeen(NamedTuple):
    """A transfer as an answer announces it; `account` is the payer's name of the account.

    One transfer has one line for each account, whatever it is made of.
    """

    reference: str
    account: str
    cents: int


def reference_key(reference: str) -> str:
    """Return the form of a reference that is compared.

    Banks put blanks in, and let no reference begin or end with a `/` (SEPA's rule).
    """
    return _ENDS.sub("", "".join(reference.split())).upper()


def due_on(sent_on: date, rules: Mapping[str, object]) -> date:
    """Return the day by which a payer pays what was sent on a day."""
    days = rules.get(RULE, USUAL_DAYS)
    return sent_on + timedelta(days=days if isinstance(days, int) else USUAL_DAYS)


def check_rule(rules: Mapping[str, object]) -> Iterator[str]:
    """Say what is wrong in a payer's rule, for the directory's loader."""
    days = rules.get(RULE, USUAL_DAYS)
    right = isinstance(days, int) and not isinstance(days, bool)
    if not right or not 1 <= int(str(days)) <= _MOST_DAYS:
        yield f"{RULE}: is {days!r}; wanted a number of days from 1 to {_MOST_DAYS}"

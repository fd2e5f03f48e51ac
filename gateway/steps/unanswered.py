"""Requests for a second person's word that nobody answers are withdrawn, and may be made anew.

Nothing of what was asked for is done.  A lot's chase goes on without the remedy, to
other remedies or to a person, who can have it chased anew; a bulk's case is closed, and
its things are free to be asked for again.
"""

from __future__ import annotations

from typing import Final

from gateway.committing import Tx
from gateway.journal import approvals
from gateway.steps import second_person

_AT_ONCE: Final = 100


def withdraw(tx: Tx, within: float) -> None:
    """Withdraw what waits for a second person's word for more than so many seconds.

    At most a hundred of a kind; what is left has its turn next time.
    """
    asked_before = tx.now - within
    approvals.withdraw(tx, asked_before, _AT_ONCE)
    second_person.withdraw(tx, asked_before, _AT_ONCE)

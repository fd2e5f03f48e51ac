"""Numbers that a payer takes once only: who used one, and what may be done with it.

Some payers hold a register of the numbers of the lots that a sender sent them in a
year.  The register here is over all clients and programs of a sender, and knows the
numbers used before Octway as well.  What may be done is each network's own rule.
"""

from __future__ import annotations

from typing import NamedTuple

from routing.envelope import Outcome


class NumberUse(NamedTuple):
    """One use of a number: by a lot that left or will, or before Octway (`lot` empty).

    `said` is what the payer said since, by kind of return, of the lot or its claims.
    """

    lot: str
    said: frozenset[tuple[str, Outcome]] = frozenset()


class NumberRuling(NamedTuple):
    """What a number's uses mean for a lot that bears it too.

    `state` is one word of the network's own.  If the lot may not go now, it `waits`
    for a payer's word that may free the number, or never goes under it.  `words` say
    why, `advice` what may be done now.
    """

    state: str
    may_go: bool
    waits: bool
    words: str
    advice: str


FREE = NumberRuling("free", True, False, "nobody used the number", "")
"""The ruling of a network whose payers hold no such register."""

"""Finding a payer by what a card or an attestation tells, through a network's tables.

A network that can (`Network.payer_finder`) says what it may be told, and answers with
every step: `octway payer route` shows it, and so may a door.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple, Protocol

from attrs import frozen

DECIDED: Final = "decided"
AMBIGUOUS: Final = "ambiguous"
NOBODY: Final = "none"


class SearchStep(NamedTuple):
    """One step: the table it looked into, the row it took (0: none) and why."""

    table: str
    row: int
    why: str


@frozen(kw_only=True)
class FoundPayer:
    """What tables make of an identity.

    `outcome` is `DECIDED`, `AMBIGUOUS` or `NOBODY`.  `code` is the payer's in the
    directory, empty where nothing is sent to a payer of its own.  `words` say it in a
    sentence, `facts` by name; each of `candidates` says what `facts` would then be.
    """

    outcome: str
    code: str
    words: str
    facts: Mapping[str, str]
    steps: tuple[SearchStep, ...]
    candidates: tuple[Mapping[str, str], ...]


class PayerFinder(Protocol):
    """Finds the payer of an identity.  `asks` says in words what may be told, by name."""

    asks: Mapping[str, str]

    def find(
        self,
        told: Mapping[str, str],
        *,
        day: date,
        tables: Mapping[str, Sequence[Mapping[str, str]]],
    ) -> FoundPayer:
        """Decide with a directory's tables, as of a day; never raises for what is told.

        What `asks` does not name is not looked at; what is not told is left open.
        """
        ...

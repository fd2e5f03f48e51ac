"""What a network must offer whose payers take supporting documents with claims.

A document is no billing file: no claim is in it and no money.  It becomes a lot of the
flow `attachment` without claims, which names the invoice that it belongs to, and goes
once the payer has acknowledged that invoice's lot.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import BinaryIO, Final, NamedTuple, Protocol

from protocols.sending import Addressee, Composed, Emitter, LotPart
from routing.envelope import LotSeen, Problem


class About(NamedTuple):
    """The invoice that a document belongs to, as the network compares numbers."""

    sender: str
    lot: str
    invoice: str


UNLIMITED: Final = 3
"""The exit status of a checker that could not set its own limits, and read nothing."""


class Checker(NamedTuple):
    """A program that tells facts of a document, which it reads from standard input.

    It limits itself in memory and work; whoever starts it ends it after `seconds`.  A
    document of more bytes than `largest` is refused without it.
    """

    command: Sequence[str]
    seconds: float
    largest: int


class Attachments(Protocol):
    """Supporting documents of a network.

    `format` names them in the journal, `naming` says to people how a file must be
    named.  `lasts` are the seconds within which one is sent, or goes by paper, and for
    which it waits for its claim.
    """

    format: str
    naming: str
    lasts: float
    checker: Checker

    def recognise(self, head: bytes) -> bool:
        """Say whether a file that begins so claims to be a document."""
        ...

    def about(self, filename: str) -> About | None:
        """Read from a file's name which invoice it belongs to; None: it does not say."""
        ...

    def sample(self, rng: Random, about: About) -> bytes:
        """Make an invented document that breaks no rule, and says that it is invented.

        The same arguments give the same bytes.
        """
        ...

    def lot(self, about: About, *, sha256: str, size: int) -> LotSeen:
        """Make the lot that a document is; its content is not judged."""
        ...

    def judge(self, told: bytes, *, size: int) -> Sequence[Problem]:
        """Say what is wrong in a document of which the checker told facts."""
        ...

    def compose(
        self,
        parts: Sequence[LotPart],
        *,
        addressee: Addressee,
        emitter: Emitter,
        number: int,
        day: str,
        into: BinaryIO,
    ) -> Composed:
        """Write one file for one payer from documents, as `Network.compose` does."""
        ...

"""What a network may bring so that its vendors and payers can be simulated.

The demo, the no-response study and their tests know nothing of a format: all that
they do with one goes through `Simulation`.  A network without one works as well, it
is only left out there.  Everything is pure: randomness and days are arguments, and
no file is opened.  SIMULATED, all of it: no real payer has promised to behave so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import NamedTuple, Protocol

from attrs import field, frozen

from protocols.sending import Emitter
from protocols.simulated_payer import Faults, SimulatedReturn
from routing.envelope import Level


@frozen(kw_only=True)
class Sender:
    """Somebody invented in whose name files are made; `kind` in the network's words."""

    network: str
    number: str
    name: str
    kind: str = ""


@frozen(kw_only=True)
class Order:
    """A vendor's file that is wanted: whole lots of one sender, for one payer.

    `code` and `rules` are the payer's in the directory.  Lots and claims are numbered
    onwards from the first ones; `day` is ISO.  `style` is one of the simulation's, or
    empty for the plainest.
    """

    sender: Sender
    code: str
    lots: int
    claims: int  # in each lot
    day: str
    file: int
    first_lot: int
    first_claim: int
    rules: Mapping[str, object] = field(factory=dict)
    style: str = ""


class Spoilt(StrEnum):
    """How a vendor's file is made bad: a reader of the network must find an error."""

    TRUNCATED = "truncated"  # ends in the middle of a record
    WRONG_TOTALS = "wrong-totals"  # the sums of a lot do not add up


class Promised(NamedTuple):
    """An answer that the network's simulated payers give to each lot or claim.

    `within` is promised in working days, `demo_within` in the days of a demo's payer.
    """

    kind: str
    level: Level
    within: int
    demo_within: int


@frozen(kw_only=True)
class Profile:
    """A payer of the study; delays in its working days: quickest, usual, slowest.

    They are those of its last answer, and `within` is what it promises of that one.
    `same_number`: it recognises a file that comes again.  `calendar` is what its
    directory file says of its days.
    """

    id: str
    code: str
    within: int
    delays: tuple[int, int, int]
    same_number: bool
    calendar: str = ""
    zone: str = "Europe/Paris"

    @property
    def name(self) -> str:
        """Its name for people."""
        return f"{self.id.replace('-', ' ').title()} (simulated)"


@frozen(kw_only=True)
class SentLot:
    """A lot in the hands of its payer: who billed, and how many claims.

    `key` is what answers are matched by.  `content` is what the payer keeps of it,
    and only the network that read it can read that again.
    """

    key: str
    sender: str
    claims: int
    content: bytes = field(repr=False)


class Document(NamedTuple):
    """A supporting document of a vendor: its name tells to which claim it belongs."""

    name: str
    content: bytes


class SentFile(NamedTuple):
    """A file in the hands of its payer; `ident` tells a number that comes again."""

    ident: str
    lots: Sequence[SentLot]


class Decided(NamedTuple):
    """What is said of one claim: how much of it is paid, in per cent, and why not all.

    `reason` is one of the simulation's `reasons`; without one, all is paid.
    """

    share: int = 100
    reason: str = ""


class Told(NamedTuple):
    """A lot to be answered; `alteration` is how its numbers are spoilt, if they are.

    `decided` says what is decided of each of its claims, in their order; empty: as the
    simulation does.  `refused`: the first of the answers that can says that the
    lot is refused as a whole.
    """

    lot: SentLot
    alteration: str = ""
    decided: Sequence[Decided] = ()
    refused: bool = False


class ReturnFile(NamedTuple):
    """A file in a payer's outbox."""

    name: str
    content: bytes


class SimulatedPayer(Protocol):
    """One payer of the demo: takes files, decides, and remembers.

    `seen` is all that it remembers, plain values for JSON; given to
    `Simulation.payer` it is the same payer again.
    """

    @property
    def seen(self) -> Mapping[str, object]:
        """All that it remembers."""
        ...

    def respond(
        self, content: bytes, *, rng: Random, day: str
    ) -> Sequence[SimulatedReturn]:
        """Take a file on an ISO day; return what is sent back for it."""
        ...

    def repeat(
        self, content: bytes, *, rng: Random, day: str
    ) -> Sequence[SimulatedReturn]:
        """Return anew what was sent back for a file: decided as the first time."""
        ...

    def has(self, lot: str) -> bool:
        """Say whether a lot was taken, by its match key."""
        ...

    def knows(self, sender: str) -> bool:
        """Say whether a sender whose lots came so far is known."""
        ...

    def register(self, sender: str) -> None:
        """Know a sender from now on, whatever the faults say."""
        ...


class LineFault(StrEnum):
    """What may go wrong on the line to a simulated payer."""

    CUT_LATE = "cut-late"  # it goes when a file is taken, before anybody has said so
    CUT_EARLY = "cut-early"  # it goes in the middle of a file
    SLOW = "slow"
    LOCKED_OUT = "locked-out"


Took = Callable[[str, str, bytes], None]
"""Hands on a file that was taken: the payer's code, the file's name, its content."""


class SimulatedHost(Protocol):
    """What stands between a gateway and the demo's payers where it is no SFTP server.

    `place` is what `Simulation.demo_files` needs to know of it.  Thread-safe.
    """

    @property
    def place(self) -> Mapping[str, str]:
        """How it is reached."""
        ...

    def give(self, code: str, content: bytes) -> str:
        """Take a payer's return to be fetched; say what it is called there."""
        ...

    def waiting(self) -> Collection[str]:
        """Say which returns are still there to be fetched, as `give` called them."""
        ...

    def dial(self, fault: LineFault | None) -> None:
        """Have its line fail from now on; None: not any more."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class OpenHost(Protocol):
    """Opens a host in a folder of its own; it calls `took` in a thread of its own."""

    def __call__(
        self, folder: Path, *, took: Took, now: Callable[[], float], rng: Random
    ) -> SimulatedHost:
        """Open it; it listens from then on."""
        ...


class Simulation(Protocol):
    """A network's simulated senders, vendors' software and payers.

    `country` (ISO 3166) is where vendors and payers have their holidays, `emitter`
    who a gateway is to them.  `suffix` ends the names of vendors' files, `styles` are
    the kinds of them that there are.  `answers` are what a payer gives, in the order
    in which they come: the last one closes a claim.  `refuses` is the one that can
    refuse a whole lot; `reasons` are the payers' codes for not paying a claim in full, by
    words that all networks share.  `alterations` are the ways in
    which a payer may spoil numbers; each can be put right by a careful reader.  Where
    there are none, or where no code ever ends (`merges` is false), a study leaves the
    fault out.  `nobody` is a code that belongs to no payer of demo or study.
    `documents` is the flow of supporting documents; empty where there are none.
    `open_host` opens what the demo's payers are reached through; None: they are users
    of an SFTP server, and have a desk that can be asked there.
    """

    country: str
    emitter: Emitter
    suffix: str
    styles: Sequence[str]
    answers: Sequence[Promised]
    refuses: str
    reasons: Mapping[str, str]
    alterations: Sequence[str]
    merges: bool
    nobody: str
    documents: str
    profiles: Sequence[Profile]

    @property
    def open_host(self) -> OpenHost | None:
        """How the demo's payers are reached, if not over SFTP."""
        ...

    def sender(self, rng: Random) -> Sender:
        """Invent a sender whose number is right in itself."""
        ...

    def lot_key(self, sender: Sender, day: str, number: int) -> str:
        """Return the match key of a lot of this number (1 to 999) in a `bill`."""
        ...

    def bill(self, rng: Random, order: Order) -> bytes:
        """Make a valid file; the same arguments give the same bytes."""
        ...

    def document(
        self, rng: Random, sender: Sender, *, lot: int, claim: int
    ) -> Document:
        """Make a valid supporting document of a claim in a `bill`, by its numbers.

        Only asked for where `documents` names a flow.
        """
        ...

    def spoil(self, content: bytes, how: Spoilt, rng: Random) -> bytes:
        """Return a valid file made bad, and still recognised as what it is."""
        ...

    def merged_code(self, merger: int, profile: int) -> str:
        """Return the code of what was merged into the n-th profile by the n-th merger.

        Only asked for where `merges` is true.  No two are the same, and none is a profile's own; mergers go from 0 to 59.
        """
        ...

    def rules(self, code: str) -> Mapping[str, str]:
        """Return the directory's rules for a payer of the study with this code."""
        ...

    def demo_files(self, place: Mapping[str, object]) -> Mapping[str, str]:
        """Return the payers of the demo as files of the directory, by their names.

        `place` is their host: `host`, `port`, `key_file`, `host_key`, or what `open_host`
        says of itself.  The user of each is its id, which is the stem of its file's
        name; files in folders are no payers.
        """
        ...

    def read_sent(self, content: bytes) -> SentFile:
        """Read a file that a gateway composed; it is believed to be sound."""
        ...

    def answer(
        self, kind: str, lots: Sequence[Told], *, number: int, day: date
    ) -> Sequence[ReturnFile]:
        """Write one of the `answers` for lots, paid but for a share that stays the same.

        Or as it was `decided`; lots that are refused are so in files of their own.
        `number` is the payer's own and used once: no two names are alike.
        """
        ...

    def payer(
        self, code: str, faults: Faults, seen: Mapping[str, object] | None = None
    ) -> SimulatedPayer:
        """Open the payer of the demo that has a code, with what it remembers."""
        ...

"""A union of the demo: the simulated payer, and which sendings it has by their keys.

A union itself tells sendings by third-party payer, year and number, as real ones do;
who asks its desk for one names it by the key of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import TypedDict, cast

from protocols.mycarenet.payer_simulator import Seen, Union
from protocols.mycarenet.payer_simulator_sent import read_lots
from protocols.simulated_payer import Faults, SimulatedReturn


class Memory(TypedDict):
    """What is kept: the union's own memory, and by key the sendings that it has."""

    union: Seen
    lots: dict[str, str]


class SimulatedUnion:
    """A `protocols.simulation.SimulatedPayer`."""

    def __init__(
        self, code: str, faults: Faults, seen: Mapping[str, object] | None
    ) -> None:
        kept = cast(Memory, seen) if seen else None
        self._union = Union(
            code=code, faults=faults, seen=kept["union"] if kept else None
        )
        self.seen: Mapping[str, object] = Memory(
            union=self._union.seen, lots=kept["lots"] if kept else {}
        )

    def respond(
        self, content: bytes, *, rng: Random, day: str
    ) -> list[SimulatedReturn]:
        """Take a file on an ISO day; one that comes again is refused as a double."""
        made = self._union.respond(content, rng=rng, day=day)
        for lot in read_lots(content):
            if lot.key in self._union.seen["sendings"]:
                self._lots.setdefault(lot.seen.match_key, day)
        return made

    def repeat(self, content: bytes, *, rng: Random, day: str) -> list[SimulatedReturn]:
        """Return anew what was sent back for a file."""
        return self._union.repeat(content, rng=rng)

    def has(self, lot: str) -> bool:
        """Say whether a sending was taken."""
        return lot in self._lots

    def knows(self, sender: str) -> bool:
        """Say whether a third-party payer whose sendings came so far is known."""
        return self._union.knows(sender)

    def register(self, sender: str) -> None:
        """Know a third-party payer from now on."""
        self._union.register(sender)

    @property
    def _lots(self) -> dict[str, str]:
        return cast(Memory, self.seen)["lots"]

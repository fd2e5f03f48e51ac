"""One mailbox of a simulated MyCareNet: what lies there until it is confirmed."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field

from protocols.mycarenet.genasync_blob import digest_of
from protocols.mycarenet.genasync_hub_answers import TackMade, Waiting


@define(eq=False)
class Box:
    """Messages and TAcks; `asked_at` is when a `get` was last answered."""

    messages: list[Waiting] = field(factory=list)
    tacks: list[TackMade] = field(factory=list)
    asked_at: float | None = None
    _given: set[bytes] = field(factory=set)

    def due(self, now: float) -> int:
        """Count the messages that may be given by now."""
        return sum(each.at <= now for each in self.messages)

    def messages_due(self, now: float, most: int) -> list[Waiting]:
        """Give the oldest messages, again and again until they are confirmed."""
        shown = [each for each in self.messages if each.at <= now][:most]
        self._given.update(digest_of(each.content) for each in shown)
        return shown

    def tacks_due(self, most: int) -> list[TackMade]:
        """Give the oldest TAcks, likewise."""
        shown = self.tacks[:most]
        self._given.update(each.proof for each in shown)
        return shown

    def confirm(self, digests: Iterable[bytes], proofs: Iterable[bytes]) -> int:
        """Take out what is confirmed; return how many hashes were never given.

        If there is one of those, nothing is taken out.  What was taken out before
        may be confirmed again.
        """
        digests, proofs = set(digests), set(proofs)
        unknown = (digests | proofs) - self._given
        if unknown:
            return len(unknown)
        self.messages = [
            each for each in self.messages if digest_of(each.content) not in digests
        ]
        self.tacks = [each for each in self.tacks if each.proof not in proofs]
        return 0

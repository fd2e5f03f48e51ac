"""What became of the answers of one return, counted while it is read in chunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import define, field

from gateway.steps.tie import Tied


@define
class Tally:
    """Counts of one reading; `orphans` and `strange` were not seen before.

    `foreign` counts what another payer alone may say, by payer; `absurd` what
    cannot be meant, by why.
    """

    count: int = 0
    matched: int = 0
    orphans: int = 0
    strange: int = 0
    foreign: Counter[str] = field(factory=Counter)
    absurd: Counter[str] = field(factory=Counter)

    @property
    def share(self) -> str:
        """How much was matched, in one word of a closed set."""
        if self.matched == self.count:
            return "all"
        return "part" if self.matched else "none"

    def add(
        self, size: int, tied: Sequence[Tied], known: Mapping[int, str | None]
    ) -> None:
        """Count a chunk of `size` answers, of which `tied` were not tied before."""
        self.count += size
        self.matched += size - len(tied)
        self.matched += sum(each.rule is not None for each in tied)
        left = [each for each in tied if each.rule is None]
        self.foreign.update(each.foreign for each in left if each.foreign)
        new = [each for each in left if each.seq not in known]
        self.strange += sum(bool(each.foreign) for each in new)
        self.absurd.update(each.absurd for each in new if each.absurd)
        self.orphans += sum(not each.foreign and not each.absurd for each in new)

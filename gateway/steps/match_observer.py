"""What the matching of returns tells whoever counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from gateway.steps.tie import Tied


class MatchObserver(Protocol):
    """Counts answers."""

    def answered(
        self, payer: str, flow: str, kind: str, outcome: str, delay: float | None
    ) -> None:
        """Note one claim's closing answer, and the seconds since it was sent."""
        ...

    def lot(self, payer: str, flow: str, state: str, count: int = 1) -> None:
        """Note lots that came into a state."""
        ...

    def returned(self, payer: str, kind: str, matched: str) -> None:
        """Note one return: `all`, `part` or `none` of its answers matched."""
        ...

    def remedy(self, payer: str, remedy: str, outcome: str) -> None:
        """Note what a remedy brought."""
        ...

    def orphans(self, payer: str, count: int) -> None:
        """Note answers that found no claim."""
        ...

    def tied(self, payer: str, how: str, count: int) -> None:
        """Note answers by how they were tied: a rule, `repeated`, `orphan` or so."""
        ...


def count_tied(
    observe: MatchObserver, tied: Sequence[Tied], kind: str, now: float
) -> None:
    """Tell of answers by how they were tied, and how long those that close took."""
    hows: Counter[tuple[str, str]] = Counter()
    for each in tied:
        done = each.applied
        hows["" if done is None else done.payer, each.how] += 1
        if done is not None and done.closed:
            delay = None if done.sent_at is None else now - done.sent_at
            observe.answered(done.payer, done.flow, kind, each.answer.outcome, delay)
    for (payer, how), count in hows.items():
        observe.tied(payer, how, count)

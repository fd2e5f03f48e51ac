"""What a life is: states, events, and the table between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

from routing.errors import IllegalTransition

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@frozen(kw_only=True)
class Lifecycle(Generic[S, E]):
    """The life of one kind of row.

    A row in one of `final` owes no more work; only an event of `revive` (a
    person's, or a late payer's) leads out of it.  States and events are
    `StrEnum`, and the values are what the journal stores.
    """

    name: str
    initial: S
    final: frozenset[S]
    table: Mapping[tuple[S, E], S]
    revive: frozenset[E] = frozenset()

    @property
    def states(self) -> tuple[S, ...]:
        """Every state, in the order of its enumeration."""
        return tuple(type(self.initial))

    def allowed(self, state: S) -> tuple[E, ...]:
        """Return the events that are legal in `state`."""
        return tuple(event for before, event in self.table if before == state)

    def next_state(self, state: S, event: E) -> S:
        """Return the state after `event`, or raise `IllegalTransition`."""
        try:
            return self.table[state, event]
        except KeyError:
            legal = ", ".join(sorted(self.allowed(state))) or "nothing"
            raise IllegalTransition(
                f"{self.name}: {event} is not allowed in state {state}; allowed: {legal}"
            ) from None

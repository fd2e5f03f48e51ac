"""Counts what happens in sandboxes under one name, and never among real payers."""

from __future__ import annotations

from typing import Protocol

from gateway.steps.dispatch import DispatchObserver
from gateway.steps.match_observer import MatchObserver
from gateway.steps.remedies import RemedyObserver
from gateway.steps.route import RouteObserver
from routing import sandbox


class PayerObserver(
    RouteObserver, DispatchObserver, MatchObserver, RemedyObserver, Protocol
):
    """Counts everything that is counted by payer."""


class Together:
    """Hands counts on; every payer of a sandbox is called `sandbox`."""

    def __init__(self, observe: PayerObserver) -> None:
        self._observe = observe

    def lot(self, payer: str, flow: str, state: str, count: int = 1) -> None:
        """Note lots that came into a state."""
        self._observe.lot(_plain(payer), flow, state, count)

    def attempt(self, payer: str, outcome: str) -> None:
        """Note the outcome of one attempt, or of asking."""
        self._observe.attempt(_plain(payer), outcome)

    def answered(
        self, payer: str, flow: str, kind: str, outcome: str, delay: float | None
    ) -> None:
        """Note one claim's closing answer; how fast a sandbox is says nothing."""
        told = None if sandbox.read(payer) else delay
        self._observe.answered(_plain(payer), flow, kind, outcome, told)

    def returned(self, payer: str, kind: str, matched: str) -> None:
        """Note one return."""
        self._observe.returned(_plain(payer), kind, matched)

    def orphans(self, payer: str, count: int) -> None:
        """Note answers that found no claim."""
        self._observe.orphans(_plain(payer), count)

    def tied(self, payer: str, how: str, count: int) -> None:
        """Note answers by how they were tied."""
        self._observe.tied(_plain(payer), how, count)

    def remedy(self, payer: str, remedy: str, outcome: str) -> None:
        """Note what a remedy brought."""
        self._observe.remedy(_plain(payer), remedy, outcome)


def _plain(payer: str) -> str:
    return payer if sandbox.read(payer) is None else sandbox.PLAIN

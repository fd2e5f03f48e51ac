"""Keeps the gauges about rows fresh, and never busy: what takes long is counted rarely.

A count that took a second is not made again for a minute; on a small journal that
is every tick, on one of ten million expectations it is a few times an hour.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import evolve

from gateway.clock import Now
from gateway.database import Database
from gateway.journal import ledger_rounds, snapshot
from gateway.journal.ledger_rounds import Round
from gateway.journal.snapshot import Snapshot
from routing.directory import Directory

_REST: Final = 60.0  # times as long as a count took


class Gauging:
    """Takes snapshots of one journal, one after the other."""

    def __init__(
        self,
        database: Database,
        directory: Callable[[], Directory],
        now: Now,
        monotonic: Callable[[], float],
    ) -> None:
        self._database = database
        self._directory = directory
        self._now = now
        self._monotonic = monotonic
        self._last: Snapshot | None = None
        self._rests_until = 0.0
        self._round: Round | None = None

    def newest(self) -> Snapshot | None:
        """Return what was counted last; None before the first count."""
        return self._last

    def take(self) -> Snapshot:
        """Count, blocking; what takes long only if it is time for it.

        The books are looked at a piece at a time.
        """
        now = self._now()
        taken = self._database.read(snapshot.take, now, self._last)
        self._round = self._database.read(ledger_rounds.look, self._round)
        taken = evolve(taken, imbalance=self._round.imbalance)
        began = self._monotonic()
        if self._last is None or began >= self._rests_until:
            directory = self._directory()
            taken = self._database.read(snapshot.count, now, directory, taken)
            ended = self._monotonic()
            self._rests_until = ended + _REST * (ended - began)
        self._last = taken
        return taken

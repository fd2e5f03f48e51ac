"""One run of a study: the real steps, turn after turn of a virtual day.

Nothing here knows what is going to go wrong; it moves the clock, lets vendors send
and payers work, and has every step run until it finds nothing to do.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from attrs import frozen
from prometheus_client import CollectorRegistry
from twisted.internet.defer import maybeDeferred

from gateway.house import House
from gateway.intake.receipts import ReceiptSigner, read_signer
from gateway.intake.reception import Reception
from gateway.metrics import Metrics
from gateway.simulator import study_house
from gateway.simulator.study_faults import Faults
from gateway.simulator.study_house import Clock
from gateway.simulator.study_measured import Measured, measure
from gateway.simulator.study_payers import KNOWN_AFTER, Merger, merger_of
from gateway.simulator.study_plan import Plan, deal
from gateway.simulator.study_timing import (
    OPENS_AT,
    SENDS_AT,
    TURNS_AT,
    moment,
    turns_of,
)
from gateway.simulator.study_vendors import Vendors
from gateway.simulator.study_world import World
from gateway.supervise import Step
from gateway.workshop import build_steps
from protocols.catalog import Catalog

_TRACKING: Final = frozenset({"watch", "chase"})
_ELSEWHERE: Final = frozenset({"collect", "seal", "tell", "deliver", "tidy"})
"""Steps out of the turn: outboxes are looked into by the hour, nobody asks for receipts or is told."""
_COLLECTS_AT: Final = (OPENS_AT, TURNS_AT[-1])
_PASSES: Final = 4  # of tracking in a turn, at most
_TICK: Final = 1.0  # seconds between two passes


@frozen(kw_only=True)
class StudyOptions:
    """What a study is asked for; `networks` are those whose payers are in it.

    Without any it has all that bring a simulation.
    """

    claims: int
    days: int
    seed: int
    faults: Faults
    networks: tuple[str, ...] = ()

    def plan(self, catalog: Catalog) -> Plan:
        """Deal the plan; every run of a study deals the same."""
        return deal(
            [
                each
                for each in catalog.simulated()
                if not self.networks or each.name in self.networks
            ],
            claims=self.claims,
            days=self.days,
            seed=self.seed,
            faults=self.faults,
        )


def mergers_of(plan: Plan) -> tuple[Merger, ...]:
    """Return the mergers of a study: those that lots may meet."""
    last = max((lot.day for lot in plan.lots), default=0)
    days = range(0, last + 1, KNOWN_AFTER)
    return tuple(merger_of(day) for day in days)


class Run:
    """One run; `tracked` says whether the gateway watches and chases.

    `monotonic` gives real seconds, only for saying how long it took.
    """

    def __init__(
        self,
        options: StudyOptions,
        *,
        tracked: bool,
        folder: Path,
        catalog: Catalog,
        monotonic: Callable[[], float],
    ) -> None:
        self._plan = options.plan(catalog)
        self._mergers = mergers_of(self._plan)
        self._monotonic = monotonic
        self._clock = Clock(moment(0, 0))
        self._house = study_house.build(
            folder,
            self._plan,
            self._mergers,
            self._clock,
            catalog=catalog,
            tracked=tracked,
        )
        metrics = Metrics(CollectorRegistry(), version="study")
        self._world = World(
            self._plan, self._mergers, self._house.directory().calendar, self._clock
        )
        signer = read_signer(self._house.settings.receipts.key_file)
        self._vendors = Vendors(self._plan, _reception(self._house, metrics, signer))
        steps = build_steps(self._house, self._world.channel, metrics, signer)
        self._collect = steps.collect
        self._way = [
            each for each in steps.in_order() if each.name not in _TRACKING | _ELSEWHERE
        ]
        self._tracking: tuple[Step, ...] = (steps.watch, steps.chase) if tracked else ()

    def run(self, progress: Callable[[int], None]) -> Measured:
        """Live through every day; `progress` is told of each that is over."""
        began = self._monotonic()
        self._vendors.open_accounts(self._house.database)
        for day in range(self._plan.days):
            for hour in turns_of(day):
                self._turn(day, hour)
            progress(day + 1)
        measured = self._house.database.read(
            measure,
            paid_twice=self._world.paid_twice,
            seconds=self._monotonic() - began,
            memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )
        self._house.close()
        return measured

    def _turn(self, day: int, hour: int) -> None:
        self._clock.at = moment(day, hour)
        if hour == OPENS_AT:
            if any(each.known_on == day for each in self._mergers):
                study_house.publish(self._house, self._plan, self._mergers, day)
            self._world.work()
        if hour in SENDS_AT:
            lots = self._plan.sent_on(day, SENDS_AT.index(hour))
            self._vendors.send(list(lots))
        if hour in _COLLECTS_AT:
            self._collect.run_once()
        _exhaust(self._way)
        for _ in range(_PASSES):
            if not _exhaust(self._tracking):
                return
            self._clock.at += _TICK
            _exhaust(self._way)  # what is sent again goes the same way


def _exhaust(steps: Iterable[Step]) -> bool:
    """Run each step until it finds nothing to do; False if none did anything."""
    did = False
    for step in steps:
        while step.run_once():
            did = True
    return did


def _reception(house: House, metrics: Metrics, signer: ReceiptSigner) -> Reception:
    return Reception(
        database=house.database,
        payloads=house.payloads,
        signer=signer,
        now=house.now,
        entropy=house.entropy,
        run_in_thread=maybeDeferred,
        observe=metrics,
        least_free=house.settings.limits.free_space,
    )

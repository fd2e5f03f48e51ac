"""Small studies for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from config.calendar_files import read_own
from config.reader import Table
from gateway.simulator.study_faults import ALSO, MIX, Faults, PayerFaults
from gateway.simulator.study_measured import Measured
from gateway.simulator.study_payers import ids_of
from gateway.simulator.study_plan import Plan, deal
from gateway.simulator.study_run import Run, StudyOptions
from gateway.simulator.study_timing import Timing
from protocols.catalog import Catalog, Simulated
from protocols.sesam.network import SESAM
from protocols.sesam.simulation import SIMULATION
from routing.calendar import WorkCalendar

FRENCH = Simulated(SESAM, SIMULATION)
IDS = ids_of([FRENCH])
INSTALLED = Catalog.installed()


def faults(payers: Mapping[str, PayerFaults] | None = None, **shares: float) -> Faults:
    """Make faults of some shares; the others are 0."""
    return Faults(
        mix={name: shares.get(name, 0.0) for name in MIX},
        also={name: shares.get(name, 0.0) for name in ALSO},
        payers=payers or {},
    )


def plan(
    of: Faults | None = None, *, claims: int = 400, days: int = 60, seed: int = 1
) -> Plan:
    """Deal a small plan."""
    return deal([FRENCH], claims=claims, days=days, seed=seed, faults=of or faults())


def timings(of: Plan) -> list[Timing]:
    """Return the pace of every payer, whose calendars are the country's."""
    return [
        Timing(
            profile=each,
            calendar=WorkCalendar(
                read_own(Table({}, [], file="none"), {}, network.simulation.country),
                each.zone,
            ),
            faults=of.faults.of_payer(each.id),
            seed=of.seed,
        )
        for network in of.simulated
        for each in network.simulation.profiles
    ]


def measured(of: Plan, *, unanswered: frozenset[str] = frozenset()) -> Measured:
    """Make what a journal knows when all lots but some were answered on day 30."""
    return Measured(
        closed={
            lot.key: [(30, lot.claims)] for lot in of.lots if lot.key not in unanswered
        },
        missing={},
    )


def lived(
    folder: Path,
    options: StudyOptions,
    *,
    tracked: bool,
    catalog: Catalog = INSTALLED,
) -> Measured:
    """Live through one run."""
    run = Run(
        options,
        tracked=tracked,
        folder=folder,
        catalog=catalog,
        monotonic=lambda: 0.0,
    )
    return run.run(lambda day: None)

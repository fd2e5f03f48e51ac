"""Whole small studies: the real steps, with and without tracking."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from sqlalchemy import select

from config.settings import load
from gateway.journal import schema
from gateway.journal.dialect import open_engine
from gateway.simulator.study_faults import read_faults
from gateway.simulator.study_floor import beyond_remedy
from gateway.simulator.study_run import StudyOptions
from protocols.catalog import Catalog
from tests.gateway.simulator.study import IDS, INSTALLED, faults, lived, timings

BELGIAN = Catalog(
    networks=[
        EntryPoint(
            "mycarenet", "protocols.mycarenet.network:MYCARENET", "octway.networks"
        )
    ],
    channels=entry_points(group="octway.channels"),
)


def test_without_tracking_what_is_hit_stays_without_an_answer(tmp_path: Path) -> None:
    """The untracked run lacks exactly the claims that the default mix hits."""
    options = StudyOptions(
        claims=160, days=35, seed=5, faults=read_faults(None, IDS), networks=("sesam",)
    )
    plan, found = (
        options.plan(INSTALLED),
        lived(tmp_path / "run", options, tracked=False),
    )

    for lot in plan.lots:
        if not lot.late:  # one that is may be answered after the end
            assert found.answered(lot.key) == (0 if lot.fault else lot.claims), lot
    assert (found.imbalance, found.paid_twice) == (0, 0)
    assert found.missing == {}


@pytest.mark.parametrize("tracked", [False, True])
def test_the_same_seed_gives_the_same_result(tmp_path: Path, tracked: bool) -> None:
    """A study can be repeated to the last claim."""
    options = StudyOptions(
        claims=48,
        days=25,
        seed=2,
        faults=faults(lost_in_transit=0.3, late=0.3),
        networks=("sesam",),
    )
    first = lived(tmp_path / "first", options, tracked=tracked)
    second = lived(tmp_path / "second", options, tracked=tracked)

    assert (first.closed, first.missing) == (second.closed, second.missing)
    assert first.remedies == second.remedies


def test_with_tracking_only_the_floor_is_left(tmp_path: Path) -> None:
    """Every fault that can be mended is; nobody is paid twice, nobody is accused."""
    options = StudyOptions(
        claims=120,
        days=70,
        seed=4,
        faults=faults(
            lost_in_transit=0.15,
            misrouted=0.1,
            not_enrolled=0.1,
            return_lost=0.15,
            return_altered=0.1,
            refused_silently=0.1,
            never_answered=0.05,
        ),
        networks=("sesam",),
    )
    plan, found = (
        options.plan(INSTALLED),
        lived(tmp_path / "run", options, tracked=True),
    )
    floor = beyond_remedy(plan, timings(plan))
    lacking = {lot.key for lot in plan.lots if found.answered(lot.key) < lot.claims}

    assert lacking == floor
    assert (found.imbalance, found.paid_twice) == (0, 0)
    good = [lot for lot in plan.lots if not lot.fault]
    assert sum(found.missing.get(lot.key, 0) for lot in good) == 0


def test_belgian_unions_are_studied_as_french_funds_are(tmp_path: Path) -> None:
    """Receipt, verdict and settlement: what can be mended is, and nothing is orphaned."""
    options = StudyOptions(
        claims=60,
        days=70,
        seed=4,
        faults=faults(
            lost_in_transit=0.2,
            not_enrolled=0.2,
            return_lost=0.2,
            refused_silently=0.1,
            never_answered=0.1,
        ),
        networks=("mycarenet",),
    )
    plan = options.plan(BELGIAN)
    found = lived(tmp_path / "run", options, tracked=True, catalog=BELGIAN)
    lacking = {lot.key for lot in plan.lots if found.answered(lot.key) < lot.claims}
    engine = open_engine(
        load(tmp_path / "run" / "octway.toml", {}).database.url,
        write=False,
        connections=1,
    )
    with engine.connect() as connection:
        rules = set(connection.execute(select(schema.answer.c.rule)).scalars())
    engine.dispose()

    assert lacking == beyond_remedy(plan, timings(plan))
    assert (found.imbalance, found.paid_twice) == (0, 0)
    assert rules == {"exact"}

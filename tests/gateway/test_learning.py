"""What is learned is held, and learned again by the day or with the directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.committing import Tx
from gateway.journal.cohorts import Cohort
from gateway.learning import CurrentDelays
from routing.delays import Key
from routing.directory import Directory
from tests.engines import ENGINES, drop_database, new_database
from tests.gateway.journal.desk import Desk
from tests.routing.test_delays import KEY, directory, payer

DAY = 86_400.0


@pytest.fixture(params=ENGINES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    url = new_database(request.param, tmp_path)
    made = Desk(url)
    yield made
    made.close()
    drop_database(url)


def count(desk: Desk, payer: str) -> None:
    """Count a claim that was sent, and answered a day later."""
    cohort = Cohort(payer, "billing", "payment", "2026-11-09")

    def write(tx: Tx) -> None:
        tx.count(cohort, 1, 100)
        tx.count(cohort._replace(after=1), 1, 100)

    desk.write(write)


def test_delays_are_learned_by_the_day_or_with_a_new_directory(desk: Desk) -> None:
    """Between that nothing is read, and what is held never changes."""
    in_force: list[Directory] = [directory()]
    delays = CurrentDelays(desk.database, lambda: in_force[0], lambda: desk.at)
    assert delays().seen() == []
    count(desk, "p")
    assert delays().seen() == []
    delays.refresh()
    held = delays()
    assert held.seen() == [KEY]
    count(desk, "q")
    delays.refresh()
    assert delays() is held
    in_force[0] = Directory(directory(payer("q")).data)
    in_force[0].version = "another"
    delays.refresh()
    assert delays().seen() == [KEY, Key("q", "billing", "payment")]
    held = delays()
    desk.at += DAY - 1
    delays.refresh()
    assert delays() is held
    desk.at += 1
    delays.refresh()
    assert delays() is not held

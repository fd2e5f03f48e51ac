"""The program dies between any two steps, and nothing is lost, nothing doubled."""

from __future__ import annotations

from contextlib import closing

import pytest

from gateway.errors import StorageUnavailable
from gateway.journal import schema
from tests.gateway.steps import toy
from tests.gateway.steps.site import LEASE, SEGMENT_LIMIT, Site

DEPOSITS = {
    "alpha": toy.deposit("S1", "001 P1: 1=1000 2=2000"),
    "beta": toy.deposit("S2", "001 P1: 7=700", f"{'2' * SEGMENT_LIMIT} P2: 8=800"),
}


def live(site: Site, answered: set[str]) -> None:
    """Do what clients and payers do until they have what they want."""
    for client, content in DEPOSITS.items():
        if content not in site.accepted.values():
            site.deposit(content, client=client)
    site.run()
    for side in site.payers.values():
        for name, content in side.files().items():
            if name not in answered:
                side.answer(f"ack-{name}", toy.acknowledge(content))
                side.answer(f"pay-{name}", toy.pay(content))
                answered.add(name)
    site.run()


def places(site: Site) -> int:
    """Count the places where the program can die on its whole way."""
    site.fuse.blow_at(None)
    live(site, set())
    return site.fuse.burnt


def assert_all_is_well(site: Site) -> None:
    site.check()
    assert set(site.states(schema.lot)) == {"answered"}
    assert set(site.states(schema.dispatch)) == {"answered"}
    assert set(site.states(schema.expectation)) == {"met"}
    assert set(site.states(schema.payer_return)) == {"matched"}
    assert site.anomalies() == {}
    assert all(row.payer_id for row in site.rows(schema.payer_return))
    for side in site.payers.values():
        names = [name for name, _ in side.taken]
        assert sorted(names) == sorted(set(names))
        assert list(side.outbox.iterdir()) == []
    for client, content in DEPOSITS.items():
        lines = b"".join(site.handed_back(client)).decode().splitlines()
        paid = [line.split()[1] for line in lines if line.startswith("claim")]
        assert sorted(paid) == sorted(key for key, _, _ in toy.claims_of(content))


@pytest.mark.crash
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("part", range(4))
def test_killed_at_every_place(engine: str, part: int) -> None:
    """Wherever the program is killed on its way, the next one ends the work."""
    try_places(engine, part, 4)


@pytest.mark.crash
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_killed_here_and_there_on_a_server(engine: str) -> None:
    """The same with the journal on a PostgreSQL, at some of the places."""
    try_places(engine, 5, 12)


def try_places(engine: str, first: int, step: int) -> None:
    with closing(Site(engine)) as site:
        total = places(site)
        assert_all_is_well(site)
    assert total > 40
    for place in range(first, total, step):
        with closing(Site(engine)) as site:
            try:
                try_place(site, place)
            except BaseException as error:
                error.add_note(f"killed at place {place} of {total}")
                raise


def try_place(site: Site, place: int) -> None:
    answered: set[str] = set()
    assert site.dies(lambda: live(site, answered), place)
    site.at += LEASE + 1
    live(site, answered)
    assert_all_is_well(site)


def test_a_short_outage_keeps_no_work_from_a_node_that_lives(site: Site) -> None:
    """What it had taken when the journal went away it takes up at once, not after a lease."""
    answered: set[str] = set()
    began, outages = site.at, 0
    for commits in range(200):
        site.fuse.journal_goes_in(commits)
        try:
            live(site, answered)
        except StorageUnavailable:
            outages += 1
        else:
            break
        finally:
            site.fuse.journal_goes_in(None)
        site.at += 2.0  # as a step that failed pauses
        for table in (schema.deposit, schema.payer_return):
            site.run()
            assert [row for row in site.rows(table) if row.worker] == []
    assert outages > 10
    assert site.at - began < LEASE * outages
    assert_all_is_well(site)


@pytest.mark.parametrize("name", ["split", "match"])
def test_what_another_worker_of_the_node_is_at_is_left_to_it(
    site: Site, name: str
) -> None:
    """Only what nobody works on is given back, and only what was taken before."""
    site.deposit(DEPOSITS["alpha"])
    site.run()
    side = site.payer("P1")
    (file,) = side.files().items()
    side.answer("ack", toy.acknowledge(file[1]))
    site.run("collect")
    site.deposit(DEPOSITS["beta"], client="beta")
    table = schema.deposit if name == "split" else schema.payer_return
    step = getattr(site.gateway.steps, name)
    with step._holding.turn() as holds:
        taken = site.gateway.database.write("take", step._take)
        (mine,) = taken if isinstance(taken, list) else [taken]
        holds([mine.id])
        step._holding._lost_at = site.at
        with step._holding.turn():
            pass
        assert [row.lease_until for row in site.rows(table) if row.worker] == [
            mine.lease_until
        ]
    step._holding._lost_at = site.at
    with step._holding.turn():
        assert [row.lease_until for row in site.rows(table) if row.worker] == [0.0]
    site.run()
    site.check()

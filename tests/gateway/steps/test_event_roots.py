"""Signed roots over the history: made behind the work, proved anew, one line of them."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from gateway.intake import merkle
from gateway.intake.receipts import ReceiptSigner
from gateway.journal import event_roots, schema
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

HOUR = 3600.0


def breaks(site: Site) -> tuple[str, ...]:
    """Say what `octway verify` finds in the roots."""
    key = site.receipt_key.public_key()
    return site.gateway.database.read(event_roots.check, [key]).breaks


def spans(site: Site) -> list[tuple[str, int, int]]:
    return [(row.chain, row.after, row.until) for row in site.rows(schema.event_root)]


def work(site: Site, number: int = 1) -> None:
    site.deposit(toy.deposit("S1", f"{number:03} P1: {number}=1000"))
    site.run()
    site.run("seal")


def test_events_are_under_a_root_within_the_hour(site: Site) -> None:
    """Not every few seconds; and each has a path that leads there."""
    work(site)
    assert spans(site) == []
    site.at += HOUR + 1
    site.run("seal")
    (row,) = site.rows(schema.event_root)
    assert row.after == 0
    read = site.gateway.database.read
    found = read(event_roots.leaves, row.chain, 0, row.until)
    assert len(found) == row.until
    root, paths = merkle.tree(found)
    assert merkle.root_of(found[3], paths[3]) == root
    assert root in row.content.decode()
    assert breaks(site) == ()


def test_roots_follow_one_another_without_a_hole(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many events wait, each is under exactly one of them."""
    monkeypatch.setattr(event_roots, "AT_ONCE", 4)
    for number in (1, 2):
        work(site, number)
        site.at += HOUR + 1
        site.run("seal")
    ends = 0
    for chain, after, until in spans(site):
        assert (chain, after) == ("node-1", ends)
        ends = until
    (head,) = site.rows(schema.event_chain, schema.event_chain.c.chain == "node-1")
    assert ends == head.seq
    assert breaks(site) == ()


def test_two_nodes_make_one_line_of_roots(site: Site) -> None:
    """Whoever is slower, as a node beside a command that exports, makes none."""
    work(site)
    other = site.node("node-2")
    try:
        read = site.gateway.database.read
        (due,) = read(event_roots.due, older_than=site.at)
        signer = ReceiptSigner(site.receipt_key)
        made = event_roots.make(other.database, signer, now=site.at, older_than=site.at)
        late = site.gateway.database.write(
            "root", event_roots._add, due, {"chain": due.chain, "until": 10**6}
        )
        assert (made, late) == (1, 0)
    finally:
        other.close()
    assert breaks(site) == ()


def test_a_program_killed_while_it_makes_roots_goes_on(engine: str) -> None:
    """At any place: what is there afterwards is whole and one line."""
    place, died = 0, True
    while died:
        site = Site(engine)
        try:
            work(site)
            site.at += HOUR + 1
            died = site.dies(lambda: site.run("seal"), place)  # noqa: B023
            site.at += HOUR
            site.run("seal")
            assert len(spans(site)) == 1
            assert breaks(site) == ()
        finally:
            site.close()
        place += 1


def test_a_history_that_was_rewritten_does_not_fit_its_root(site: Site) -> None:
    """Even where the chain was made anew to its end, and the noted head with it."""
    work(site)
    site.at += HOUR + 1
    site.run("seal")
    before = site.rows(schema.event)[2]
    table, roots = schema.event, schema.event_root
    where = (table.c.chain == before.chain, table.c.seq == before.seq)
    write = site.gateway.database.write
    for change, back in (
        (
            update(table).where(*where).values(hash="0" * 64),
            update(table).where(*where).values(hash=before.hash),
        ),
        (update(roots).values(after=1), update(roots).values(after=0)),
    ):
        write("t", lambda tx, do=change: tx.connection.execute(do) and None)
        assert any("root" in each for each in breaks(site))
        write("t", lambda tx, do=back: tx.connection.execute(do) and None)
    assert breaks(site) == ()


def test_a_root_taken_out_is_missed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one does not build on the one before it any more."""
    monkeypatch.setattr(event_roots, "AT_ONCE", 4)
    work(site)
    first = spans(site)[0]
    assert len(spans(site)) > 1
    table = schema.event_root
    gone = delete(table).where(table.c.until == first[2])
    site.gateway.database.write("t", lambda tx: tx.connection.execute(gone) and None)
    assert "does not build on the one before" in breaks(site)[0]

"""Whoever changes history is found out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from gateway.committing import Tx
from gateway.journal import events, schema
from tests.gateway.journal.desk import Desk

EVENT, HEAD = schema.event, schema.event_chain


def say(tx: Tx, *words: str) -> None:
    for word in words:
        tx.say("test.said", word, number=1, text="é", nothing=None)


def set_event(seq: int, **values: Any) -> Any:
    return update(EVENT).where(EVENT.c.seq == seq).values(**values)


def swap(tx: Tx) -> None:
    """Exchange the subjects of two events, hashes left in place."""
    tx.connection.execute(set_event(2, subject="c"))
    tx.connection.execute(set_event(3, subject="b"))


def reorder(tx: Tx) -> None:
    """Exchange two whole events, each with its own hash."""
    for before, after in ((2, 99), (3, 2), (99, 3)):
        tx.connection.execute(
            update(EVENT).where(EVENT.c.seq == before).values(seq=after)
        )


def forge(tx: Tx) -> None:
    """Change an event and give it a hash that fits it."""
    rows = tx.connection.execute(EVENT.select().order_by(EVENT.c.seq)).all()
    fitting = events.digest(
        rows[0].hash, "test", 2, rows[1].at, rows[1].kind, "forged", rows[1].facts
    )
    tx.connection.execute(set_event(2, subject="forged", hash=fitting))


def add_behind(tx: Tx) -> None:
    """Put an event of one's own behind the last one."""
    row = {"chain": "test", "seq": 5, "at": 1.0, "kind": "k", "subject": "x"}
    tx.connection.execute(insert(EVENT), {**row, "facts": "{}", "hash": "0"})


TAMPERING: dict[str, Callable[[Tx], object]] = {
    "changed": lambda tx: tx.connection.execute(set_event(2, subject="other")),
    "changed facts": lambda tx: tx.connection.execute(set_event(2, facts="{}")),
    "changed time": lambda tx: tx.connection.execute(set_event(2, at=1.0)),
    "deleted": lambda tx: tx.connection.execute(delete(EVENT).where(EVENT.c.seq == 2)),
    "deleted first": lambda tx: tx.connection.execute(
        delete(EVENT).where(EVENT.c.seq == 1)
    ),
    "deleted last": lambda tx: tx.connection.execute(
        delete(EVENT).where(EVENT.c.seq == 4)
    ),
    "deleted all": lambda tx: tx.connection.execute(delete(EVENT)),
    "swapped": swap,
    "reordered": reorder,
    "forged": forge,
    "added": add_behind,
    "head changed": lambda tx: tx.connection.execute(update(HEAD).values(hash="0")),
    "head deleted": lambda tx: tx.connection.execute(delete(HEAD)),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found(desk: Desk, how: str) -> None:
    """Changing, deleting, moving, forging or adding an event breaks the chain."""
    desk.write(say, "a", "b")
    desk.write(say, "c", "d")
    assert desk.broken() == []
    desk.write(TAMPERING[how])
    (first, *_) = desk.broken()
    assert "chain test" in first


def test_two_nodes_have_a_chain_each(desk: Desk) -> None:
    """Nodes that write in turns do not disturb one another's history."""
    other = desk.open("other")
    for _ in range(3):
        desk.write(say, "a", "b")
        other.write("say", say, "c")
    other.stop()
    assert desk.broken() == []
    heads = {row.chain: row.seq for row in desk.rows(HEAD)}
    assert heads == {"test": 6, "other": 3}
    desk.write(lambda tx: tx.connection.execute(delete(EVENT).where(EVENT.c.seq == 2)))
    assert {each.split(":")[0] for each in desk.broken()} == {
        "chain test",
        "chain other",
    }


def test_what_was_undone_was_never_said(desk: Desk) -> None:
    """A transaction that fails leaves no event and no gap."""

    def fail(tx: Tx) -> None:
        say(tx, "never")
        raise ValueError("undo it")

    desk.write(say, "a")
    with pytest.raises(ValueError, match="undo it"):
        desk.write(fail)
    desk.write(say, "b")
    assert [(row.seq, row.subject) for row in desk.rows(EVENT)] == [(1, "a"), (2, "b")]
    assert desk.broken() == []

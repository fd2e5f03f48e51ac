"""One row stands for all that share a cause, and comes back when it does."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import anomalies, anomaly_comments, schema
from routing.errors import IllegalTransition
from routing.lifecycle import AnomalyEvent, AnomalyState
from tests.gateway.journal.desk import Desk


def held(
    tx: Tx, desk: Desk, words: str = "w", seen: int = 1, subject: str = "s"
) -> str:
    return anomalies.raise_(
        tx,
        desk.entropy,
        kind="lot-held",
        severity=anomalies.ERROR,
        subject=subject,
        words=words,
        seen=seen,
    )


def test_repeats_are_counted(desk: Desk) -> None:
    """The four hundredth case raises a count, and tells the newest words."""
    first = desk.write(held, desk)
    desk.at += 60
    assert desk.write(held, desk, "newest", 399) == first
    other = desk.write(held, desk, "w", 1, "another")
    assert other != first
    row = desk.row(schema.anomaly, schema.anomaly.c.id == first)
    assert (row.seen, row.words, row.last_seen - row.first_seen) == (400, "newest", 60)
    kinds = [row.kind for row in desk.rows(schema.event)]
    assert kinds == ["anomaly.raised", "anomaly.raised"]


def test_a_resolved_one_that_happens_again_is_opened_again(desk: Desk) -> None:
    """What was settled, by a person or by itself, is not forgotten if it returns."""
    name = desk.write(held, desk)
    settle = lambda tx: anomalies.settle(  # noqa: E731
        tx, kind="lot-held", subject="s", reason="gone"
    )
    desk.write(settle)
    desk.write(settle)  # nothing left to settle
    row = desk.database.read(anomalies.find, name)
    assert row is not None
    assert (row.state, row.resolution) == (AnomalyState.RESOLVED, "gone")
    assert desk.write(held, desk) == name
    row = desk.database.read(anomalies.find, name)
    assert row is not None
    assert (row.state, row.resolution, row.seen) == (AnomalyState.OPEN, "", 2)


def test_a_persons_assignment_survives_repeats(desk: Desk) -> None:
    """A case somebody works at stays his while it goes on happening."""
    name = desk.write(held, desk)
    desk.write(
        lambda tx: anomalies.move(
            tx, name, AnomalyEvent.ASSIGN, by="ann", assignee="ann"
        )
    )
    desk.write(held, desk)
    desk.write(
        lambda tx: anomaly_comments.add(tx, name, by="ann", words="calling them")
    )
    desk.write(
        lambda tx: anomaly_comments.add(tx, name, by="bob", words="they mended it")
    )
    row = desk.database.read(anomalies.find, name)
    assert row is not None
    assert (row.state, row.assignee) == (AnomalyState.ASSIGNED, "ann")
    words = [each.words for each in desk.database.read(anomaly_comments.listed, name)]
    assert words == ["calling them", "they mended it"]
    assert desk.broken() == []


def test_moves_that_make_no_sense_are_refused(desk: Desk) -> None:
    """An unknown case, or an event that its state does not allow, changes nothing."""
    name = desk.write(held, desk)
    with pytest.raises(IllegalTransition):
        desk.write(lambda tx: anomalies.move(tx, name, AnomalyEvent.WAKE, by="ann"))
    with pytest.raises(LostRace):
        desk.write(lambda tx: anomalies.move(tx, "no", AnomalyEvent.WAKE, by="ann"))


def test_nodes_that_raise_the_same_at_once_share_one_row(desk: Desk) -> None:
    """Two nodes that meet one cause at the same moment raise one anomaly."""
    start = threading.Barrier(4)
    failed: list[BaseException] = []

    def run(number: int) -> None:
        database = desk.open(f"node-{number}")
        try:
            start.wait()
            for subject in "abcde":
                database.write("raise", held, desk, "w", 1, subject)
        except BaseException as error:
            failed.append(error)
        finally:
            database.stop()

    threads: list[Any] = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [row.seen for row in desk.rows(schema.anomaly)] == [4] * 5

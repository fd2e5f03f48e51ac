"""One tick of the watch over ever more open expectations, on a real PostgreSQL.

Every database has the same five hundred rows due at each tick, each of another lot
that begins to be chased, and differs only in how many more are open.  What a tick
costs must follow what is due: the ratio of its times says whether it does.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection, text

from bench.harness import Bench, Goal, Row, Sample, Side, take_turns
from config.directory_records import DirectoryData
from gateway.database import Database
from gateway.journal.dialect import open_engine
from gateway.steps.watch import Watch
from routing.directory import Directory
from tests.engines import drop_database, new_database

NAME = "watch"
_DUE = 500  # expectations at each tick: as many as one transaction takes
_START = 1_795_000_000.0
_HOUR = 3600.0
_WEEK = 7 * 86_400.0
_SIZES = (100_000, 1_000_000, 10_000_000)
_NOBODY = Directory(DirectoryData(payers=(), endpoints=(), tables={}, sources={}))
_PARENTS = """
INSERT INTO client (id, created_at) VALUES ('c', 0);
INSERT INTO payload (id, sha256, size, place, place_offset, key_id, wrapped_key,
    created_at) VALUES ('p', 's', 1, 'f', 0, 'k', '', 0);
INSERT INTO deposit (id, client_id, payload_id, channel, filename, sha256, size,
    received_at, receipt, state) VALUES ('d', 'c', 'p', 'sftp', 'f', 's', 1, 0, '', 'split');
INSERT INTO dispatch (id, payer_id, payer_code, endpoint_id, network, flow,
    directory_version, number, state, not_before, created_at, sent_at, changed_at)
    VALUES ('s', 'payer', '01', 'e', 'sesam', 'billing', 'v', 1, 'sent', 0, 0, 0, 0);
"""
_LOTS = """
INSERT INTO lot (id, deposit_id, client_id, position, network, flow, number, match_key,
    sender, "offset", length, claims, standing_claims, asked, standing_asked, state,
    account, payer_id, dispatch_id, created_at, changed_at)
SELECT 'd-' || n, 'd', 'c', n, 'sesam', 'billing', n::text, 'k' || n, 'S' || n % 1000, 0, 1,
    10, 10, 1000, 1000, 'sent', 'dispatched', 'payer', 's', 0, 0
FROM generate_series(1, :due) AS n
"""
_EXPECTATIONS = """
INSERT INTO expectation (dispatch_id, lot_id, kind, payer_id, flow, owed, due_at,
    missing_at, next_at, sent_on, level, state, created_at, changed_at)
SELECT 's', 'd-' || n, 'payment', 'payer', 'billing', 10, at, at + 1e9, at,
    '2026-11-18', 'claim', 'open', 0, 0
FROM (SELECT n, CASE WHEN n <= :due
        THEN :start + ((n - 1) / :each) * 3600.0 + 1
        ELSE :start + 1e7 + n END AS at
    FROM generate_series(1, :open) AS n) AS rows
"""


def run(bench: Bench) -> Iterator[Row]:
    """Measure a tick at each size, in turns."""
    sizes = [size // 10 if bench.quick else size for size in _SIZES]
    with ExitStack() as stack:
        sides = []
        for size in sizes:
            bench.say(f"  writing {size:,} open expectations")
            journal = stack.enter_context(_journal(size, turns=bench.runs + 1))
            sides.append(Side(name=f"{size:,}", turn=journal.tick))
        found = take_turns(bench, sides)
    for size in sizes[1:]:
        yield found.row(
            f"one tick of the watch over {size:,} open expectations",
            ours=f"{size:,}",
            theirs=f"{sizes[0]:,}",
            against=f"the same over {sizes[0]:,}",
            measure="milliseconds",
            goal=Goal(must=1.5, lower=True),
            unit="milliseconds",
        )


class _Journal:
    """A journal, and the watch over it at its own time."""

    def __init__(self, database: Database) -> None:
        self.now = _START
        self._watch = Watch(
            database=database,
            directory=lambda: _NOBODY,
            entropy=random.Random(1).randbytes,
            word_within=_WEEK,
        )

    def tick(self, _turn: int) -> Sample:
        self.now += _HOUR
        began = time.perf_counter()
        self._watch.run_once()
        return {"milliseconds": (time.perf_counter() - began) * 1000}


@contextmanager
def _journal(size: int, *, turns: int) -> Iterator[_Journal]:
    url = new_database("postgresql")
    writer = open_engine(url, write=True, connections=1)
    with writer.begin() as connection:
        _fill(connection, size, turns * _DUE)
    with writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE expectation"))
        connection.execute(text("VACUUM ANALYZE lot"))
    journal: list[_Journal] = []
    database = Database(
        writer=writer,
        reader=open_engine(url, write=False, connections=1),
        chain="bench",
        now=lambda: journal[0].now,
        call_from_thread=lambda call: call(),
    )
    journal.append(_Journal(database))
    try:
        yield journal[0]
    finally:
        database.stop()
        drop_database(url)


def _fill(connection: Connection, size: int, due: int) -> None:
    for statement in _PARENTS.split(";")[:-1]:
        connection.execute(text(statement))
    connection.execute(text(_LOTS), {"due": due})
    # The rows that are not due stand for lots that nobody looks at.
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    values = {"due": due, "each": _DUE, "start": _START, "open": size}
    connection.execute(text(_EXPECTATIONS), values)

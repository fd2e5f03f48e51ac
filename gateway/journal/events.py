"""The append-only history: each event holds the hash of the one before it.

Every process that writes has a chain of its own, named after its node, so two
nodes never wait for one another here.  The head is read and moved inside the
transaction that says the events; what was rolled back was never said.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, select, update

from gateway.journal import deeds, dialect, schema
from gateway.journal.prepared import Prepared, given

GENESIS = "0" * 64
_FACTS: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


class Said(NamedTuple):
    """One event, before it has its place in the chain.

    `subject` is the id of what it happened to; `facts` are plain values and
    other ids, never anything about a patient.
    """

    at: float
    kind: str
    subject: str
    facts: Mapping[str, Any]


def append(connection: Connection, chain: str, events: Iterable[Said]) -> None:
    """Give events their place in the chain; part of the caller's transaction."""
    events = list(events)
    if not events:
        return
    seq, head = _head(connection, chain)
    rows = []
    for said in events:
        seq += 1
        facts = _FACTS(said.facts)
        head = digest(head, chain, seq, said.at, said.kind, said.subject, facts)
        rows.append(
            {
                "chain": chain,
                "seq": seq,
                "at": said.at,
                "kind": said.kind,
                "subject": said.subject,
                "facts": facts,
                "hash": head,
            }
        )
    _ADD.run_many(connection, rows)
    deeds.note(connection, zip(events, rows, strict=True))
    _MOVE_HEAD.run(connection, {"its_chain": chain, "seq": seq, "hash": head})


def digest(
    previous: str, chain: str, seq: int, at: float, kind: str, subject: str, facts: str
) -> str:
    """Hash one event together with the hash of the one before it."""
    text = json.dumps([previous, chain, seq, repr(at), kind, subject, facts])
    return hashlib.sha256(text.encode()).hexdigest()


def broken_links(connection: Connection) -> Iterator[str]:
    """Walk every chain from its first event; yield what does not hold, in words."""
    heads = {
        row.chain: (row.seq, row.hash)
        for row in connection.execute(select(schema.event_chain))
    }
    current, seq, head = "", 0, GENESIS
    rows = connection.execution_options(yield_per=5000).execute(
        select(schema.event).order_by(schema.event.c.chain, schema.event.c.seq)
    )
    last: dict[str, tuple[int, str]] = {}
    for row in rows:
        if row.chain != current:
            current, seq, head = row.chain, 0, GENESIS
        seq += 1
        head = digest(head, row.chain, seq, row.at, row.kind, row.subject, row.facts)
        if row.seq != seq:
            yield f"chain {row.chain}: event {seq} is missing, {row.seq} comes next"
            seq = row.seq
        elif row.hash != head:
            yield f"chain {row.chain}: event {row.seq} was changed after it was said"
        head = row.hash
        last[row.chain] = (row.seq, row.hash)
    for chain, expected in heads.items():
        if last.get(chain, (0, GENESIS)) != expected:
            yield f"chain {chain}: its end does not fit the head that was noted"
    for chain in last.keys() - heads.keys():
        yield f"chain {chain}: its head is missing"


def _head(connection: Connection, chain: str) -> tuple[int, str]:
    its = {"its_chain": chain}
    row = _HEAD.first(connection, its)
    if row is None:
        first = {"chain": chain, "seq": 0, "hash": GENESIS}
        dialect.insert_new(connection, schema.event_chain, [first])
        (row,) = _HEAD.rows(connection, its)
    return row.seq, row.hash


_CHAIN: Final = schema.event_chain
_ADD: Final = Prepared(
    insert(schema.event), ("chain", "seq", "at", "kind", "subject", "facts", "hash")
)
_HEAD: Final = Prepared(
    select(_CHAIN.c.seq, _CHAIN.c.hash)
    .where(_CHAIN.c.chain == given("its_chain"))
    .with_for_update()
)
_MOVE_HEAD: Final = Prepared(
    update(_CHAIN).where(_CHAIN.c.chain == given("its_chain")), ("seq", "hash")
)

"""The `deed` table: which events a person is behind, to be found by person and time.

A deed is written with its event, and names it; the event has the facts and its place
in the chain.  What the gateway does by itself is no deed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Row, insert, select, tuple_

from gateway.journal import schema
from gateway.journal.prepared import Prepared

GATEWAY: Final = "gateway"
CHASE: Final = "the chase"
ITSELF: Final = (GATEWAY, CHASE)
"""Who does what no person does."""

_SELVES: Final = "staff."  # of these events the subject is who, unless they say other
_TABLE: Final = schema.deed
_ADD: Final = Prepared(insert(_TABLE), ("chain", "seq", "at", "who", "kind", "subject"))


class Told(Protocol):
    """An event, as far as it matters here."""

    @property
    def kind(self) -> str:
        """Return its kind."""
        ...

    @property
    def subject(self) -> str:
        """Return what it happened to."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return its facts; `by` is who did it."""
        ...


def note(
    connection: Connection, events: Iterable[tuple[Told, Mapping[str, Any]]]
) -> None:
    """Write the deeds among events, each with its row; part of the transaction."""
    found = []
    for said, row in events:
        who = _who(said)
        if who:
            found.append(
                {
                    "chain": row["chain"],
                    "seq": row["seq"],
                    "at": row["at"],
                    "who": who,
                    "kind": row["kind"],
                    "subject": row["subject"],
                }
            )
    if found:
        _ADD.run_many(connection, found)


def listed(
    connection: Connection,
    *,
    most: int,
    who: str = "",
    subject: str = "",
    kind: str = "",
    before: tuple[float, str, int] | None = None,
) -> list[Row[*tuple[Any, ...]]]:
    """List deeds with their facts, the newest first; `kind` is how a kind begins.

    `before` is (at, chain, seq) of the last one seen.
    """
    event = schema.event
    query = (
        select(_TABLE, event.c.facts, event.c.hash)
        .join(event, (event.c.chain == _TABLE.c.chain) & (event.c.seq == _TABLE.c.seq))
        .order_by(_TABLE.c.at.desc(), _TABLE.c.chain.desc(), _TABLE.c.seq.desc())
        .limit(most)
    )
    if who:
        query = query.where(_TABLE.c.who == who)
    if subject:
        query = query.where(_TABLE.c.subject == subject)
    if kind:
        query = query.where(_TABLE.c.kind.startswith(kind, autoescape=True))
    if before is not None:
        place = tuple_(_TABLE.c.at, _TABLE.c.chain, _TABLE.c.seq)
        query = query.where(place < before)
    return list(connection.execute(query))


def _who(said: Told) -> str:
    """Return the person behind an event; empty if there is none."""
    by = said.facts.get("by", said.subject if said.kind.startswith(_SELVES) else "")
    return by if isinstance(by, str) and by not in ITSELF else ""

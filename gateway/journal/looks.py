"""Looks at patients: who saw what, and what for, as events of the thing that was seen.

No event names a patient; it says of which thing the bytes or the plain fields were
shown, to whom, and with which purpose.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from gateway.committing import Tx
from gateway.journal import schema

SEEN: Final = "patient.seen"
SEARCH: Final = "patient-search"
"""The subject of looks that began with a patient's number, whatever was found."""

PURPOSES: Final[Mapping[str, str]] = {
    "support": "a client asks about this file",
    "payer": "a payer asks about this file",
    "fault": "a fault in the file or in the program is looked for",
    "patient-right": "the patient asks what is kept",
    "audit": "an audit, or an order of a court or an authority",
}
"""Why a person may look at a patient's data."""
_MOST: Final = 100
_SHORTEST: Final = 5  # characters of words that say what a look is for
_LETTERS: Final = 3  # of them, at least: dots say nothing to who reads it later


class Look(NamedTuple):
    """One look: `what` is `records`, `bytes` or `search`; `words` say more."""

    at: float
    by: str
    what: str
    purpose: str
    words: str


def say_something(words: str) -> bool:
    """Say whether words can tell somebody later what a look was for."""
    letters = sum(each.isalpha() for each in words)
    return len(words) >= _SHORTEST and letters >= _LETTERS


def note(
    tx: Tx,
    subject: str,
    *,
    by: str,
    what: str,
    purpose: str,
    words: str,
    part: str = "",
) -> None:
    """Note a look before it is given; `part` says which part of the subject it was."""
    tx.say(SEEN, subject, by=by, what=what, purpose=purpose, words=words, part=part)


def of(connection: Connection, subject: str) -> list[Look]:
    """List the looks at a thing, the newest first."""
    table = schema.event
    query = (
        select(table.c.at, table.c.facts)
        .where(table.c.subject == subject, table.c.kind == SEEN)
        .order_by(table.c.at.desc(), table.c.seq.desc())
        .limit(_MOST)
    )
    found = []
    for at, facts in connection.execute(query):
        told: dict[str, Any] = json.loads(facts)
        found.append(Look(at, told["by"], told["what"], told["purpose"], told["words"]))
    return found

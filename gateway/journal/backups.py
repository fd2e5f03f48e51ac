"""Backups in the history: who took one, and when the last whole one was taken."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, select

from gateway.committing import Tx
from gateway.journal import schema

_SUBJECT: Final = "backup"
_WHOLE: Final = "backup.taken"
_WITH_BREAKS: Final = "backup.broken"


def note(tx: Tx, moment: str, *, by: str, payloads: int, breaks: int) -> None:
    """Say that a moment was taken, and how many stored things are broken in it."""
    kind = _WITH_BREAKS if breaks else _WHOLE
    facts = {"moment": moment, "by": by, "payloads": payloads, "breaks": breaks}
    tx.say(kind, _SUBJECT, **facts)


def last_whole(connection: Connection) -> float:
    """Return when the last one without a break was taken; 0 before the first."""
    event = schema.event
    ours = (event.c.subject == _SUBJECT) & (event.c.kind == _WHOLE)
    query = select(func.max(event.c.at)).where(ours)
    found: float | None = connection.execute(query).scalar_one()
    return found or 0.0

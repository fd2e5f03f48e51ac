"""What a message may hold: these fields and no others, whatever an anomaly says.

A message leaves the house, so nothing that a vendor or a payer wrote gets into one:
no file name, no label, no words of an anomaly.  It names our own kinds and causes,
payers and clients by their ids, and counts.  An id that is not made as ours are is
left out.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, Self

import attrs
from attrs import frozen
from sqlalchemy import Row

from config.notification_records import SEVERITIES
from gateway.journal import anomalies, anomaly_facts
from gateway.steps.route import CAUSES

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_OWN_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,39}|[A-Z]?[0-9]{1,6}")
_PAYERS_CODE: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{1,8}")
_OF_OUR_READERS: Final = ("deposit-unreadable", "deposit-damaged", "lot-refused")


class Status(StrEnum):
    """Why a line is in a message, the most telling first."""

    NEW = "new"
    AGAIN = "again"
    OPEN = "open"
    RESOLVED = "resolved"


@frozen(kw_only=True)
class Line:
    """One anomaly in a message: one cause, for all that share it."""

    status: str
    anomaly: str
    kind: str
    severity: str
    payer: str
    client: str
    cause: str  # of held lots
    code: str  # of a rejection or a problem
    claims: int
    seen: int
    since: float
    answer: str = ""  # the kind of those that are late


@frozen(kw_only=True)
class ClientLine:
    """What concerns one client: a topic, by payer or cause where there is one."""

    client: str
    topic: str
    payer: str = ""
    cause: str = ""
    count: int = 0


@frozen(kw_only=True)
class Content:
    """A message, before it is put into anyone's language.

    `more` counts by kind what had no room; `days` is from when a return counts as not
    fetched.
    """

    at: float
    lines: tuple[Line, ...] = ()
    more: Mapping[str, int] = attrs.field(factory=dict)
    clients: tuple[ClientLine, ...] = ()
    days: int = 0

    def to_json(self) -> str:
        """Write it down for the outbox."""
        return json.dumps(attrs.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        lines = tuple(Line(**each) for each in found.pop("lines"))
        clients = tuple(ClientLine(**each) for each in found.pop("clients"))
        return cls(**found, lines=lines, clients=clients)


def line_of(
    row: Row[*tuple[Any, ...]], status: Status, since: float | None = None
) -> Line:
    """Take from an anomaly what a message may hold."""
    code = str(anomaly_facts.facts_of(row).get("code", ""))
    pattern = _OWN_CODE if row.kind in _OF_OUR_READERS else _PAYERS_CODE
    cause = row.subject.partition(":")[0]
    payer, _, answer = row.subject.rpartition(":")
    late = row.kind == "answer-late" and payer.startswith(f"{row.payer_id}:")
    return Line(
        status=status,
        anomaly=named(row.id),
        kind=row.kind if row.kind in anomalies.KINDS else "",
        severity=row.severity if row.severity in SEVERITIES else "",
        payer=named(row.payer_id),
        client=named(row.client_id),
        cause=cause if row.kind == "lot-held" and cause in CAUSES else "",
        code=code if pattern.fullmatch(code) else "",
        claims=row.claims,
        seen=row.seen,
        since=row.first_seen if since is None else since,
        answer=named(answer) if late else "",
    )


def named(text: str | None) -> str:
    """Return an id, or nothing where it is not made as ids are."""
    return text if text and _ID.fullmatch(text) else ""


def fitted(lines: Iterable[Line], most: int) -> tuple[Sequence[Line], dict[str, int]]:
    """Put lines in order, and count by kind those that have no room."""
    order = list(Status)
    ranked = sorted(
        lines,
        key=lambda each: (
            order.index(Status(each.status)),
            -SEVERITIES.index(each.severity) if each.severity else 0,
            each.kind,
            -each.claims,
            each.anomaly,
        ),
    )
    left = Counter(each.kind for each in ranked[most:])
    return ranked[:most], dict(sorted(left.items()))

"""Where in the console a thing is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from gateway.journal import search, trace
from gateway.journal.trace import Found

_FOLDERS: Final[Mapping[str, str]] = {
    trace.DEPOSIT: "deposits",
    trace.LOT: "lots",
    trace.CLAIM: "claims",
    trace.DISPATCH: "dispatches",
    trace.RETURN: "returns",
    trace.ANOMALY: "anomalies",
    search.CLIENT: "clients",
    search.PAYER: "payers",
}


def address_of(found: Found) -> str:
    """Return the address of what was found."""
    if found.kind == search.SENDER:
        return f"/console/lots?{urlencode({'sender': found.id})}"
    return place(found.kind, found.id, found.seq)


def place(kind: str, name: str, seq: int | None = None) -> str:
    """Return the address of one thing of a kind."""
    part = "" if seq is None else f"/{seq}"
    return f"/console/{_FOLDERS[kind]}/{quote(name, safe='')}{part}"

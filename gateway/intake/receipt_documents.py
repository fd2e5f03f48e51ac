"""What is signed for clients beside the receipt of a deposit.

Receipts of dispatches and answers, the entries of a client's chain, the root of a
day, and the proof that a chain is under it.  Each is signed by itself and names what
it builds on by hash, so nothing can be changed, taken out or put in unseen.

A client is told of its own lots and answers only; a root tells of no client at all.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from gateway.intake.merkle import Path
from gateway.intake.receipts import FORM, iso_time

DEPOSIT: Final = "deposit"
DISPATCH: Final = "dispatch"
ANSWER: Final = "answer"
CHAIN: Final = "chain"
INCLUSION: Final = "inclusion"
ROOT: Final = "root"
EVENTS: Final = "events"
EVIDENCE: Final = "evidence"
RECEIPTS: Final = (DEPOSIT, DISPATCH, ANSWER)
"""Kinds that entries of a chain cover."""
CHECKED: Final = frozenset({*RECEIPTS, CHAIN, INCLUSION, ROOT, EVENTS})
"""Kinds that a client, or anybody, may have checked one by one."""

Body = dict[str, Any]
Row = Any


def dispatch(
    name: str, client: str, row: Row, lots: Iterable[Row], sent: Mapping[str, Any]
) -> Body:
    """Say which of a client's lots went to a payer, in which file, and how that is known.

    `sent` has the moment `at`, and the channel's proof: `arrival`, `reference`, `note`.
    """
    return _body(DISPATCH, name, client) | {
        "dispatch": row.id,
        "network": row.network,
        "payer": row.payer_id,
        "payer_code": row.payer_code,
        "flow": row.flow,
        "number": row.number,
        "filename": row.filename,
        "sha256": row.sha256,
        "sent_at": iso_time(sent["at"]),
        "proof": {
            "arrival": sent["arrival"],
            # Where the payer's side is a folder, the folder is nobody's business.
            "reference": posixpath.basename(sent["reference"]),
            "verified": sent["note"],
        },
        "lots": [
            {
                "lot": lot.id,
                "deposit": lot.deposit_id,
                "number": lot.number,
                "sender": lot.sender,
                "claims": lot.claims,
            }
            for lot in lots
        ],
    }


def answer(name: str, row: Row, answers: Sequence[Row]) -> Body:
    """Say what a client was given back: the file, and how many answers to which lot.

    `answers` are counted by lot and outcome; a lot is null where only the client is
    known.
    """
    by_lot: dict[str | None, dict[str, int]] = {}
    for each in answers:
        by_lot.setdefault(each.lot_id, {})[each.outcome] = each.answers
    numbers = {each.lot_id: each.number for each in answers}
    return _body(ANSWER, name, row.client_id) | {
        "return": row.id,
        "network": row.network,
        "format": row.format,
        "filename": row.filename,
        "size": row.size,
        "sha256": row.sha256,
        "ready_at": iso_time(row.created_at),
        "answers": sum(each.answers for each in answers),
        "lots": [
            {"lot": lot, "number": numbers[lot], "outcomes": outcomes}
            for lot, outcomes in by_lot.items()
        ],
    }


def entry(
    client: str, number: int, previous: str, at: float, receipts: Iterable[Body]
) -> Body:
    """Make an entry of a client's chain, over receipts of which each has kind, id, sha256."""
    return _body(CHAIN, chain_id(number), client) | {
        "number": number,
        "previous": previous,
        "made_at": iso_time(at),
        "receipts": list(receipts),
    }


def root(day: str, root_hash: str, previous: str, at: float) -> Body:
    """Make the root of a UTC day."""
    return {
        "receipt": FORM,
        "kind": ROOT,
        "id": root_id(day),
        "day": day,
        "root": root_hash,
        "previous": previous,
        "made_at": iso_time(at),
    }


def inclusion(
    client: str, day: str, number: int, sha256: str, path: Path, signed_root: Body
) -> Body:
    """Make the proof that a client's chain, up to an entry, is under a day's root."""
    return _body(INCLUSION, root_id(day), client) | {
        "day": day,
        "number": number,
        "entry": sha256,
        "path": [{"side": side, "sha256": sibling} for side, sibling in path],
        "root": signed_root,
    }


def events(
    chain: str,
    span: tuple[int, int],
    head: str,
    root_hash: str,
    previous: str,
    at: float,
) -> Body:
    """Make the root over events of the history, from behind one up to another."""
    after, until = span
    return {
        "receipt": FORM,
        "kind": EVENTS,
        "id": f"{EVENTS}-{chain.replace('/', '_')}-{until}",
        "chain": chain,
        "after": after,
        "until": until,
        "head": head,
        "root": root_hash,
        "previous": previous,
        "made_at": iso_time(at),
    }


def chain_id(number: int) -> str:
    """Name an entry of a client's chain."""
    return f"{CHAIN}-{number}"


def root_id(day: str) -> str:
    """Name a day's root, and a client's proof of it."""
    return f"{ROOT}-{day}"


def _body(kind: str, name: str, client: str) -> Body:
    return {"receipt": FORM, "kind": kind, "id": name, "client": client}

"""The `commitment` table: what payers promised for a patient, to whom, until when.

A commitment belongs to the client that asked for it.  The patient is kept as a keyed
hash, by which an invoice finds it, and is never told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, func, select

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.dialect import plain
from routing.commitment import CommitmentSeen, Promise, best

_AT_ONCE: Final = 500  # patients of one query
_TABLE: Final = schema.commitment


class Given(NamedTuple):
    """A commitment in an answer that was tied: to whom it was given."""

    seq: int
    client: str
    lot: str
    sender: str
    said: CommitmentSeen


def note(
    tx: Tx,
    returned: Row[*tuple[Any, ...]],
    given: Iterable[Given],
    patient_hash: Callable[[str], int],
) -> int:
    """Keep the commitments of a return; return how many are new.

    The sender is that of the lot answered, whatever the answer calls it.
    """
    found = list(given)
    if not found:
        return 0
    senders = _senders(tx.connection, {each.lot for each in found})
    rows = [
        {
            "return_id": returned.id,
            "seq": each.seq,
            "network": returned.network,
            "patient": patient_hash(each.said.patient),
            "payer_code": plain(each.said.payer_code),
            "sender": senders.get(each.lot, plain(each.sender)),
            "client_id": each.client,
            "communicated_on": each.said.communicated,
            "valid_until": each.said.valid_until,
            "insured_from": each.said.insured_from,
            "insured_until": each.said.insured_until,
            "created_at": tx.now,
        }
        for each in found
    ]
    return dialect.insert_new(tx.connection, _TABLE, rows)


def of_patients(
    connection: Connection, network: str, client: str, patients: Collection[int]
) -> Mapping[int, list[Promise]]:
    """Map patients, as hashes, to every commitment that a client has for them."""
    wanted = sorted(set(patients))
    found: dict[int, list[Promise]] = {}
    for at in range(0, len(wanted), _AT_ONCE):
        query = select(_TABLE).where(
            _TABLE.c.patient.in_(wanted[at : at + _AT_ONCE]),
            _TABLE.c.client_id == client,
            _TABLE.c.network == network,
        )
        for row in connection.execute(query):
            found.setdefault(row.patient, []).append(_promise(row))
    return found


def of_claim(connection: Connection, lot: str, seq: int) -> Promise | None:
    """Find the commitment that serves a claim, or the newest one; None: there is none."""
    claims, lots = schema.claim, schema.lot
    query = (
        select(
            claims.c.patient,
            claims.c.date,
            lots.c.network,
            lots.c.client_id,
            lots.c.payer_code,
        )
        .join(lots, lots.c.id == claims.c.lot_id)
        .where(claims.c.lot_id == lot, claims.c.seq == seq)
    )
    claim = connection.execute(query).one_or_none()
    if claim is None or claim.payer_code is None:
        return None
    known = of_patients(connection, claim.network, claim.client_id, [claim.patient])
    return best(
        known.get(claim.patient, ()), payer_code=claim.payer_code, day=claim.date
    )


def ending(
    connection: Connection,
    *,
    since: str,
    until: str,
    sender: str | None = None,
    most: int,
) -> list[Row[*tuple[Any, ...]]]:
    """List commitments that hold on `since` and end by `until` (ISO days), soonest first."""
    query = _ending(select(_TABLE), since, until, sender)
    order = (_TABLE.c.valid_until, _TABLE.c.return_id, _TABLE.c.seq)
    return list(connection.execute(query.order_by(*order).limit(most)))


def count_ending(
    connection: Connection, *, since: str, until: str, sender: str | None = None
) -> int:
    """Count what `ending` would list without a limit."""
    query = _ending(select(func.count()).select_from(_TABLE), since, until, sender)
    return int(connection.execute(query).scalar_one())


def _ending(query: Any, since: str, until: str, sender: str | None) -> Any:
    query = query.where(_TABLE.c.valid_until.between(since, until))
    return query if sender is None else query.where(_TABLE.c.sender == sender)


def _senders(connection: Connection, lots: Collection[str]) -> Mapping[str, str]:
    table = schema.lot
    query = select(table.c.id, table.c.sender).where(table.c.id.in_(sorted(lots)))
    return {row.id: row.sender for row in connection.execute(query)}


def _promise(row: Row[*tuple[Any, ...]]) -> Promise:
    return Promise(
        row.payer_code,
        row.communicated_on,
        row.valid_until,
        row.insured_from,
        row.insured_until,
    )

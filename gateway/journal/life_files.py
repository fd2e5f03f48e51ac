"""The part of a life that is told through files: dispatches, returns, anomalies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, false, or_, select, tuple_

from gateway.journal import anomaly_items, schema
from gateway.journal.lots import held_subject
from gateway.journal.trace import RETURN, Found
from routing.lifecycle import AnomalyState, ExpectationState, LotState

MOST: Final = 12

_OF_DEPOSIT: Final = ("deposit-unreadable", "deposit-damaged")

AnyRow = Row[*tuple[Any, ...]]
Rows = tuple[AnyRow, ...]


def dispatches(
    connection: Connection, scope: ColumnElement[bool], dispatch: AnyRow | None
) -> Rows:
    """Read the newest dispatches of the lots, or the one that is meant."""
    if dispatch is not None:
        return (dispatch,)
    table, member, lot = schema.dispatch, schema.dispatch_lot, schema.lot
    mine = (
        select(member.c.dispatch_id).join(lot, lot.c.id == member.c.lot_id).where(scope)
    )
    query = (
        select(table)
        .where(table.c.id.in_(mine))
        .order_by(table.c.created_at.desc(), table.c.number.desc())
        .limit(MOST)
    )
    return tuple(reversed(tuple(connection.execute(query))))


def circuits(connection: Connection, dispatches: Rows) -> Mapping[str, AnyRow]:
    """Read whether the endpoints of dispatches are tried."""
    table = schema.circuit
    names = {row.endpoint_id for row in dispatches}
    rows = connection.execute(select(table).where(table.c.endpoint_id.in_(names)))
    return {row.endpoint_id: row for row in rows}


def returns(
    connection: Connection,
    scope: ColumnElement[bool],
    found: Found,
    payer_return: AnyRow | None,
) -> Rows:
    """Read the newest returns about the lots, or the one that is meant."""
    if payer_return is not None:
        return (payer_return,)
    table, answer, lot = schema.payer_return, schema.answer, schema.lot
    mine = (
        select(answer.c.return_id).join(lot, lot.c.id == answer.c.lot_id).where(scope)
    )
    if found.seq is not None:
        mine = mine.where(
            or_(answer.c.claim_seq == found.seq, answer.c.claim_seq.is_(None))
        )
    query = (
        select(table)
        .where(table.c.id.in_(mine))
        .order_by(table.c.collected_at.desc())
        .limit(MOST)
    )
    return tuple(reversed(tuple(connection.execute(query))))


def handbacks(connection: Connection, scope: ColumnElement[bool], found: Found) -> Rows:
    """Read what clients were given back."""
    table, answer, lot = schema.handback, schema.answer, schema.lot
    if found.kind == RETURN:
        condition: ColumnElement[bool] = table.c.return_id == found.id
    else:
        mine = (
            select(answer.c.handback_id)
            .join(lot, lot.c.id == answer.c.lot_id)
            .where(scope, answer.c.handback_id.is_not(None))
        )
        if found.seq is not None:
            mine = mine.where(answer.c.claim_seq == found.seq)
        condition = table.c.id.in_(mine)
    query = select(table).where(condition).order_by(table.c.created_at.desc())
    return tuple(reversed(tuple(connection.execute(query.limit(MOST)))))


def anomalies(
    connection: Connection,
    found: Found,
    deposit: AnyRow | None,
    lots: Rows,
    dispatches: Rows,
    returns: Rows,
    owed: Rows,
) -> Rows:
    """Find anomalies by what they are about; shared ones only while they are open.

    The deposit's own is the first, so a long list does not cut it off.
    """
    table = schema.anomaly
    own: set[tuple[str, str]] = set()
    shared: set[tuple[str, str]] = set()
    missing: set[str] = set()  # what subjects begin with, before the cause
    for lot in lots:
        if lot.state == LotState.HELD:
            shared.add(("lot-held", held_subject(lot._asdict())))
        own.add(("attachment-stranded", lot.id))
        own |= {("payment-differs", lot.id), ("answer-contradicts", lot.id)}
    for dispatch in dispatches:
        own |= {
            ("dispatch-refused", dispatch.id),
            ("dispatch-unclear", dispatch.id),
            ("dispatch-undelivered", dispatch.id),
        }
        shared |= {
            ("payer-locked-out", dispatch.endpoint_id),
            ("payer-unreachable", dispatch.endpoint_id),
        }
    for row in owed:
        if row.state != ExpectationState.OPEN:
            shared |= {
                ("answer-late", f"{row.payer_id}:{row.flow}:{row.kind}"),
                ("payer-silent", row.payer_id),
            }
            missing.add(f"{row.payer_id}:{row.flow}:")
    if found.kind == RETURN:
        for each in returns:
            shared |= {
                ("return-orphans", each.endpoint_id),
                ("return-foreign", each.endpoint_id),
                ("return-absurd", each.endpoint_id),
                ("return-unreadable", each.endpoint_id),
                *([("return-damaged", each.endpoint_id)] if each.errors else []),
            }
    about = tuple_(table.c.kind, table.c.subject)
    is_open = table.c.state != AnomalyState.RESOLVED
    given_up = [
        (table.c.kind == "answer-missing")
        & table.c.subject.startswith(each, autoescape=True)
        for each in sorted(missing)
    ]
    behind = anomaly_items.behind([lot.id for lot in lots])
    condition = or_(
        about.in_(sorted(own)),
        table.c.kind.in_(_OF_DEPOSIT)
        & anomaly_items.behind([] if deposit is None else [deposit.id]),
        table.c.kind.in_(["lot-refused", "claims-rejected"]) & behind & is_open,
        about.in_(sorted(shared)) & is_open,
        or_(false(), *given_up) & is_open,
    )
    first = table.c.kind.in_(_OF_DEPOSIT)
    query = select(table).where(condition).order_by(first.desc(), table.c.last_seen)
    return tuple(connection.execute(query.limit(MOST)))

"""The life of one thing: its lots, where their claims stand, what is owed, what happened.

Everything is bounded: long lists are cut and counted, events that belong
together (the four hundred lots of a deposit that were routed in one minute) are
one line with a count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from attrs import frozen
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    String,
    case,
    cast,
    func,
    or_,
    select,
    union_all,
)

from gateway.journal import (
    attachments,
    commitments,
    life_files,
    life_lots,
    life_webhooks,
    payments,
    receipt_lists,
    schema,
    two_parts,
)
from gateway.journal.life_lots import AnyRow, Rows, Standing
from gateway.journal.trace import ANOMALY, CLAIM, DEPOSIT, DISPATCH, LOT, RETURN, Found
from routing.commitment import Promise

PROBLEMS: Final = 5
HAPPENINGS: Final = 60
_MINUTE: Final = 60
_TOLD_TWICE: Final = (
    "remedy.planned",
    "remedy.tried",
    "remedy.nothing",
    "dispatch.replay",
)
"""Events that say what another event, or the row of a remedy, says better."""
_OF_LOTS: Final = ("lot", "expectation", "chase", "remedy")


class Happened(NamedTuple):
    """One kind of event, for lots all of a minute: how often, when, with which facts.

    `facts` is empty where the facts of several differ.
    """

    kind: str
    times: int
    first: float
    last: float
    subject: str
    facts: str


def once(event: AnyRow) -> Happened:
    """Tell of one row of the history."""
    return Happened(event.kind, 1, event.at, event.at, event.subject, event.facts)


@frozen(kw_only=True)
class Life:
    """Everything that a person may ask about one thing."""

    found: Found
    deposit: AnyRow | None
    client: AnyRow | None
    claim: AnyRow | None
    parts: Rows  # of a claim that two payers owe, the first payer's first
    promise: Promise | None  # the payer's commitment for the claim's patient
    dispatch: AnyRow | None
    payer_return: AnyRow | None
    anomaly: AnyRow | None
    lots: Rows  # the first ones, those that need a person before the others
    lot_count: int
    states: Mapping[str, int]
    held_for: frozenset[str]  # causes of the held lots, all of them
    standing: tuple[Standing, ...]
    of_lot: Mapping[str, tuple[Standing, ...]]
    last_answer: Mapping[str, AnyRow]
    documents: Rows  # supporting documents of its claims
    owed: Rows  # sums by payer, kind and state
    payments: Rows  # that payers announced, those to come first
    unexpecting: tuple[str, ...]  # payers that were sent lots and never owed an answer
    problems: Rows
    dispatches: Rows
    circuits: Mapping[str, AnyRow]
    returns: Rows
    handbacks: Rows
    receipts: Rows  # signed about it, with their places in chains
    webhooks: Rows  # what endpoints were told of it, the newest last
    anomalies: Rows
    happened: tuple[Happened, ...]


def read(connection: Connection, found: Found) -> Life:
    """Gather the life of what was found; it must still be there."""
    scope = scope_of(found)
    lots = life_lots.lots(connection, scope)
    ids = [lot.id for lot in lots]
    deposit = _deposit(connection, found, lots)
    dispatch = _one(connection, schema.dispatch, found, DISPATCH)
    payer_return = _one(connection, schema.payer_return, found, RETURN)
    dispatches = life_files.dispatches(connection, scope, dispatch)
    returns = life_files.returns(connection, scope, found, payer_return)
    states = life_lots.states(connection, scope)
    owed = life_lots.owed(connection, scope)
    handbacks = life_files.handbacks(connection, scope, found)
    anomalies = life_files.anomalies(
        connection, found, deposit, lots, dispatches, returns, owed
    )
    named = _named(found, deposit, dispatches, returns, handbacks)
    subjects = _subjects(scope, named)
    return Life(
        found=found,
        deposit=deposit,
        client=_client(connection, deposit, lots),
        claim=_claim(connection, found),
        parts=_parts(connection, found),
        promise=_promise(connection, found),
        dispatch=dispatch,
        payer_return=payer_return,
        anomaly=_one(connection, schema.anomaly, found, ANOMALY),
        lots=lots,
        lot_count=sum(states.values()),
        states=states,
        held_for=life_lots.held_for(connection, scope),
        standing=life_lots.standing(connection, scope, found.seq),
        of_lot=life_lots.standing_of(connection, ids),
        last_answer=life_lots.last_answers(connection, ids, found.seq),
        documents=tuple(
            attachments.of_lots(connection, ids, found.seq, most=attachments.SHOWN)
        ),
        owed=owed,
        payments=payments.of_lots(connection, scope),
        unexpecting=life_lots.unexpecting(connection, scope),
        problems=_problems(connection, found, deposit, lots),
        dispatches=dispatches,
        circuits=life_files.circuits(connection, dispatches),
        returns=returns,
        handbacks=handbacks,
        receipts=_receipts(connection, named, deposit),
        anomalies=anomalies,
        webhooks=life_webhooks.told(connection, subjects),
        happened=_happened(connection, subjects, several=sum(states.values()) > 1),
    )


def scope_of(found: Found) -> ColumnElement[bool]:
    """Say which lots belong to what was found."""
    lot = schema.lot
    if found.kind == DEPOSIT:
        return lot.c.deposit_id == found.id
    if found.kind == LOT:
        return lot.c.id == found.id
    if found.kind == CLAIM:
        return two_parts.scope(found.id, found.seq)
    if found.kind == DISPATCH:
        member = schema.dispatch_lot
        mine = select(member.c.lot_id).where(member.c.dispatch_id == found.id)
        return lot.c.id.in_(mine)
    if found.kind == RETURN:
        answer = schema.answer
        mine = select(answer.c.lot_id).where(
            answer.c.return_id == found.id, answer.c.lot_id.is_not(None)
        )
        return lot.c.id.in_(mine)
    return lot.c.id.is_(None)


def _one(connection: Connection, table: Any, found: Found, kind: str) -> AnyRow | None:
    if found.kind != kind:
        return None
    return connection.execute(select(table).where(table.c.id == found.id)).one_or_none()


def _deposit(connection: Connection, found: Found, lots: Rows) -> AnyRow | None:
    """Read the deposit, unless what was found spans several."""
    if found.kind == DEPOSIT:
        name = found.id
    elif found.kind in {LOT, CLAIM} and lots:
        name = lots[0].deposit_id
    else:
        return None
    table = schema.deposit
    columns = [each for each in table.c if each.name not in {"receipt", "report"}]
    return connection.execute(select(*columns).where(table.c.id == name)).one_or_none()


def _client(
    connection: Connection, deposit: AnyRow | None, lots: Rows
) -> AnyRow | None:
    names = {lot.client_id for lot in lots}
    if deposit is not None:
        names = {deposit.client_id}
    if len(names) != 1:
        return None
    table = schema.client
    columns = (table.c.id, table.c.test, table.c.name, table.c.vendor, table.c.software)
    return connection.execute(
        select(*columns).where(table.c.id == names.pop())
    ).one_or_none()


def _claim(connection: Connection, found: Found) -> AnyRow | None:
    if found.kind != CLAIM:
        return None
    claim, lot = schema.claim, schema.lot
    account = func.coalesce(claim.c.account, lot.c.account).label("account")
    columns = [each for each in claim.c if each.name not in {"patient", "account"}]
    return connection.execute(
        select(*columns, account)
        .join(lot, lot.c.id == claim.c.lot_id)
        .where(claim.c.lot_id == found.id, claim.c.seq == found.seq)
    ).one_or_none()


def _parts(connection: Connection, found: Found) -> Rows:
    if found.kind != CLAIM or found.seq is None:
        return ()
    return two_parts.of_claim(connection, found.id, found.seq)


def _promise(connection: Connection, found: Found) -> Promise | None:
    if found.kind != CLAIM or found.seq is None:
        return None
    return commitments.of_claim(connection, found.id, found.seq)


def _problems(
    connection: Connection, found: Found, deposit: AnyRow | None, lots: Rows
) -> Rows:
    if deposit is None:
        return ()
    table = schema.problem
    query = select(table).where(table.c.deposit_id == deposit.id)
    if found.kind in {LOT, CLAIM}:
        query = query.where(table.c.lot_id == found.id)
    order = (table.c.severity, table.c.seq)  # errors before warnings
    return tuple(connection.execute(query.order_by(*order).limit(PROBLEMS)))


def _named(
    found: Found, deposit: AnyRow | None, dispatches: Rows, returns: Rows, given: Rows
) -> set[str]:
    """Name what belongs to the life, but its lots."""
    named = {found.id} | {
        row.id for rows in (dispatches, returns, given) for row in rows
    }
    return named if deposit is None else named | {deposit.id}


def _receipts(connection: Connection, named: set[str], deposit: AnyRow | None) -> Rows:
    """Read the newest receipts about it, of a deposit's life those of its client."""
    rows = receipt_lists.of_life(connection, named, life_files.MOST)
    if deposit is not None:
        rows = [row for row in rows if row.client_id == deposit.client_id]
    return tuple(rows)


def _subjects(scope: ColumnElement[bool], named: set[str]) -> ColumnElement[bool]:
    """Say which events belong to the life."""
    subject = schema.event.c.subject
    return or_(
        subject.in_(sorted(named)), subject.in_(select(schema.lot.c.id).where(scope))
    )


def _happened(
    connection: Connection, subjects: ColumnElement[bool], *, several: bool
) -> tuple[Happened, ...]:
    """List events, of a long life the beginning and the end.

    Where it has several lots theirs are told together, by kind and minute.
    """
    table = schema.event
    minute = cast(table.c.at / _MINUTE, BigInteger)
    each = table.c.chain + "/" + cast(table.c.seq, String)
    many = or_(*(table.c.kind.like(f"{noun}.%") for noun in _OF_LOTS))
    one = case((many, ""), else_=each) if several else each
    least, most = func.min(table.c.facts), func.max(table.c.facts)
    first = func.min(table.c.at).label("first")
    grouped = (
        select(
            table.c.kind,
            func.count().label("times"),
            first,
            func.max(table.c.at).label("last"),
            func.min(table.c.subject).label("subject"),
            case((least == most, least), else_="").label("facts"),
            func.min(table.c.seq).label("seq"),
        )
        .where(subjects, table.c.kind.not_in(_TOLD_TWICE))
        .group_by(table.c.kind, minute, one)
        .subquery()
    )
    both: Select[*tuple[Any, ...]] = select(grouped)
    half = HAPPENINGS // 2
    early = both.order_by(grouped.c.first, grouped.c.seq).limit(half).subquery()
    late = (
        both.order_by(grouped.c.first.desc(), grouped.c.seq.desc())
        .limit(half)
        .subquery()
    )
    found = {
        Happened(row.kind, row.times, row.first, row.last, row.subject, row.facts): (
            row.first,
            row.seq,
        )
        for row in connection.execute(union_all(select(early), select(late)))
    }
    return tuple(sorted(found, key=found.__getitem__))

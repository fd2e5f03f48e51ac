"""Finds what a person of the staff types into the one box, whatever it names.

Beside files, lots, invoices, dispatches, returns and cases (`gateway.journal.trace`)
that is a reference of a payer, a sender, a client or a payer.  Each is a look-up in an
index; only names of senders and clients are looked through, and those are few.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from gateway.journal import schema, trace
from gateway.journal.trace import Found
from routing.directory import Directory
from routing.payment import reference_key

SENDER: Final = "sender"
CLIENT: Final = "client"
PAYER: Final = "payer"
KINDS: Final = (*trace.KINDS, SENDER, CLIENT, PAYER)
MOST: Final = 50
LONGEST: Final = 200  # characters of what is looked for
_LEAST: Final = 3  # letters of a name
_OF_ONE: Final = 20_000  # invoices of a patient among which the newest are looked for
_PADDED: Final = (8, 9, 11)  # digits to which files fill up a sender's number


class Hit(NamedTuple):
    """Something found, with what tells it from the others of its kind."""

    found: Found
    state: str
    payer: str


def find(connection: Connection, what: str, directory: Directory) -> list[Hit]:
    """Find everything that it may mean, `MOST` at most, the newest of a kind first."""
    what = what.strip()[:LONGEST]
    if not what:
        return []
    lot, slash, seq = what.rpartition("/")
    if slash and seq.isascii() and seq.isdigit():  # an invoice, as lists name it
        of_lot = claim(connection, lot, int(seq))
        if of_lot is not None:
            return _described(connection, [of_lot])
    exact = trace.by_id(connection, what)
    if exact is not None:
        return _described(connection, [exact])
    every = chain(
        _payers(directory, what),
        _clients(connection, what),
        trace.find(connection, what, most=MOST),
        _referred(connection, what),
        senders(connection, what),
    )
    once = {(each.kind, each.id, each.seq, each.client): each for each in every}
    return _described(connection, list(islice(once.values(), MOST)))


def claim(connection: Connection, lot: str, seq: int) -> Found | None:
    """Find one invoice by its lot and its place in it."""
    claims, lots = schema.claim, schema.lot
    if seq >= 1 << 31:
        return None
    row = connection.execute(
        select(claims.c.number, lots.c.created_at, lots.c.client_id)
        .join(lots, lots.c.id == claims.c.lot_id)
        .where(claims.c.lot_id == lot, claims.c.seq == seq)
    ).first()
    if row is None:
        return None
    return Found(trace.CLAIM, lot, row.number, row.created_at, row.client_id, seq)


def of_patient(
    connection: Connection, hashes: Collection[int], most: int = MOST
) -> list[Hit]:
    """Find the invoices of a patient by the keyed hashes of the number, newest first."""
    lots = schema.lot
    theirs = schema.claim.c.patient.in_(hashes)
    claims = select(schema.claim).where(theirs).limit(_OF_ONE).subquery()
    query = (
        select(
            *(lots.c.id, claims.c.seq, claims.c.number, claims.c.date),
            *(lots.c.created_at, lots.c.client_id, lots.c.sender),
        )
        .join(lots, lots.c.id == claims.c.lot_id)
        .where(lots.c.part_of.is_(None))  # its other part is told with it
        .order_by(lots.c.created_at.desc(), claims.c.seq)
        .limit(most)
    )
    found = [
        Found(
            trace.CLAIM,
            row.id,
            f"{row.number}, {row.date}, {row.sender}",
            row.created_at,
            row.client_id,
            row.seq,
        )
        for row in connection.execute(query)
    ]
    return _described(connection, found)


def senders(connection: Connection, what: str) -> Iterator[Found]:
    """Find senders by number, however it is filled up, or by a part of the name."""
    table, lot = schema.sender, schema.lot
    bare = what.lstrip("0")
    numbers = {what, bare, *(bare.zfill(width) for width in _PADDED)}
    known: ColumnElement[bool] = table.c.number.in_(numbers)
    if len(what) >= _LEAST and not what.isdigit():
        named = func.lower(table.c.name).contains(what.lower(), autoescape=True)
        known = or_(known, named)
    query = (
        select(table).where(known).order_by(table.c.name, table.c.number).limit(MOST)
    )
    for row in connection.execute(query).all():
        label = f"{row.number} {row.name}".rstrip()
        yield Found(SENDER, row.number, label, row.created_at, row.client_id)
        numbers.discard(row.number)
    for number in sorted(numbers):  # one that no client has noted, and lots name
        query = (
            select(lot.c.created_at, lot.c.client_id)
            .where(lot.c.sender == number)
            .order_by(lot.c.created_at.desc())
            .limit(1)
        )
        for row in connection.execute(query):
            yield Found(SENDER, number, number, row.created_at, row.client_id)


def _clients(connection: Connection, what: str) -> Iterator[Found]:
    table = schema.client
    wanted: ColumnElement[bool] = table.c.id == what
    if len(what) >= _LEAST:
        named = func.lower(table.c.name).contains(what.lower(), autoescape=True)
        wanted = or_(wanted, named)
    query = select(table).where(wanted).order_by(table.c.id).limit(MOST)
    for row in connection.execute(query):
        label = f"{row.id} {row.name}".rstrip()
        yield Found(CLIENT, row.id, label, row.created_at, row.id)


def _payers(directory: Directory, what: str) -> Iterator[Found]:
    lower = what.lower()
    for each in directory.data.payers:
        codes = {code.code for code in each.codes}
        named = len(lower) >= _LEAST and lower in each.name.lower()
        if what == each.id or what in codes or named:
            yield Found(PAYER, each.id, f"{each.name} ({each.id})", 0.0)


def _referred(connection: Connection, what: str) -> Iterator[Found]:
    """Find what a payer, or its side, calls so: dispatches, returns, lots of a payment."""
    dispatch, returned = schema.dispatch, schema.payer_return
    query = (
        select(dispatch)
        .where(dispatch.c.reference == what, dispatch.c.reference != "")
        .order_by(dispatch.c.created_at.desc())
        .limit(MOST)
    )
    for row in connection.execute(query):
        label = f"{row.filename or row.id}, {row.payer_id}"
        yield Found(trace.DISPATCH, row.id, label, row.created_at)
    query = (
        select(returned)
        .where(returned.c.reference == what, returned.c.reference != "")
        .order_by(returned.c.collected_at.desc())
        .limit(MOST)
    )
    for row in connection.execute(query):
        yield Found(trace.RETURN, row.id, row.remote_name, row.collected_at)
    yield from _paid_under(connection, what)


def _paid_under(connection: Connection, what: str) -> Iterator[Found]:
    """Find the lots for which a payment of that reference was announced."""
    payment, lot = schema.payment, schema.lot
    query = (
        select(lot.c.id, lot.c.number, lot.c.sender, lot.c.created_at, lot.c.client_id)
        .join(payment, payment.c.lot_id == lot.c.id)
        .where(payment.c.reference_key == reference_key(what))
        .order_by(lot.c.created_at.desc())
        .limit(MOST)
    )
    for row in connection.execute(query):
        label = f"lot {row.number} of {row.sender}"
        yield Found(trace.LOT, row.id, label, row.created_at, row.client_id)


def _described(connection: Connection, found: Iterable[Found]) -> list[Hit]:
    """Add to what was found its state and its payer."""
    listed = list(found)
    known: dict[str, Mapping[str, tuple[str, str]]] = {}
    for kind, table in _TABLES.items():
        names = {each.id for each in listed if each.kind == kind}
        known[kind] = _states(connection, table, names) if names else {}
    known[trace.CLAIM] = _accounts(
        connection, [each for each in listed if each.kind == trace.CLAIM]
    )
    return [
        Hit(each, *known.get(each.kind, {}).get(_key(each), ("", "")))
        for each in listed
    ]


def _states(
    connection: Connection, table: Table, names: Collection[str]
) -> Mapping[str, tuple[str, str]]:
    payer: Any = table.c.payer_id if "payer_id" in table.c else func.coalesce(None, "")
    query = select(table.c.id, table.c.state, payer).where(table.c.id.in_(names))
    return {name: (state, its or "") for name, state, its in connection.execute(query)}


def _accounts(
    connection: Connection, found: Collection[Found]
) -> Mapping[str, tuple[str, str]]:
    """Tell where invoices stand."""
    claims, lots = schema.claim, schema.lot
    names = {each.id for each in found}
    if not names:
        return {}
    account = func.coalesce(claims.c.account, lots.c.account)
    query = (
        select(claims.c.lot_id, claims.c.seq, account, lots.c.payer_id)
        .join(lots, lots.c.id == claims.c.lot_id)
        .where(
            claims.c.lot_id.in_(names), claims.c.seq.in_({each.seq for each in found})
        )
    )
    return {
        f"{lot}/{seq}": (state, payer or "")
        for lot, seq, state, payer in connection.execute(query)
    }


def _key(found: Found) -> str:
    return found.id if found.seq is None else f"{found.id}/{found.seq}"


_TABLES: Final[Mapping[str, Table]] = {
    trace.DEPOSIT: schema.deposit,
    trace.LOT: schema.lot,
    trace.DISPATCH: schema.dispatch,
    trace.RETURN: schema.payer_return,
    trace.ANOMALY: schema.anomaly,
}

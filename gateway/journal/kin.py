"""The claims that an answer may mean whose keys fit none: looked up, not judged.

Only for orphans, and for many at once.  A claim has no index on its patient,
because each claim would pay for what one in many needs: a sender's lots of the
weeks in question are read instead, once for all orphans of that sender.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from gateway.journal import schema
from gateway.journal.dialect import plain
from gateway.journal.prepared import Prepared, given

_MOST_LOTS: Final = 5000  # of a sender, the newest
_PER_STATEMENT: Final = 500  # an engine takes only so many parameters
_MOST_CLAIMS: Final = 20_000


def lots_of_sender(
    connection: Connection, network: str, sender: str
) -> list[Row[*tuple[Any, ...]]]:
    """List the lots of a sender, the newest first: id, number, date, state, asked."""
    its = {"its_sender": plain(sender), "its_network": network}
    return _LOTS_OF_SENDER.rows(connection, its)


def claim(connection: Connection, lot: str, seq: int) -> Row[*tuple[Any, ...]]:
    """Read one claim."""
    found: Row[*tuple[Any, ...]]
    (found,) = _CLAIM.rows(connection, {"its_lot": lot, "its_seq": seq})
    return found


def claims_of_lots(
    connection: Connection, lots: Collection[str]
) -> list[Row[*tuple[Any, ...]]]:
    """List the claims of lots."""
    found: list[Row[*tuple[Any, ...]]] = []
    for some in _parts(lots):
        found += connection.execute(_OF_LOTS, {"lots": some}).all()
    return found


def claims_of_patients(
    connection: Connection, lots: Collection[str], patients: Collection[int]
) -> list[Row[*tuple[Any, ...]]]:
    """List the claims of patients, by their hashes, among those of lots."""
    found: list[Row[*tuple[Any, ...]]] = []
    for whose in _parts(patients):
        for some in _parts(lots):
            its = {"lots": some, "patients": whose}
            found += connection.execute(_OF_PATIENTS, its).all()
    return found


def claims_of_numbers(
    connection: Connection, network: str, sender: str, numbers: Collection[str]
) -> list[Row[*tuple[Any, ...]]]:
    """List the claims of a sender that bear one of some numbers."""
    found: list[Row[*tuple[Any, ...]]] = []
    for some in _parts(map(plain, numbers)):
        its = {"numbers": some, "its_sender": plain(sender), "its_network": network}
        found += connection.execute(_OF_NUMBERS, its).all()
    return found


def senders_of(
    connection: Connection,
    network: str,
    numbers: Collection[str],
    patients: Collection[int],
) -> set[str]:
    """Name the senders of claims that bear one of some numbers and are of a patient."""
    its = {
        "numbers": sorted(map(plain, numbers)),
        "patients": sorted(patients),
        "its_network": network,
    }
    return set(connection.execute(_SENDERS, its).scalars())


def _parts(values: Iterable[Any]) -> Iterable[Sequence[Any]]:
    left = iter(values)
    while part := list(islice(left, _PER_STATEMENT)):
        yield part


def _claims() -> Select[*tuple[Any, ...]]:
    mine, lot = schema.claim, schema.lot
    return select(
        mine.c.lot_id,
        mine.c.seq,
        mine.c.number,
        mine.c.match_key,
        mine.c.date,
        mine.c.patient,
        mine.c.asked,
        mine.c.asked_main,
        mine.c.asked_other,
        func.coalesce(mine.c.account, lot.c.account).label("account"),
        lot.c.sender,
        lot.c.number.label("lot_number"),
        lot.c.date.label("lot_date"),
    ).join(lot, lot.c.id == mine.c.lot_id)


_LOT: Final = schema.lot
_MINE: Final = schema.claim
_THOSE_LOTS: Final = _MINE.c.lot_id.in_(bindparam("lots", expanding=True))
_LOTS_OF_SENDER: Final = Prepared(
    select(_LOT.c.id, _LOT.c.number, _LOT.c.date, _LOT.c.state, _LOT.c.asked)
    .where(_LOT.c.sender == given("its_sender"), _LOT.c.network == given("its_network"))
    .order_by(_LOT.c.created_at.desc(), _LOT.c.id)
    .limit(_MOST_LOTS)
)
_CLAIM: Final = Prepared(
    _claims().where(_MINE.c.lot_id == given("its_lot"), _MINE.c.seq == given("its_seq"))
)
_OF_LOTS: Final = _claims().where(_THOSE_LOTS).limit(_MOST_CLAIMS)
_OF_PATIENTS: Final = (
    _claims()
    .where(_THOSE_LOTS, _MINE.c.patient.in_(bindparam("patients", expanding=True)))
    .limit(_MOST_CLAIMS)
)
_OF_NUMBERS: Final = (
    _claims()
    .where(
        _MINE.c.number.in_(bindparam("numbers", expanding=True)),
        _MINE.c.sender == given("its_sender"),
        _LOT.c.network == given("its_network"),
    )
    .limit(_MOST_CLAIMS)
)
_SENDERS: Final = (
    select(_MINE.c.sender)
    .join(_LOT, _LOT.c.id == _MINE.c.lot_id)
    .where(
        _MINE.c.number.in_(bindparam("numbers", expanding=True)),
        _MINE.c.patient.in_(bindparam("patients", expanding=True)),
        _LOT.c.network == given("its_network"),
    )
    .distinct()
    .limit(2)
)

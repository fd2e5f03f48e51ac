"""Every deposit that was split and is kept is read again, and its rows are compared.

What a file says is all that its client ever asked for, so amounts are proved here
and nowhere else: rows and ledger can agree with one another and both be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO, Final

from sqlalchemy import Connection, Row, and_, func, select

from gateway.errors import IntegrityBroken
from gateway.journal import purges, reading, schema, verify_files
from gateway.journal.dialect import plain
from gateway.journal.prepared import Prepared, given
from gateway.storage.payloads import Payloads
from protocols.interface import Network
from routing.envelope import ClaimSeen, LotSeen
from routing.lifecycle import DepositState

_LOT: Final = Prepared(select(schema.lot).where(schema.lot.c.id == given("its_id")))
_CLAIMS: Final = Prepared(
    select(
        schema.claim.c.seq,
        schema.claim.c.number,
        schema.claim.c.match_key,
        schema.claim.c.asked,
        schema.claim.c.offset,
        schema.claim.c.length,
    )
    .where(schema.claim.c.lot_id == given("its_id"))
    .order_by(schema.claim.c.seq)
)
_PARTS: Final = Prepared(
    select(
        schema.claim.c.lot_id,
        schema.claim.c.seq,
        schema.claim.c.number,
        schema.claim.c.offset,
        schema.claim.c.asked,
    )
    .join(schema.lot, schema.lot.c.id == schema.claim.c.lot_id)
    .where(schema.lot.c.part_of == given("its_id"))
)
_OF_LOT: Final = ("number", "sender", "flow", "claims", "asked", "errors")
_OF_CLAIM: Final = ("number", "asked")
_PLACE: Final = ("offset", "length", "match_key")  # they say nothing to a person

_differences: Final = partial(verify_files.differences, file="deposit", hidden=_PLACE)


def count(connection: Connection) -> int:
    """Count the deposits that `breaks` reads."""
    return verify_files.count(connection, schema.deposit, _was_split())


def breaks(
    connection: Connection,
    stored: Payloads,
    networks: Mapping[str, Network],
    tell: Callable[[], None],
) -> Iterator[str]:
    """Say where rows differ from the files; `tell` is called after each file."""

    def again(row: Row[*tuple[Any, ...]]) -> Iterator[str]:
        network = networks.get(row.network)
        if network is None:
            raise IntegrityBroken(f"network {row.network} is not installed here")
        return _deposit(connection, stored, network, row)

    return verify_files.breaks(connection, schema.deposit, _was_split(), again, tell)


def _was_split() -> Any:
    table = schema.deposit
    return and_(
        table.c.state == DepositState.SPLIT.value, purges.kept(table.c.payload_id)
    )


def _deposit(
    connection: Connection,
    stored: Payloads,
    network: Network,
    deposit: Row[*tuple[Any, ...]],
) -> Iterator[str]:
    found = 0
    with stored.open(connection, deposit.payload_id) as stream:
        for lot in _lots(network, deposit, stream):
            found += 1
            name = reading.lot_id(deposit.id, lot.position)
            row = _LOT.first(connection, {"its_id": name})
            if row is None:
                yield f"lot {name}: its deposit's file holds it, and it has no row"
            else:
                yield from _lot(connection, deposit.network, row, lot)
    table = schema.lot
    own = (table.c.deposit_id == deposit.id, table.c.part_of.is_(None))
    rows = select(func.count()).where(*own)
    there = connection.execute(rows).scalar_one()
    if there != found or deposit.lots != found:
        yield (
            f"deposit {deposit.id}: it has {there} lots and says {deposit.lots}, its "
            f"file holds {found}"
        )


def _lots(
    network: Network, deposit: Row[*tuple[Any, ...]], stream: BinaryIO
) -> Iterable[LotSeen]:
    kind = network.attachments
    if kind is None or deposit.format != kind.format:
        return network.read(stream, deposit.format).lots()
    about = kind.about(deposit.filename)
    if about is None:
        return []
    return [kind.lot(about, sha256=deposit.sha256, size=deposit.size)]


def _lot(connection: Connection, network: str, row: Any, lot: LotSeen) -> Iterator[str]:
    (wanted,) = reading.lot_rows(0.0, row.deposit_id, row.client_id, network, [lot])
    name = f"lot {row.id}"
    parts = {each.seq: each for each in _PARTS.rows(connection, {"its_id": row.id})}
    split_off = sum(each.asked for each in parts.values())
    there = row._asdict() | {"asked": row.asked + split_off}
    yield from _differences(name, there, wanted, shown=_OF_LOT)
    claims = _CLAIMS.rows(connection, {"its_id": row.id})
    if len(claims) != len(lot.claims):
        yield (
            f"{name}: {len(claims)} claims have a row, the deposit's file holds "
            f"{len(lot.claims)}"
        )
        return
    for seq, (claim, seen) in enumerate(zip(claims, lot.claims, strict=True), 1):
        where = f"{name}, claim {seq}"
        if claim.seq != seq:
            yield f"{where}: its row is numbered {claim.seq}"
        # The file asks once for what two payers are asked for: the parts make it up.
        part = parts.pop(seq, None)
        there = claim._asdict()
        if part is not None:
            there["asked"] += part.asked
            if (part.number, part.offset) != (claim.number, claim.offset):
                yield f"{where}: lot {part.lot_id} names another invoice as its part"
        yield from _differences(where, there, _claim(seen), shown=_OF_CLAIM)
    if parts:
        yield f"{name}: it has no claims {sorted(parts)}, of which parts were split off"


def _claim(seen: ClaimSeen) -> dict[str, Any]:
    return {
        "number": plain(seen.number),
        "match_key": plain(seen.match_key),
        "asked": seen.asked,
        "offset": seen.offset,
        "length": seen.length,
    }

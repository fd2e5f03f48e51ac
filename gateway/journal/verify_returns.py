"""Every return that was matched is read again, and its answers' rows compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from sqlalchemy import Connection, Row, and_, or_, select

from gateway.errors import IntegrityBroken
from gateway.journal import answers, purges, schema, verify_files
from gateway.storage.payloads import Payloads
from protocols import desk, mail_notice
from protocols.interface import Network
from routing.envelope import AnswerSeen
from routing.lifecycle import ReturnState

_AT_ONCE: Final = 200
_HEAD: Final = 4096
_SHOWN: Final = ("level", "outcome", "asked", "paid")
_HIDDEN: Final = ("match_key", "sender")
_FULL: Final = (ReturnState.MATCHED, ReturnState.PARTLY_MATCHED)


def count(connection: Connection) -> int:
    """Count the returns that `breaks` reads."""
    return verify_files.count(connection, schema.payer_return, _was_read())


def breaks(
    connection: Connection,
    stored: Payloads,
    networks: Mapping[str, Network],
    tell: Callable[[], None],
) -> Iterator[str]:
    """Say where rows differ from the files; `tell` is called after each file."""

    def again(row: Row[*tuple[Any, ...]]) -> Iterator[str]:
        with stored.open(connection, row.payload_id) as stream:
            said = _said(connection, networks, row, stream)
            yield from _return(connection, row, said)

    return verify_files.breaks(
        connection, schema.payer_return, _was_read(), again, tell
    )


def _was_read() -> Any:
    """Pick what was read to its end, and what has answers for whatever reason."""
    table, answer = schema.payer_return, schema.answer
    has_rows = select(answer.c.seq).where(answer.c.return_id == table.c.id).exists()
    was_read = or_(table.c.state.in_([each.value for each in _FULL]), has_rows)
    return and_(was_read, purges.kept(table.c.payload_id))


def _said(
    connection: Connection,
    networks: Mapping[str, Network],
    row: Row[*tuple[Any, ...]],
    stream: BinaryIO,
) -> Iterable[AnswerSeen]:
    """Read what a return says, as far as it was to be believed."""
    head = stream.read(_HEAD)
    stream.seek(0)
    if desk.recognise(head) == desk.ANSWER_FORMAT:
        try:
            heard = desk.DeskReading.of(stream)
        except ValueError:
            return ()
        held = desk.holds(json.loads(row.facts or "{}"))
        # It may have held when it was read first, and no more when it was read again.
        return heard.answers() if held or answers.of_return(connection, row.id) else ()
    if mail_notice.recognise(head):
        return ()
    network = networks.get(row.network)
    if network is None:
        raise IntegrityBroken(f"network {row.network} is not installed here")
    format = network.recognise(head)
    if format is None or not network.is_return(format):
        return ()
    return network.read_return(stream, format).answers()


def _return(
    connection: Connection, row: Row[*tuple[Any, ...]], said: Iterable[AnswerSeen]
) -> Iterator[str]:
    """Walk the answers of a return and their rows side by side."""
    table = schema.answer
    rows = iter(
        connection.execute(
            select(table)
            .where(table.c.return_id == row.id)
            .order_by(table.c.seq)
            .execution_options(yield_per=_AT_ONCE)
        )
    )
    at = next(rows, None)
    for seq, answer in enumerate(said, 1):
        if at is not None and at.seq == seq:
            yield from _answer(at, answers.row_of(row.id, seq, answer))
            at = next(rows, None)
        elif row.state in _FULL:  # else it is being read, and the rest will come
            yield f"return {row.id}: answer {seq} of its file has no row"
    while at is not None:
        yield f"return {row.id}: answer {at.seq} has a row, and its file does not say it"
        at = next(rows, None)


def _answer(row: Row[*tuple[Any, ...]], wanted: Mapping[str, Any]) -> Iterator[str]:
    found = row._asdict()
    name = f"return {row.return_id}, answer {row.seq}"
    name += f" to lot {row.lot_id}" if row.lot_id else ""
    yield from verify_files.differences(
        name, found, wanted, file="return", shown=_SHOWN, hidden=_HIDDEN
    )

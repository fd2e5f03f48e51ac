"""How a chased lot and its payer stand now, read for a decision on its next remedy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, Row, select

from config.directory_records import Playbook, Within
from gateway.journal import chases, enrolments, remedies, schema
from gateway.journal.prepared import Prepared, given
from gateway.steps import outside
from protocols.interface import Network
from routing.chase import Known, RemedyState
from routing.directory import Directory
from routing.enrolment import EnrolmentState
from routing.envelope import Level
from routing.errors import NoRoute
from routing.ledger import ANSWERED, Account
from routing.lifecycle import DispatchState, ExpectationState, LotState
from routing.remedy import Next, Remedy, Standing, next_remedy

_DAY: Final = Within(1, 0.0)

_LEAVING = frozenset(
    {DispatchState.READY, DispatchState.SENDING, DispatchState.UNKNOWN}
)
_NOT_SENT = frozenset({LotState.NEW, LotState.HELD, LotState.ROUTED, LotState.GATHERED})


@frozen(kw_only=True)
class Seen:
    """A lot with its last dispatch, its payer's standing, and how old its enrolment is.

    `late`: something that is owed for it is past due.
    """

    lot: Row[*tuple[Any, ...]]
    dispatch: Row[*tuple[Any, ...]]
    standing: Standing
    late: bool
    enrolment_asked_at: float | None
    enrolment_since: float | None


def see(
    connection: Connection,
    lot_id: str,
    directory: Directory,
    networks: Mapping[str, Network],
    now: float,
) -> Seen:
    """Read how a lot stands; raises `NoRoute` when its payer left the directory."""
    lot = chases.lot_of(connection, lot_id)
    dispatch = _last_dispatch(connection, lot_id)
    payer = directory.payer(dispatch.payer_id)
    enrolled = enrolments.find(
        connection, networks[lot.network], lot.sender, payer.id, lot.flow
    )
    merged, code_over = _merger(directory, lot, dispatch, now)
    late, pursued = _pursued(connection, lot_id)
    money = directory.answers_of(lot.network).money()
    return Seen(
        lot=lot,
        dispatch=dispatch,
        standing=Standing(
            since=dispatch.sent_at or dispatch.created_at,
            asked=lot.standing_asked,
            file_asked=dispatch.asked,
            acknowledged=_acknowledged(connection, lot),
            merged=merged,
            code_over=code_over,
            recognises=payer.delivery.resend_same_number,
            under_way=lot.state in _NOT_SENT or dispatch.state in _LEAVING,
            only_money=bool(pursued) and pursued <= money,
            outside=_carried_by_hand(connection, dispatch.id),
            desk=payer.desk,
            enrolment=None if enrolled is None else EnrolmentState(enrolled.state),
            enrolment_required=payer.enrolment,
        ),
        late=late,
        enrolment_asked_at=None if enrolled is None else enrolled.changed_at,
        enrolment_since=None if enrolled is None else enrolled.requested_at,
    )


def decide(
    connection: Connection, playbook: Playbook, known: Known, seen: Seen
) -> Next:
    """Decide the next remedy of a lot, with what was said of others in its file.

    A payer that recognises numbers gets the whole file again: what a second person
    refused for one of its lots is refused for all, and one approval stands for all.
    """
    found = next_remedy(playbook, known, seen.standing)
    if found.remedy is not Remedy.RESEND or not seen.standing.recognises:
        return found
    word = remedies.word_on_file(connection, seen.dispatch.id, seen.lot.id)
    if word is RemedyState.DENIED:
        refused = known.refused(Remedy.RESEND)
        return next_remedy(playbook, refused, seen.standing)
    if word is RemedyState.APPROVAL:
        return Next(None, "a second person is asked for another lot of its file")
    return found


def awaited_until(
    directory: Directory, payer: str, remedy: Remedy, now: float
) -> float:
    """Say until when a remedy's answer is awaited, by the payer's playbook and days."""
    for entry in directory.payer(payer).playbook.remedies:
        if entry.do == remedy:
            return directory.calendar(payer).due(now, entry.wait)
    return directory.calendar(payer).due(now, _DAY)


def _last_dispatch(connection: Connection, lot: str) -> Any:
    """Read the dispatch with which a lot that is chased went last."""
    (row,) = _LAST.rows(connection, {"its_lot": lot})
    return row


_LAST: Final = Prepared(
    select(schema.dispatch)
    .join(
        schema.dispatch_lot,
        schema.dispatch_lot.c.dispatch_id == schema.dispatch.c.id,
    )
    .where(schema.dispatch_lot.c.lot_id == given("its_lot"))
    .order_by(schema.dispatch.c.created_at.desc(), schema.dispatch.c.id.desc())
    .limit(1)
)


def _carried_by_hand(connection: Connection, dispatch: str) -> bool:
    """Say whether a dispatch went last in a person's hand, and not by the channel."""
    last = _LAST_ATTEMPT.first(connection, {"its_dispatch": dispatch})
    return last is not None and last.outcome == outside.OUTCOME


_LAST_ATTEMPT: Final = Prepared(
    select(schema.attempt.c.outcome)
    .where(schema.attempt.c.dispatch_id == given("its_dispatch"))
    .order_by(schema.attempt.c.number.desc())
    .limit(1)
)


def _pursued(connection: Connection, lot: str) -> tuple[bool, frozenset[str]]:
    """Name the kinds that are late; where none is, all that are owed."""
    rows = _OWED.rows(connection, {"its_lot": lot})
    late = {row.kind for row in rows if row.state != ExpectationState.OPEN}
    return bool(late), frozenset(late or {row.kind for row in rows})


_OWED: Final = Prepared(
    select(schema.expectation.c.kind, schema.expectation.c.state).where(
        schema.expectation.c.lot_id == given("its_lot"),
        schema.expectation.c.state.in_(
            [
                ExpectationState.OPEN.value,
                ExpectationState.LATE.value,
                ExpectationState.MISSING.value,
            ]
        ),
    )
)


def _acknowledged(connection: Connection, lot: Row[*tuple[Any, ...]]) -> bool:
    """Say whether the payer has shown, with any answer, that it has the lot."""
    if Account(lot.account) in ANSWERED | {Account.ACKNOWLEDGED}:
        return True
    return _HEARD.first(connection, {"its_lot": lot.id}) is not None


_HEARD: Final = Prepared(
    select(schema.answer.c.seq)
    .where(
        schema.answer.c.lot_id == given("its_lot"),
        schema.answer.c.level.in_([Level.LOT.value, Level.CLAIM.value]),
    )
    .limit(1)
)


def _merger(
    directory: Directory,
    lot: Row[*tuple[Any, ...]],
    dispatch: Row[*tuple[Any, ...]],
    now: float,
) -> tuple[bool, bool]:
    """Say whether today's directory leads the code elsewhere, and whether it was over."""
    today = datetime.fromtimestamp(now, UTC).date()
    sent = datetime.fromtimestamp(dispatch.sent_at or now, UTC).date()
    try:
        found = directory.lookup(lot.network, dispatch.payer_code, today)
    except NoRoute:
        return False, False
    if found.code == dispatch.payer_code:
        return False, False
    try:
        then = directory.lookup(lot.network, dispatch.payer_code, sent)
    except NoRoute:
        return True, True
    return True, then.code != dispatch.payer_code

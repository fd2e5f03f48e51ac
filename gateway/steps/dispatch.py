"""Step 5, dispatch: files are handed over, one attempt at a time per dispatch.

Nothing is sent inside a transaction: the attempt is journaled before, its
outcome after.  An outcome that is unknown (the line broke after the last byte,
or the worker died) is asked for, never answered by sending again.  An outcome
that the journal could not take is kept in memory and told first of all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Row, bindparam, or_, select, update

from config.errors import ConfigErrors
from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import IntegrityBroken, StorageUnavailable
from gateway.journal import circuits, dispatches, schema
from gateway.journal.hurry import BY_HAND
from gateway.journal.prepared import Prepared, given
from gateway.journal.revival import outrun
from gateway.learning import CurrentDelays
from gateway.steps.handover import close_if_answered
from gateway.steps.holding import Holding, Holds
from gateway.steps.kept_lease import KeptLease
from gateway.steps.outcomes import Outcomes, Turn, postpone
from gateway.storage.payloads import Payloads
from protocols.channels.interface import Channel
from protocols.errors import OutcomeUnknown, PayerUnavailable, TransferError
from protocols.interface import Network
from routing.directory import Directory
from routing.errors import NoRoute
from routing.lifecycle import DispatchEvent, DispatchState

_LOOK_AT: Final = 50  # dispatches whose turn is checked in one go
_AGAIN_AFTER: Final = 60.0  # seconds a dispatch waits for its payer's file

_Told = tuple[Any, ...]  # the arguments of a write that is still to be made


class DispatchObserver(Protocol):
    """Counts attempts."""

    def attempt(self, payer: str, outcome: str) -> None:
        """Note the outcome of one attempt, or of asking."""
        ...

    def lot(self, payer: str, flow: str, state: str, count: int = 1) -> None:
        """Note lots that came into a state."""
        ...


class Dispatch:
    """Hands dispatches over; run by several workers at once."""

    name = "dispatch"

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        channel: Callable[[str], Channel],
        directory: Callable[[], Directory],
        delays: CurrentDelays,
        networks: Mapping[str, Network],
        entropy: Entropy,
        now: Now,
        worker: str,
        lease: float,
        holding: Holding,
        observe: DispatchObserver,
    ) -> None:
        self._database = database
        self._payloads = payloads
        self._channel = channel
        self._directory = directory
        self._delays = delays
        self._outcomes = Outcomes(
            directory=directory, delays=delays, networks=networks, entropy=entropy
        )
        self._kept = KeptLease(database, now, schema.dispatch, worker, lease)
        self._worker = worker
        self._lease = lease
        self._holding = holding
        self._observe = observe
        self._untold: deque[_Told] = deque()

    def run_once(self) -> bool:
        """Take one dispatch and bring it a step further; False if none is due."""
        self._delays.refresh()
        while self._untold:
            self._tell(*self._untold.popleft())
        with self._holding.turn() as holds:
            return self._turn(holds)

    def _turn(self, holds: Holds) -> bool:
        turn = self._database.write("dispatch.take", self._take, self._directory())
        if turn is None:
            return False
        holds([turn.dispatch.id])
        if turn.asking:
            self._ask(turn)
        else:
            self._send(turn)
        return True

    def _take(self, tx: Tx, directory: Directory) -> Turn | None:
        self._find_lost(tx)
        blocked: set[str] = set()
        while due := self._due(tx, blocked):
            busy = dispatches.sending(tx.connection)
            for row in due:
                if row.endpoint_id in blocked:
                    continue
                if row.state == DispatchState.READY and (firsts := outrun(tx, row)):
                    for first in sorted(firsts):
                        close_if_answered(tx, first)
                    continue
                if not self._is_its_time(tx, row, directory):
                    continue
                if self._may_go(tx, row, directory, busy):
                    return self._begin(tx, row)
                # Its whole queue waits; the payers behind it do not.
                blocked.add(row.endpoint_id)
        return None

    def _due(self, tx: Tx, blocked: Collection[str]) -> Sequence[Row[*tuple[Any, ...]]]:
        if not blocked:
            return _DUE.rows(tx.connection, {"now": tx.now})
        others = {"now": tx.now, "blocked": sorted(blocked)}
        return tx.connection.execute(_DUE_ELSEWHERE, others).all()

    def _find_lost(self, tx: Tx) -> None:
        """Turn what a dead worker was handing over into an unknown outcome."""
        for row in _LOST.rows(tx.connection, {"now": tx.now}):
            dispatches.move(
                tx,
                row,
                DispatchEvent.LOST,
                not_before=tx.now,
                worker=None,
                lease_until=None,
                cause="worker-lost",
                cause_words=f"worker {row.worker} ended during the handing over",
            )

    def _is_its_time(
        self, tx: Tx, row: Row[*tuple[Any, ...]], directory: Directory
    ) -> bool:
        """Say whether the payer takes files now; else the dispatch is postponed."""
        try:
            payer = directory.payer(row.payer_id)
        except NoRoute as error:
            self._outcomes.unroutable(tx, row, error)
            postpone(tx, row, tx.now + _AGAIN_AFTER, error.cause, str(error))
            return False
        if row.cause == BY_HAND:
            return True
        calendar = directory.calendar(payer.id)
        windows = payer.delivery.windows
        if not calendar.is_open(windows, tx.now):
            opens = calendar.next_opening(windows, tx.now)
            postpone(tx, row, opens, "window-closed", "the payer's window is closed")
            return False
        return True

    def _may_go(
        self,
        tx: Tx,
        row: Row[*tuple[Any, ...]],
        directory: Directory,
        busy: Mapping[str, int],
    ) -> bool:
        at_once = directory.payer(row.payer_id).delivery.concurrency
        if busy.get(row.endpoint_id, 0) >= at_once:
            return False
        return circuits.try_endpoint(tx, row.endpoint_id)

    def _begin(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> Turn:
        asking = row.state == DispatchState.UNKNOWN
        until = tx.now + self._lease
        lease = {"worker": self._worker, "lease_until": until}
        (payload,) = _PAYLOAD.rows(tx.connection, {"its_id": row.payload_id})
        if asking:
            _LEASE.run(tx.connection, {"its_id": row.id, **lease})
            return Turn(row, payload, row.attempts, until, asking)
        number = dispatches.begin_attempt(tx, row, self._worker)
        dispatches.move(tx, row, DispatchEvent.CLAIM, **lease)
        return Turn(row, payload, number, until, asking)

    def _send(self, turn: Turn) -> None:
        dispatch, told = turn.dispatch, self._outcomes
        try:
            channel = self._channel(dispatch.endpoint_id)
            with self._payloads.open_row(turn.payload) as body:
                kept = self._kept.during(body, dispatch.id, turn.held_until)
                sent = channel.send(dispatch.filename, dispatch.size, kept)
        except OutcomeUnknown as error:
            outcome = "unknown"
            self._tell("dispatch.lost", told.lost, turn, error)
        except TransferError as error:
            outcome = error.code
            self._tell("dispatch.failed", told.failed, turn, error)
        except IntegrityBroken as error:
            outcome = error.code
            broken = TransferError(f"our copy cannot be read: {error}")
            self._tell("dispatch.failed", told.failed, turn, broken)
        except (NoRoute, ConfigErrors, OSError) as error:
            outcome = PayerUnavailable.code
            away = PayerUnavailable(f"{dispatch.endpoint_id}: {error}")
            self._tell("dispatch.failed", told.failed, turn, away)
        else:
            outcome = "accepted"
            self._tell("dispatch.sent", told.sent, turn, sent.reference, sent.note)
            self._observe.lot(dispatch.payer_id, dispatch.flow, "sent", dispatch.lots)
        self._observe.attempt(dispatch.payer_id, outcome)

    def _ask(self, turn: Turn) -> None:
        dispatch, told = turn.dispatch, self._outcomes
        try:
            channel = self._channel(dispatch.endpoint_id)
            arrival = channel.ask(dispatch.filename, dispatch.size)
        except (TransferError, NoRoute, ConfigErrors, OSError) as error:
            self._database.write("dispatch.unasked", told.unasked, turn, error)
            return
        self._database.write("dispatch.asked", told.asked, turn, arrival)
        self._observe.attempt(dispatch.payer_id, f"asked-{arrival}")

    def _tell(self, name: str, call: Callable[..., None], *args: Any) -> None:
        """Journal what happened at a payer; kept for later if that cannot be now."""
        try:
            self._database.write(name, call, *args)
        except StorageUnavailable:
            self._untold.appendleft((name, call, *args))
            raise


_TABLE: Final = schema.dispatch
_ARE_DUE: Final = (
    select(_TABLE)
    .where(
        _TABLE.c.state.in_([DispatchState.READY.value, DispatchState.UNKNOWN.value]),
        _TABLE.c.payload_id.is_not(None),
        _TABLE.c.not_before <= given("now"),
        or_(_TABLE.c.lease_until.is_(None), _TABLE.c.lease_until < given("now")),
    )
    .order_by(_TABLE.c.not_before, _TABLE.c.created_at, _TABLE.c.number)
    .limit(_LOOK_AT)
    .with_for_update(skip_locked=True)
)
_DUE: Final = Prepared(_ARE_DUE)
_DUE_ELSEWHERE: Final = _ARE_DUE.where(
    _TABLE.c.endpoint_id.not_in(bindparam("blocked", expanding=True))
)
_PAYLOAD: Final = Prepared(
    select(schema.payload).where(schema.payload.c.id == given("its_id"))
)
_LEASE: Final = Prepared(
    update(_TABLE).where(_TABLE.c.id == given("its_id")), ("worker", "lease_until")
)
_LOST: Final = Prepared(
    select(schema.dispatch)
    .where(
        schema.dispatch.c.state == DispatchState.SENDING.value,
        schema.dispatch.c.lease_until < given("now"),
    )
    .with_for_update(skip_locked=True)
)

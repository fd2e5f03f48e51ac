"""What the outcome of an attempt does to a dispatch, each in one transaction.

An outcome may come late: the lease ran out, the payer was asked in between, or
an answer proved the arrival.  A failure then changes nothing any more; the
payer's word that it has the file always counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, select

from config.directory_records import Retry
from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies, circuits, dispatches, schema, work
from gateway.journal.prepared import Prepared, given
from gateway.steps.handover import mark_sent
from protocols.channels.interface import Arrival
from protocols.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PayerBusy,
    TransferError,
    UntrustedHost,
)
from protocols.interface import Network
from routing.attachment import FLOW as ATTACHMENT
from routing.delays import Delays
from routing.directory import Directory
from routing.errors import NoRoute
from routing.lifecycle import DispatchEvent, DispatchState
from routing.retry import decide

LOCKED_OUT: Final = (CredentialsRefused, UntrustedHost)

_ASK_AFTER: Final = 5.0  # seconds before a payer is asked, so that it can settle
_ASK_AGAIN: Final = 30.0  # seconds until a payer that could not be asked is
_HAS_IT: Final = {
    DispatchState.SENDING: DispatchEvent.ACCEPTED,
    DispatchState.UNKNOWN: DispatchEvent.ARRIVED,
    DispatchState.REFUSED: DispatchEvent.ARRIVED,
}
"""What the payer's word that it has a dispatch is, by where the dispatch stands."""


class Turn(NamedTuple):
    """A dispatch that a worker may hand over, or ask about, now."""

    dispatch: Row[*tuple[Any, ...]]
    payload: Row[*tuple[Any, ...]]
    attempt: int
    held_until: float
    asking: bool


class Outcomes:
    """Journals outcomes; every method runs in the caller's transaction."""

    def __init__(
        self,
        *,
        directory: Callable[[], Directory],
        delays: Callable[[], Delays],
        networks: Mapping[str, Network],
        entropy: Entropy,
    ) -> None:
        self._networks = networks
        self._directory = directory
        self._delays = delays
        self._entropy = entropy

    def sent(self, tx: Tx, turn: Turn, reference: str, note: str) -> None:
        """Note that the payer took the file."""
        row = _fresh(tx, turn)
        dispatches.end_attempt(
            tx, row.id, turn.attempt, outcome="accepted", code="", words=note
        )
        self._answers(tx, row)
        if row.state == DispatchState.READY:  # it was taken for absent meanwhile
            dispatches.move(tx, row, DispatchEvent.CLAIM)
            row = _fresh(tx, turn)
        happened = _HAS_IT.get(DispatchState(row.state))
        if happened is not None:
            self._mark_sent(tx, row, happened, reference)

    def lost(self, tx: Tx, turn: Turn, error: OutcomeUnknown) -> None:
        """Note that the payer may have the file; it is asked after a while."""
        row = _fresh(tx, turn)
        _end_attempt(tx, turn, "unknown", error)
        self._note_endpoint(tx, row, error, at_once=False)
        if not _is_current(tx, turn, row):
            return
        dispatches.move(
            tx,
            row,
            DispatchEvent.LOST,
            not_before=tx.now + _ASK_AFTER,
            cause=error.code,
            cause_words=str(error),
            worker=None,
            lease_until=None,
        )

    def failed(self, tx: Tx, turn: Turn, error: TransferError) -> None:
        """Plan the next attempt, or give the dispatch to a person."""
        row = _fresh(tx, turn)
        locked_out = isinstance(error, LOCKED_OUT)
        _end_attempt(tx, turn, "failed", error)
        if error.retryable or locked_out:
            self._note_endpoint(tx, row, error, at_once=locked_out)
        else:  # it was the file, not the endpoint
            circuits.succeeded(tx, row.endpoint_id)
        if not _is_current(tx, turn, row):
            return
        decision = decide(
            self._retry(row),
            attempt=row.attempts + 1,
            retryable=error.retryable or locked_out,
            first_at=tx.now if locked_out else row.created_at,
            now=tx.now,
            jitter=lambda: int.from_bytes(self._entropy(4)) / 2**32,
        )
        common = {
            "attempts": row.attempts if locked_out else row.attempts + 1,
            "cause": error.code,
            "cause_words": str(error),
            "worker": None,
            "lease_until": None,
        }
        if decision.at is not None:
            dispatches.move(
                tx, row, DispatchEvent.RETRY, not_before=decision.at, **common
            )
            return
        dispatches.move(tx, row, DispatchEvent.REFUSE, **common)
        paper = "; its documents must go on paper" if row.flow == ATTACHMENT else ""
        self._raise(tx, row, "dispatch-refused", f"{error}{paper}")

    def asked(self, tx: Tx, turn: Turn, arrival: Arrival) -> None:
        """Note what the payer's side shows: there, absent, or for a person."""
        row = _fresh(tx, turn)
        self._answers(tx, row)
        if row.state != DispatchState.UNKNOWN:
            return  # an answer has said more in the meantime
        if arrival is Arrival.ARRIVED:
            self._mark_sent(tx, row, DispatchEvent.ARRIVED, row.filename)
            return
        free = {"worker": None, "lease_until": None}
        repeats = self._directory().payer(row.payer_id).delivery.resend_same_number
        if arrival is Arrival.ABSENT or repeats:
            words = (
                "the payer's side does not have it"
                if arrival is Arrival.ABSENT
                else "it cannot be told, and the payer recognises a number sent twice"
            )
            said = {"cause": "absent", "cause_words": words, "not_before": tx.now}
            dispatches.move(tx, row, DispatchEvent.ABSENT, **said, **free)
            return
        words = (
            f"dispatch {row.id} ({row.filename}): the payer may have taken it, and its "
            "side does not show; ask the payer, then replay or confirm it"
        )
        said = {"cause": "unclear", "cause_words": words}
        dispatches.move(tx, row, DispatchEvent.REFUSE, **said, **free)
        self._raise(tx, row, "dispatch-unclear", words)

    def _retry(self, row: Row[*tuple[Any, ...]]) -> Retry:
        """Say how a dispatch is tried again; documents as long as their network says."""
        policy = self._directory().payer(row.payer_id).delivery.retry
        documents = self._networks[row.network].attachments
        if row.flow != ATTACHMENT or documents is None:
            return policy
        return policy._replace(give_up_after=documents.lasts)

    def unroutable(self, tx: Tx, row: Row[*tuple[Any, ...]], error: NoRoute) -> None:
        """Show, once, that a dispatch cannot go: its payer left the directory."""
        if row.cause != error.cause:
            words = f"dispatch {row.id} ({row.filename}) waits: {error}"
            self._raise(tx, row, "dispatch-refused", words)

    def unasked(self, tx: Tx, turn: Turn, error: Exception) -> None:
        """Ask again later: the payer could not be asked."""
        row = _fresh(tx, turn)
        if isinstance(error, TransferError):
            self._note_endpoint(tx, row, error, at_once=isinstance(error, LOCKED_OUT))
        if row.state == DispatchState.UNKNOWN:
            postpone(tx, row, tx.now + _ASK_AGAIN, "unknown-outcome", str(error))
            work.release(tx, schema.dispatch, row.id)

    def _mark_sent(
        self,
        tx: Tx,
        row: Row[*tuple[Any, ...]],
        happened: DispatchEvent,
        reference: str,
    ) -> None:
        mark_sent(tx, row, happened, self._directory(), self._delays(), reference)

    def _note_endpoint(
        self, tx: Tx, row: Row[*tuple[Any, ...]], error: TransferError, *, at_once: bool
    ) -> None:
        if isinstance(error, PayerBusy):
            return  # it is there: nothing is counted against it
        if circuits.failed(tx, row.endpoint_id, error.code, at_once=at_once):
            anomalies.raise_(
                tx,
                self._entropy,
                kind="payer-locked-out" if at_once else "payer-unreachable",
                severity=anomalies.CRITICAL if at_once else anomalies.WARNING,
                subject=row.endpoint_id,
                payer=row.payer_id,
                words=f"endpoint {row.endpoint_id}: {error}",
            )

    def _answers(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> None:
        """Note that the endpoint answers: what was raised about it is over."""
        circuits.succeeded(tx, row.endpoint_id)
        for kind in ("payer-locked-out", "payer-unreachable"):
            anomalies.settle(
                tx,
                kind=kind,
                subject=row.endpoint_id,
                reason="the endpoint answers again",
            )

    def _raise(self, tx: Tx, row: Row[*tuple[Any, ...]], kind: str, words: str) -> None:
        anomalies.raise_(
            tx,
            self._entropy,
            kind=kind,
            severity=anomalies.ERROR,
            subject=row.id,
            payer=row.payer_id,
            words=words,
        )


def postpone(
    tx: Tx, row: Row[*tuple[Any, ...]], until: float, cause: str, words: str
) -> None:
    """Leave a dispatch alone until a moment, and say why."""
    table = schema.dispatch
    tx.connection.execute(
        table.update()
        .where(table.c.id == row.id)
        .values(not_before=until, cause=cause, cause_words=words)
    )


def _end_attempt(tx: Tx, turn: Turn, outcome: str, error: TransferError) -> None:
    dispatches.end_attempt(
        tx,
        turn.dispatch.id,
        turn.attempt,
        outcome=outcome,
        code=error.code,
        words=str(error),
    )


def _is_current(tx: Tx, turn: Turn, row: Row[*tuple[Any, ...]]) -> bool:
    """Say whether a failed attempt still decides what becomes of its dispatch."""
    last = dispatches.attempts(tx.connection, row.id)[-1].number
    return bool(row.state == DispatchState.SENDING and last == turn.attempt)


def _fresh(tx: Tx, turn: Turn) -> Any:
    """Read the dispatch again: much may have happened in the meantime."""
    (row,) = _LOCKED.rows(tx.connection, {"its_id": turn.dispatch.id})
    return row


_LOCKED: Final = Prepared(
    select(schema.dispatch)
    .where(schema.dispatch.c.id == given("its_id"))
    .with_for_update()
)

"""Carries remedies out: what is only rows in one transaction, what speaks to a payer outside.

Each was journaled before, under an id by which a payer knows it again, so what a
crash left half done is simply done once more.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Row
from twisted.logger import Logger

from config.errors import ConfigErrors
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import chases, dispatches, replay, returns
from gateway.steps.standing import Seen
from protocols.desk import Ask, Question
from protocols.errors import TransferError
from protocols.interface import Channel
from routing.chase import Known, RemedyEvent
from routing.errors import GatewayError, NoRoute
from routing.lifecycle import DispatchState
from routing.remedy import Remedy

_AT_ONCE: Final = 100
_AFTER_FAILURE: Final = 3600.0
_BY: Final = "the chase"
_ASKS: Final = {
    Remedy.ASK_STATUS: Ask.STATUS,
    Remedy.ASK_RETURN: Ask.RETURN,
    Remedy.ASK_ENROLMENT: Ask.ENROLMENT,
    Remedy.COMPLAIN: Ask.COMPLAINT,
}
_COMPLAINT: Final = (
    "No answer to this lot has come within the time agreed. Please say how it stands."
)


class RemedyObserver(Protocol):
    """Counts remedies."""

    def remedy(self, payer: str, remedy: str, outcome: str) -> None:
        """Note a remedy, and what came of it."""
        ...


class Remedies:
    """Does what was planned."""

    _log = Logger()

    def __init__(
        self,
        *,
        database: Database,
        channel: Callable[[str], Channel],
        look: Callable[[str, str], bool],
        see: Callable[[Connection, str, float], Seen],
        observe: RemedyObserver,
    ) -> None:
        self._database = database
        self._channel = channel
        self._look = look
        self._see = see
        self._observe = observe

    def carry_out(self) -> bool:
        """Do what is planned, oldest first; False if nothing is."""
        planned = self._database.read(chases.planned, _AT_ONCE)
        looked: set[str] = set()
        for row in planned:
            self._carry_out(row, looked)
        return bool(planned)

    def _carry_out(self, row: Row[*tuple[Any, ...]], looked: set[str]) -> None:
        """Do what was planned; doing it twice after a crash does no harm."""
        seen = self._database.read(self._see, row.lot_id, row.at)
        endpoint, remedy = seen.dispatch.endpoint_id, Remedy(row.kind)
        try:
            if remedy is Remedy.LOOK_AGAIN:
                if endpoint not in looked:
                    self._look(endpoint, seen.dispatch.network)
                    looked.add(endpoint)
            elif remedy in _ASKS:
                question = _question(row, seen, _ASKS[remedy])
                content = question.to_bytes()
                body = io.BytesIO(content)
                self._channel(endpoint).send(question.name, len(content), body)
        except (TransferError, NoRoute, ConfigErrors, OSError) as error:
            self._log.warn(
                "remedy {id} could not be carried out: {error}",
                id=row.id,
                error=str(error),
            )
            self._database.write("chase.failed", self._failed, row, str(error))
            return
        if remedy in BY_ROWS:  # a second person agreed, or a crash came between
            state = self._database.write("chase.rows", self._do_later, row)
        else:
            state = self._database.write("chase.done", self._done, row)
        self._observe.remedy(row.payer_id, remedy, state)

    def _do_later(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> str:
        seen = self._see(tx.connection, row.lot_id, tx.now)
        return do_rows(tx, row, seen)

    def _done(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> str:
        return chases.move_remedy(tx, row, RemedyEvent.DO)

    def _failed(self, tx: Tx, row: Row[*tuple[Any, ...]], words: str) -> None:
        """Note that a remedy could not be done, and let the chase try again soon."""
        chases.move_remedy(tx, row, RemedyEvent.FAIL, words=words)
        chase = chases.find(tx.connection, row.lot_id)
        if chase is None:
            return
        known = Known.from_json(chase.known).without(row.kind)
        chases.wait(tx, row.lot_id, tx.now + _AFTER_FAILURE, known)


def do_rows(tx: Tx, planned: Row[*tuple[Any, ...]], seen: Seen) -> str:
    """Do a remedy that is only rows; return its state."""
    try:
        BY_ROWS[Remedy(planned.kind)](tx, seen)
    except GatewayError as error:
        return chases.move_remedy(tx, planned, RemedyEvent.FAIL, words=str(error))
    return chases.move_remedy(tx, planned, RemedyEvent.DO)


def _question(row: Row[*tuple[Any, ...]], seen: Seen, ask: Ask) -> Question:
    return Question(
        id=row.id,
        ask=ask,
        file=seen.dispatch.filename,
        number=seen.dispatch.number,
        lot=seen.lot.match_key,
        sender=seen.lot.sender,
        flow=seen.lot.flow,
        words=_COMPLAINT if ask is Ask.COMPLAINT else "",
    )


def _match_again(tx: Tx, seen: Seen) -> None:
    returns.orphans_due_now(tx, seen.dispatch.endpoint_id)


def _send_anew(tx: Tx, seen: Seen) -> None:
    """Send a lot in a new file, by today's directory."""
    replay.lot(tx, seen.lot.id, by=_BY, resend=True)


def _resend(tx: Tx, seen: Seen) -> None:
    """Send a lot again: in the same file where that is recognised, else in a new one."""
    if not seen.standing.recognises:
        _send_anew(tx, seen)
        return
    fresh = dispatches.find(tx.connection, seen.dispatch.id)
    if fresh is not None and fresh.state == DispatchState.SENT:
        replay.dispatch(tx, fresh.id, by=_BY, resend=True, repeats=True)


BY_ROWS: Final[Mapping[Remedy, Callable[[Tx, Seen], None]]] = {
    Remedy.MATCH_AGAIN: _match_again,
    Remedy.FOLLOW_MERGER: _send_anew,
    Remedy.RESEND: _resend,
}
"""Remedies that speak to nobody: steps find what they change in the rows."""

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
from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import LostRace
from gateway.journal import chases, dispatches, remedies, replay, returns
from gateway.journal.deeds import CHASE
from gateway.steps.standing import Seen
from protocols.channels.interface import Channel
from protocols.desk import Ask, Question
from protocols.errors import TransferError
from routing.chase import Known, RemedyEvent, RemedyState
from routing.errors import GatewayError, NoRoute
from routing.lifecycle import DispatchState
from routing.remedy import Remedy, helps_still

_AT_ONCE: Final = 100
_AFTER_FAILURE: Final = 3600.0
_MOST_FAILURES: Final = 5  # in a row; then a remedy counts as tried all the same
_ASKS: Final = {
    Remedy.ASK_STATUS: Ask.STATUS,
    Remedy.ASK_RETURN: Ask.RETURN,
    Remedy.ASK_ENROLMENT: Ask.ENROLMENT,
    Remedy.COMPLAIN: Ask.COMPLAINT,
}
_OVERTAKEN: Final = (
    "not done: since it was decided the lot was answered, acknowledged, sent again or "
    "delivered outside"
)
_COMPLAINT: Final = (
    "No answer to this lot has come within the time agreed. Please say how it stands."
)

_UNPAID: Final = (
    "This lot was settled, and its payment has not come within the time agreed. Please "
    "say when and with which reference it was or will be transferred."
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
        until: Callable[[str, Remedy, float], float],
        entropy: Entropy,
        observe: RemedyObserver,
    ) -> None:
        self._database = database
        self._channel = channel
        self._look = look
        self._look_at = see
        self._until = until
        self._entropy = entropy
        self._observe = observe

    def carry_out(self) -> bool:
        """Do what is planned, oldest first; False if nothing is."""
        planned = self._database.read(remedies.planned, _AT_ONCE)
        looked: set[str] = set()
        for row in planned:
            try:
                self._carry_out(row, looked)
            except LostRace as error:
                self._log.info("left to another node: {error}", error=str(error))
        return bool(planned)

    def _carry_out(self, row: Row[*tuple[Any, ...]], looked: set[str]) -> None:
        """Do what was planned; doing it twice after a crash does no harm."""
        if Remedy(row.kind) in BY_ROWS:  # a second person agreed
            state = self._database.write("chase.rows", self._do_later, row)
        else:
            state = self._speak(row, looked)
        if state is not None:
            self._observe.remedy(row.payer_id, row.kind, state)

    def _speak(self, row: Row[*tuple[Any, ...]], looked: set[str]) -> str | None:
        """Do what speaks to a payer; return the try's state, None if it could not be."""
        remedy = Remedy(row.kind)
        try:
            seen = self._database.read(self._see, row, row.at)
            endpoint = seen.dispatch.endpoint_id
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
            return None
        return self._database.write("chase.done", self._done, row)

    def _see(
        self, connection: Connection, row: Row[*tuple[Any, ...]], now: float
    ) -> Seen:
        """See the lot of a try that is still to be made, or raise `LostRace`."""
        if remedies.one(connection, row.id).state != RemedyState.PLANNED:
            raise LostRace(f"remedy {row.id} was carried out meanwhile, or is over")
        return self._look_at(connection, row.lot_id, now)

    def _do_later(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> str | None:
        """Do a remedy that waited, unless it has become unsafe in between.

        None: another node works on its lot, so its turn comes later.
        """
        chase = chases.held(tx, row.lot_id)
        if chase is None:
            return None
        known, words = Known.from_json(chase.known), _OVERTAKEN
        try:
            seen = self._see(tx.connection, row, tx.now)
            if self._may(tx, row, known, seen):
                until = self._until(row.payer_id, Remedy(row.kind), tx.now)
                chases.wait(tx, row.lot_id, until)
                return self.do_rows(tx, row, seen, until)[0]
        except NoRoute as error:  # its payer has left the directory
            words = str(error)
        chases.wait(tx, row.lot_id, tx.now)
        return remedies.move(tx, row, RemedyEvent.FAIL, words=words)

    def _may(
        self, tx: Tx, row: Row[*tuple[Any, ...]], known: Known, seen: Seen
    ) -> bool:
        """Say whether what waited is safe still, and undisputed for its whole file."""
        if not helps_still(Remedy(row.kind), known, seen.standing):
            return False
        if row.kind != Remedy.RESEND or not seen.standing.recognises:
            return True
        return not remedies.word_on_file(tx.connection, seen.dispatch.id, row.lot_id)

    def do_rows(
        self, tx: Tx, planned: Row[*tuple[Any, ...]], seen: Seen, until: float
    ) -> tuple[str, set[str]]:
        """Do a remedy that is only rows; what it brings is awaited until a moment.

        Returns its state, and the other lots of the file that was sent again, for
        which it counts as well.
        """
        others: set[str] = set()
        try:
            sent = BY_ROWS[Remedy(planned.kind)](tx, seen)
        except GatewayError as error:
            state = remedies.move(tx, planned, RemedyEvent.FAIL, words=str(error))
            return state, others
        if sent is not None:
            others = chases.note_sent_with(
                tx, self._entropy, seen.dispatch, seen.lot.id, until
            )
        return remedies.move(tx, planned, RemedyEvent.DO), others

    def _done(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> str:
        return remedies.move(tx, row, RemedyEvent.DO)

    def _failed(self, tx: Tx, row: Row[*tuple[Any, ...]], words: str) -> None:
        """Note that a remedy could not be done, and let the chase try again soon.

        After a few times in a row it counts as tried, so that a chase whose payer
        cannot be reached comes to its end, and to a person.
        """
        chase = chases.locked(tx, row.lot_id)
        remedies.move(tx, row, RemedyEvent.FAIL, words=words)
        if chase is None:
            return
        if remedies.failures(tx.connection, row.lot_id, row.kind) % _MOST_FAILURES:
            known = Known.from_json(chase.known).without(row.kind)
            chases.wait(tx, row.lot_id, tx.now + _AFTER_FAILURE, known)


def _question(row: Row[*tuple[Any, ...]], seen: Seen, ask: Ask) -> Question:
    complaint = _UNPAID if seen.standing.only_money else _COMPLAINT
    return Question(
        id=row.id,
        ask=ask,
        file=seen.dispatch.filename,
        number=seen.dispatch.number,
        lot=seen.lot.match_key,
        sender=seen.lot.sender,
        flow=seen.lot.flow,
        words=complaint if ask is Ask.COMPLAINT else "",
    )


def _match_again(tx: Tx, seen: Seen) -> None:
    returns.orphans_due_now(tx, [seen.dispatch.endpoint_id])


def _send_anew(tx: Tx, seen: Seen) -> None:
    """Send a lot in a new file, by today's directory."""
    replay.lot(tx, seen.lot.id, by=CHASE, resend=True)


def _resend(tx: Tx, seen: Seen) -> str | None:
    """Send a lot again: in the same file where that is recognised, else in a new one.

    Returns the dispatch whose whole file goes again.
    """
    if not seen.standing.recognises:
        _send_anew(tx, seen)
        return None
    fresh = dispatches.find(tx.connection, seen.dispatch.id)
    if fresh is None or fresh.state != DispatchState.SENT:
        return None
    replay.dispatch(tx, fresh.id, by=CHASE, resend=True, repeats=True)
    return str(fresh.id)


BY_ROWS: Final[Mapping[Remedy, Callable[[Tx, Seen], str | None]]] = {
    Remedy.MATCH_AGAIN: _match_again,
    Remedy.FOLLOW_MERGER: _send_anew,
    Remedy.RESEND: _resend,
}
"""Remedies that speak to nobody: steps find what they change in the rows."""

"""Step 3, route: each lot finds its payer, or is held with a cause at once.

Every decision notes the directory version that it was made with.  A held lot is
routed again by itself when a new version of the directory is loaded, or when the
enrolment opens for which it waits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sqlalchemy import Row

from config.directory_records import PayerEntry
from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import anomalies, attachments, enrolments, lot_numbers, lots
from gateway.steps.attach import waiting
from gateway.steps.cases import lot_refused
from protocols.interface import Network
from protocols.sending import UNDECIDED, Destined
from routing.attachment import FLOW as ATTACHMENT
from routing.attachment import Way
from routing.directory import Directory
from routing.directory import Route as Destination
from routing.enrolment import NEXT, may_go
from routing.errors import NoRoute
from routing.lifecycle import LotEvent, LotState

_AT_ONCE: Final = 200

CAUSES: Final = {
    "bad-content": "a payer would refuse what the lot holds; its client has the reasons",
    "duplicate-lot": "the same sender sent a lot with this number and date before",
    "number-waiting": "an earlier lot with its number is not decided on yet; it may go after",
    "number-used": "its payer holds its number as used, and takes it once only",
    "duplicate-invoice": "an invoice number of the lot was used before by its sender",
    "no-destination": "the lot names no payer that a rule or table knows",
    UNDECIDED: "the tables of the complementary payers decide for none, or for several",
    "unknown-payer": "no payer of the directory has the lot's code",
    "payer-closed": "the lot's payer was closed or merged, and no successor is known",
    "no-endpoint": "the lot's payer cannot be reached yet",
    "attachment-waits": "a document waits for its claim, or for the payer's word on it",
    "wrong-flow": "the lot's payer does not take this flow",
    "not-enrolled": "the lot's payer does not know its sender yet, and would drop it",
}
"""Every cause for which a lot does not go on, with what it means."""


_CHANGED: Final = {
    "directory": "another directory is in force",
    "enrolment": "an enrolment is open",
    "number": "it was decided on who has their number",
}


class RouteObserver(Protocol):
    """Counts lots."""

    def lot(self, payer: str, flow: str, state: str, count: int = 1) -> None:
        """Note lots that came into a state; `payer` is empty before routing."""
        ...


class Route:
    """Routes lots of deposits that have been read."""

    name = "route"

    def __init__(
        self,
        *,
        database: Database,
        networks: Mapping[str, Network],
        directory: Callable[[], Directory],
        entropy: Entropy,
        observe: RouteObserver,
    ) -> None:
        self._database = database
        self._networks = networks
        self._directory = directory
        self._entropy = entropy
        self._observe = observe

    def run_once(self) -> bool:
        """Route new lots, and held ones that an older directory held."""
        directory = self._directory()
        routed = self._database.write("route", self._route_new, directory)
        for payer, flow, state in routed:
            self._observe.lot(payer, flow, state)
        if routed:
            return True  # held ones have time until nothing new waits
        return bool(self._database.write("route.again", self._reroute, directory))

    def _route_new(self, tx: Tx, directory: Directory) -> list[tuple[str, str, str]]:
        """Route new lots; return payer (empty if none), flow and state of each."""
        found = lots.by_state(tx, LotState.NEW, _AT_ONCE)
        lot_numbers.lock(tx, found)
        return [self._route(tx, lot, directory) for lot in found]

    def _reroute(self, tx: Tx, directory: Directory) -> int:
        found = lots.held_by_older(tx, directory.version, _AT_ONCE)
        for lot in found:
            changed = "directory" if lot.directory_version else "enrolment"
            if not lot.directory_version and lot.cause == lots.NUMBER_WAITING:
                changed = "number"
            lots.move(tx, lot, LotEvent.REROUTE, changed, cause="", cause_words="")
            anomalies.settle(
                tx,
                kind="lot-held",
                subject=lots.held_subject(lot._asdict()),
                reason=f"its lots are routed again: {_CHANGED[changed]}",
            )
        return len(found)

    def _route(
        self, tx: Tx, lot: Row[*tuple[Any, ...]], directory: Directory
    ) -> tuple[str, str, str]:
        network = self._networks[lot.network]
        destined = network.destine(
            json.loads(lot.destination), directory.tables(lot.network)
        )
        codes = destined.codes
        try:
            if lot.flow == ATTACHMENT:
                destined = _behind_its_claim(tx, lot)
            route = self._decide(tx, lot, destined, directory)
            if lot.flow != ATTACHMENT:  # its claim's sender is known there
                self._check_enrolment(tx, lot, network, route.payer)
            _check_number(tx, lot, network)
        except NoRoute as error:
            code = codes[0] if codes else destined.sought
            held = self._hold(tx, lot, error, code, destined, directory)
            return error.payer or "", lot.flow, held
        state = lots.move(
            tx,
            lot,
            LotEvent.ROUTE,
            "routed",
            payer_id=route.payer.id,
            payer_code=route.code,
            directory_version=directory.version,
            cause="",
            cause_words=_through(route.through),
            **_steps(destined),
        )
        return route.payer.id, lot.flow, state

    def _decide(
        self,
        tx: Tx,
        lot: Row[*tuple[Any, ...]],
        destined: Destined,
        directory: Directory,
    ) -> Destination:
        """Find the payer of a lot that may be sent, or raise `NoRoute`."""
        if lot.errors:
            raise NoRoute("bad-content", CAUSES["bad-content"])
        if destined.cause:
            raise NoRoute(destined.cause, destined.words)
        day = datetime.fromtimestamp(tx.now, UTC).date()
        route = directory.route(lot.network, destined.codes, day)
        if route.payer.flows and lot.flow not in route.payer.flows:
            raise NoRoute(
                "wrong-flow",
                f"payer {route.payer.id} takes {', '.join(route.payer.flows)}, "
                f"not {lot.flow}",
            )
        self._refuse_repeats(tx, lot, self._networks[lot.network])
        return route

    def _refuse_repeats(
        self, tx: Tx, lot: Row[*tuple[Any, ...]], network: Network
    ) -> None:
        twin = lots.earlier_twin(tx.connection, lot)
        if twin is not None:
            raise NoRoute(
                "duplicate-lot",
                f"lot {lot.number} of {lot.date} by {lot.sender} came before as {twin}; "
                f"send a corrected lot with another {network.lot_identity} (the earlier "
                "one can be withdrawn only while it has not been sent)",
            )
        if not network.invoices_unique:
            return
        number = lots.earlier_claim(tx.connection, lot)
        if number is not None:
            raise NoRoute(
                "duplicate-invoice",
                f"invoice {number} was sent before by {lot.sender} and not rejected; "
                "a payer would refuse it as a repeat",
            )

    def _check_enrolment(
        self,
        tx: Tx,
        lot: Row[*tuple[Any, ...]],
        network: Network,
        payer: PayerEntry,
    ) -> None:
        """Hold a lot whose payer does not know its sender: it would vanish there."""
        whose = (network, lot.sender, payer.id, lot.flow)
        state = enrolments.state(tx.connection, *whose)
        if may_go(state, required=payer.enrolment):
            return
        state = enrolments.locked_state(tx, *whose, client=lot.client_id)
        if not may_go(state, required=payer.enrolment):
            raise NoRoute(
                lots.NOT_ENROLLED,
                f"the enrolment of sender {lot.sender} with payer {payer.id} for "
                f"{lot.flow} is {state}; {NEXT[state]}; the lot goes by itself when "
                "the enrolment is open",
                payer=payer.id,
            )

    def _hold(
        self,
        tx: Tx,
        lot: Row[*tuple[Any, ...]],
        error: NoRoute,
        code: str,
        destined: Destined,
        directory: Directory,
    ) -> LotState:
        bad = error.cause == "bad-content"
        values = {
            "cause": error.cause,
            "cause_words": str(error),
            "payer_id": error.payer,
            "payer_code": code or None,
            **_steps(destined),
        }
        state = lots.move(
            tx,
            lot,
            LotEvent.REFUSE if bad else LotEvent.HOLD,
            error.cause,
            **values,
            directory_version=directory.version,
        )
        if bad:
            lot_refused(tx, self._entropy, lot)
        elif error.cause != attachments.WAITS:  # that is shown when it lasts too long
            anomalies.raise_(
                tx,
                self._entropy,
                kind="lot-held",
                severity=anomalies.ERROR,
                subject=lots.held_subject(lot._asdict() | values),
                payer=error.payer or "",
                client=lot.client_id if error.payer else "",
                words=f"lot {lot.id}: {error}",
                claims=lot.claims,
                facts={"cents": lot.asked, "clients": {lot.client_id: lot.claims}},
                items={lot.id: lot.claims},
                once=True,  # a lot that is held again for the same cause
            )
        return state


def _check_number(tx: Tx, lot: Row[*tuple[Any, ...]], network: Network) -> None:
    """Hold a lot whose number its payer would not take, or not yet."""
    if not lot.series:
        return
    ruling = network.rule_number(lot_numbers.uses(tx.connection, lot))
    if not ruling.may_go:
        raise NoRoute(
            lots.NUMBER_WAITING if ruling.waits else "number-used",
            f"number {lot.number} of {lot.series}: {ruling.words}; {ruling.advice}",
        )


def _behind_its_claim(tx: Tx, lot: Row[*tuple[Any, ...]]) -> Destined:
    """Name the payer of a document's claim; hold one that may not follow it yet."""
    stands = attachments.standing(tx.connection, lot.id)
    if stands.errors:
        raise NoRoute("bad-content", CAUSES["bad-content"])
    if stands.way is Way.OPEN:
        return Destined(codes=[stands.code])
    attachments.put_off(tx, lot.id, tx.now)
    raise NoRoute(attachments.WAITS, waiting(stands.way))


def _steps(destined: Destined) -> dict[str, str]:
    """Write down which tables were looked into, and what they said, where any was."""
    if not destined.steps:
        return {}
    steps = [each._asdict() for each in destined.steps]
    return {lots.ROUTING: json.dumps(steps, ensure_ascii=False)}


def _through(codes: tuple[str, ...]) -> str:
    """Say how a merged payer's code led to today's."""
    if len(codes) <= 1:
        return ""
    return f"{codes[0]} was taken over: {' -> '.join(codes)}"

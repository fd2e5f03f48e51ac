"""Supporting documents: looked into, tied to their claim, and let go behind it.

Split makes a lot of each and route holds it; here it is looked into, in another
process, and waits for its claim and for the payer's word on the claim's lot.  Then it
is put back to be routed, and goes the way of every lot.  One whose claim does not come
in time, or does not stand with its payer, is shown to a person and tried on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, select

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import IntegrityBroken
from gateway.inspection import CheckerUnavailable, Scan, check, scan
from gateway.journal import anomalies, attachments, deposits, lots, schema
from gateway.steps.cases import lot_refused
from gateway.steps.documents import report_document
from gateway.storage.payloads import Payloads
from protocols.attachments import Attachments
from protocols.interface import Network
from routing.attachment import Way, way
from routing.envelope import Problem, Severity
from routing.lifecycle import LotEvent, LotState

STRANDED: Final = "attachment-stranded"
_SOON: Final = 60.0  # seconds until a young document is looked at again
_LATER: Final = 3600.0  # for an old one
_WAITING: Final = {
    Way.CLAIM: "its claim is not here yet",
    Way.WORD: "the payer has not acknowledged its claim's lot yet",
    Way.REFUSED: "its claim's lot does not stand with the payer",
}
_ADVICE: Final = (
    "see with its client whether the file's name gives the right sender, lot and "
    "invoice, or send the document on paper"
)

AnyRow = Row[*tuple[Any, ...]]


def waiting(way: Way | None) -> str:
    """Say what a document waits for; None: to be looked into."""
    words = "it was not looked into yet" if way is None else _WAITING[way]
    return f"{words}; it goes on by itself"


class Attach:
    """Looks into documents and lets them follow their claims."""

    name = "attach"

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        networks: Mapping[str, Network],
        entropy: Entropy,
        lease: float,
        scanner: Sequence[str],
        scan_time: float,
    ) -> None:
        self._database = database
        self._payloads = payloads
        self._networks = networks
        self._entropy = entropy
        self._lease = lease
        self._scanner = scanner
        self._scan_time = scan_time

    def run_once(self) -> bool:
        """Bring one document a step further; False if none is due."""
        row = self._database.write("attach.take", attachments.take, self._lease)
        if row is None:
            return False
        network = self._networks[row.network].attachments
        if network is None:
            raise LookupError(f"network {row.network} takes no documents any more")
        if row.checked_at is not None:
            self._database.write("attach.follow", self._follow, row, network)
            return True
        try:
            self._look(row, network)
        except IntegrityBroken as error:
            words = f"deposit {row.deposit_id}: {error}"
            self._database.write("attach.broken", self._broken, row, words)
        return True

    def _look(self, row: AnyRow, network: Attachments) -> None:
        if row.length > network.checker.largest:
            problems: Sequence[Problem] = [_problem("too-large", _TOO_LARGE)]
            scanned = Scan(True, "not scanned: it is too large for a document")
            self._database.write(
                "attach.checked", self._checked, row, scanned, problems
            )
            return
        payload = self._database.read(deposits.payload_of, row.deposit_id)
        with self._database.read(self._payloads.open, payload) as stream:
            content = stream.read()
        scanned = scan(self._scanner, content, self._scan_time)
        if scanned.clean is None:
            self._database.write("attach.unscanned", self._unscanned, row, scanned)
            return
        if not scanned.clean:
            problems = [_problem("virus", _VIRUS)]
        else:
            try:
                told = check(network.checker, content)
            except CheckerUnavailable as error:
                scanned = Scan(None, str(error))
                self._database.write("attach.unlooked", self._unscanned, row, scanned)
                return
            problems = (
                [_problem("not-examined", _NOT_EXAMINED)]
                if told is None
                else network.judge(told, size=len(content))
            )
        self._database.write("attach.checked", self._checked, row, scanned, problems)

    def _checked(
        self, tx: Tx, row: AnyRow, scanned: Scan, problems: Sequence[Problem]
    ) -> None:
        lot = _held(tx, row)
        if lot is None:
            return
        self._settle(tx, row, "it was scanned")
        errors = [each for each in problems if each.severity is Severity.ERROR]
        attachments.checked(tx, row.lot_id, scanned.words, len(errors))
        attachments.add_problems(tx, row.deposit_id, row.lot_id, problems)
        report_document(tx, row.deposit_id, row.lot_id, problems)
        tx.say("attachment.checked", row.lot_id, scan=scanned.words, errors=len(errors))
        claim = attachments.claim_of(tx.connection, row)
        if claim is not None:
            attachments.tie(tx, row.lot_id, claim)
        if errors:
            values = {"cause": "bad-content", "cause_words": errors[0].message}
            lots.move(tx, lot, LotEvent.REFUSE, "bad-content", **values)
            lot_refused(tx, self._entropy, lot)

    def _unscanned(self, tx: Tx, row: AnyRow, scanned: Scan) -> None:
        attachments.put_off(tx, row.lot_id, tx.now + _wait(row, tx.now))
        words = f"it waits for the program that looks into it ({scanned.words})"
        self._strand(tx, row, words, "mend that program; it is then tried by itself")

    def _follow(self, tx: Tx, row: AnyRow, network: Attachments) -> None:
        """Let a document go behind its claim, or have it wait on."""
        lot = _held(tx, row)
        if lot is None:
            return
        claim = attachments.claim_of(tx.connection, row)
        if claim is not None and claim.lot_id != row.about_lot:
            attachments.tie(tx, row.lot_id, claim)
            tx.say("attachment.tied", row.lot_id, lot=claim.lot_id)
        stands = Way.CLAIM if claim is None else way(claim.state, claim.account)
        if stands is Way.OPEN:
            attachments.put_off(tx, row.lot_id, None)
            lots.move(
                tx,
                lot,
                LotEvent.REROUTE,
                "its claim is acknowledged",
                cause="",
                cause_words="",
            )
            self._settle(tx, row, "it follows its claim")
            return
        attachments.put_off(tx, row.lot_id, tx.now + _wait(row, tx.now))
        if lot.cause_words != waiting(stands):
            lots.move(
                tx,
                lot,
                LotEvent.HOLD,
                attachments.WAITS,
                cause=attachments.WAITS,
                cause_words=waiting(stands),
            )
        if stands is Way.REFUSED or tx.now - row.created_at > network.lasts:
            self._strand(tx, row, _WAITING[stands], _ADVICE)

    def _strand(self, tx: Tx, row: AnyRow, why: str, advice: str) -> None:
        """Show a document that does not get on, once."""
        words = f"document {row.lot_id}, for invoice {row.invoice}: {why}"
        table = schema.anomaly
        shown = select(table.c.id).where(
            table.c.kind == STRANDED,
            table.c.subject == row.lot_id,
            table.c.words == words,
        )
        if tx.connection.execute(shown).first() is None:
            anomalies.raise_(
                tx,
                self._entropy,
                kind=STRANDED,
                severity=anomalies.WARNING,
                subject=row.lot_id,
                client=row.client_id,
                words=words,
                advice=advice,
                items={row.lot_id: 0},
            )

    def _settle(self, tx: Tx, row: AnyRow, reason: str) -> None:
        anomalies.settle(tx, kind=STRANDED, subject=row.lot_id, reason=reason)

    def _broken(self, tx: Tx, row: AnyRow, words: str) -> None:
        attachments.put_off(tx, row.lot_id, tx.now + _LATER)
        anomalies.storage_broken(tx, self._entropy, row.deposit_id, words)


_VIRUS: Final = (
    "the virus scanner finds something in it; it is kept and never sent; clean the "
    "machine that it comes from, and scan the document again"
)
_NOT_EXAMINED: Final = (
    "it cannot be examined within the time and memory that a document may take: it is "
    "broken, no plain scan, or made to do harm; have it scanned and sent again"
)
_TOO_LARGE: Final = (
    "it is far too large for a supporting document, and was not looked into; scan it in "
    "fewer colours, or send its pages in several files"
)


def _problem(code: str, words: str) -> Problem:
    return Problem(None, None, None, Severity.ERROR, code, words)


def _wait(row: AnyRow, now: float) -> float:
    """Say how long a document waits until it is looked at again: longer with its age."""
    return float(min(_LATER, max(_SOON, (now - row.created_at) / 10)))


def _held(tx: Tx, row: AnyRow) -> AnyRow | None:
    """Read and lock a document's lot; None if it does not wait any more."""
    table = schema.lot
    lot = tx.connection.execute(
        select(table).where(table.c.id == row.lot_id).with_for_update()
    ).one()
    waits = lot.state == LotState.HELD and lot.cause == attachments.WAITS
    return lot if waits else None

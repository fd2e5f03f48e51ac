"""Step 2, split: a deposit becomes lots and claims, or an anomaly with its place.

A file that cannot be read is kept and reported to its client; one bad lot does
not stop its neighbours.  Lots are written in several commits, so that one large
deposit never holds up the doors, and count only once the last has been made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve
from sqlalchemy import Row

from gateway.clock import Entropy
from gateway.database import Database, Tx
from gateway.errors import IntegrityBroken
from gateway.intake.reports import deposit_report
from gateway.journal import anomalies, lots, schema, work
from gateway.storage.payloads import Payloads
from protocols.interface import Network
from routing.envelope import LotSeen, Problem, Severity, Summary
from routing.lifecycle import DepositState

_HEAD: Final = 4096
_CLAIMS_PER_COMMIT: Final = 4000
_MOST_PROBLEMS: Final = 1000


class Split:
    """Reads deposits, one at a time."""

    name = "split"

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        networks: Mapping[str, Network],
        entropy: Entropy,
        worker: str,
        lease: float,
    ) -> None:
        self._database = database
        self._payloads = payloads
        self._networks = networks
        self._entropy = entropy
        self._worker = worker
        self._lease = lease

    def run_once(self) -> bool:
        """Read the oldest deposit that waits; False if there is none."""
        deposit = self._database.write("split.take", self._take)
        if deposit is None:
            return False
        try:
            self._split(deposit)
        except IntegrityBroken as error:
            words = f"deposit {deposit.id}: {error}"
            self._database.write("split.broken", self._broken, deposit.id, words)
        return True

    def _split(self, deposit: Row[*tuple[Any, ...]]) -> None:
        with self._database.read(self._payloads.open, deposit.payload_id) as stream:
            head = stream.read(_HEAD)
            stream.seek(0)
            for network in self._networks.values():
                format = network.recognise(head)
                if format is not None:
                    if network.is_return(format):
                        break
                    self._read(deposit, network, network.read(stream, format))
                    return
            else:
                format = None
        self._refuse(deposit, format)

    def _take(self, tx: Tx) -> Row[*tuple[Any, ...]] | None:
        table = schema.deposit
        taken = work.take(
            tx,
            table,
            due=table.c.state == DepositState.RECEIVED,
            order=[table.c.received_at, table.c.id],
            worker=self._worker,
            lease=self._lease,
        )
        for row in taken:
            lots.clear(tx, row.id)
            return row
        return None

    def _read(
        self, deposit: Row[*tuple[Any, ...]], network: Network, reading: Any
    ) -> None:
        problems: list[tuple[str | None, Problem]] = []
        waiting: list[LotSeen] = []
        claims = 0
        held = deposit.lease_until
        for lot in reading.lots():
            waiting.append(lot)
            claims += len(lot.claims)
            room = _MOST_PROBLEMS - len(problems)
            name = lots.lot_id(deposit.id, lot.position)
            problems.extend((name, each) for each in lot.problems[:room])
            if claims >= _CLAIMS_PER_COMMIT:
                held = self._add(deposit, network, waiting, held)
                waiting, claims = [], 0
        held = self._add(deposit, network, waiting, held)
        summary = reading.summary()
        room = _MOST_PROBLEMS - len(problems)
        problems.extend((None, each) for each in summary.problems[:room])
        self._finish(deposit, network.name, summary, problems, held)

    def _add(
        self,
        deposit: Row[*tuple[Any, ...]],
        network: Network,
        found: list[LotSeen],
        held: float,
    ) -> float:
        """Write some lots, and prolong the lease with them; return its new end."""

        def write(tx: Tx) -> float:
            until = self._renew(tx, deposit, held)
            hashed = self._payloads.keys.patient_hash
            lots.add(tx, deposit.id, deposit.client_id, network.name, found, hashed)
            return until

        return self._database.write("split.add", write)

    def _renew(self, tx: Tx, deposit: Row[*tuple[Any, ...]], held: float) -> float:
        return work.renew(
            tx,
            schema.deposit,
            deposit.id,
            worker=self._worker,
            held_until=held,
            lease=self._lease,
        )

    def _broken(self, tx: Tx, deposit: str, words: str) -> None:
        anomalies.storage_broken(tx, self._entropy, deposit, words)

    def _refuse(self, deposit: Row[*tuple[Any, ...]], format: str | None) -> None:
        if format is None:
            code, words = (
                "unknown-format",
                "the file is in no format that a network here knows (it may be empty, "
                "compressed, encrypted, or of another kind); send the billing file "
                "itself",
            )
        else:
            code, words = (
                "return-deposited",
                f"the file is a payer's return ({format}), not a billing file; "
                "check which folder your software uploads",
            )
        problem = Problem(None, None, None, Severity.ERROR, code, words)
        summary = Summary(
            format=format or "", records=0, lots=0, claims=0, errors=1, warnings=0
        )
        held = deposit.lease_until
        self._finish(deposit, "", summary, [(None, problem)], held)

    def _finish(
        self,
        deposit: Row[*tuple[Any, ...]],
        network: str,
        summary: Summary,
        problems: list[tuple[str | None, Problem]],
        held: float,
    ) -> None:
        unreadable = summary.lots == 0
        if unreadable and summary.errors == 0:
            summary = evolve(summary, errors=1)
        state = DepositState.UNREADABLE if unreadable else DepositState.SPLIT
        outside = [
            problem
            for lot, problem in problems
            if lot is None and problem.severity is Severity.ERROR
        ]

        def write(tx: Tx) -> None:
            self._renew(tx, deposit, held)
            lots.add_problems(tx, deposit.id, problems)
            report = deposit_report(tx.connection, deposit, state, summary, problems)
            lots.finish(tx, deposit.id, state, network, summary, report)
            if unreadable:
                first = problems[0][1].message if problems else "it holds no lot"
                anomalies.raise_(
                    tx,
                    self._entropy,
                    kind="deposit-unreadable",
                    severity=anomalies.ERROR,
                    subject=deposit.id,
                    client=deposit.client_id,
                    words=f"deposit {deposit.id}: {first}",
                )
            elif outside:
                anomalies.raise_(
                    tx,
                    self._entropy,
                    kind="deposit-damaged",
                    severity=anomalies.ERROR,
                    subject=deposit.id,
                    client=deposit.client_id,
                    words=f"deposit {deposit.id}: {len(outside)} errors outside its "
                    f"lots, so a lot may be missing: {outside[0].message}",
                )

        self._database.write("split.finish", write)

"""Step 2, split: a deposit becomes lots and claims, or an anomaly with its place.

A file that cannot be read is kept and reported to its client; one bad lot does
not stop its neighbours.  Small deposits are read many at a turn and share a
commit, since what a commit costs would be most of what they cost.  A large one
is read by itself: its lots are written in several commits, so that it never
holds up the doors, and count only once the last has been made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, ClassVar, Final

from attrs import evolve
from sqlalchemy import and_

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import IntegrityBroken, StorageUnavailable
from gateway.intake.reports import deposit_report
from gateway.journal import anomalies, clients, reading, schema, work
from gateway.steps.cases import deposit_damaged, deposit_unreadable
from gateway.steps.documents import document, open_documents
from gateway.steps.found import Deposit, Found, Placed, refused
from gateway.steps.holding import Holding, Holds
from gateway.steps.numbers import note_deposits
from gateway.steps.promised import Promised
from gateway.storage.payloads import Payloads
from protocols.interface import Network
from routing.directory import Directory
from routing.envelope import LotSeen
from routing.lifecycle import DepositState
from routing.sandbox import Scoped

_HEAD: Final = 4096
LARGE: Final = 256 * 1024
"""Deposits of more bytes are read by `split-large`."""
_SMALL_AT_ONCE: Final = 64
_CLAIMS_PER_COMMIT: Final = 4000
_MOST_PROBLEMS: Final = 1000

_WAITING: Final = schema.deposit.c.state == DepositState.RECEIVED.value
_ORDER: Final = [schema.deposit.c.received_at, schema.deposit.c.id]
_TAKE_SMALL: Final = work.Taking(
    schema.deposit, due=and_(_WAITING, schema.deposit.c.size <= LARGE), order=_ORDER
)
_TAKE_LARGE: Final = work.Taking(
    schema.deposit, due=and_(_WAITING, schema.deposit.c.size > LARGE), order=_ORDER
)


class Split:
    """Reads small deposits, many at a turn."""

    name = "split"
    _taking: ClassVar = _TAKE_SMALL
    _most: ClassVar = _SMALL_AT_ONCE

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        networks: Mapping[str, Network],
        directory: Callable[[], Directory],
        entropy: Entropy,
        worker: str,
        lease: float,
        holding: Holding,
    ) -> None:
        self._database = database
        self._payloads = payloads
        self._networks = networks
        self._directory = directory
        self._entropy = entropy
        self._worker = worker
        self._lease = lease
        self._holding = holding
        self._tests: dict[str, bool] = {}  # by client; what one is, it stays

    def run_once(self) -> bool:
        """Read deposits that wait; False if none does."""
        with self._holding.turn() as holds:
            return self._turn(holds)

    def _turn(self, holds: Holds) -> bool:
        taken = self._database.write("split.take", self._take)
        holds(deposit.id for deposit in taken)
        failed: list[Exception] = []
        claims, found = 0, []
        for read in self._read_all(taken, failed):
            found.append(read)
            claims += sum(len(lot.claims) for lot in read.lots)
            if claims >= _CLAIMS_PER_COMMIT:
                self._database.write("split.finish", self._finish, found)
                claims, found = 0, []
        if found:
            self._database.write("split.finish", self._finish, found)
        if failed:
            raise failed[0]  # what failed is read again when its lease has run out
        return bool(taken)

    def _read_all(
        self, taken: list[Deposit], failed: list[Exception]
    ) -> Iterator[Found]:
        """Read deposits; one that cannot be read costs its neighbours nothing."""
        for deposit in taken:
            try:
                read = self._read(deposit)
            except IntegrityBroken as error:
                words = f"deposit {deposit.id}: {error}"
                self._database.write("split.broken", self._broken, deposit.id, words)
            except StorageUnavailable as error:
                failed.append(error)
                return
            except Exception as error:
                failed.append(error)
            else:
                yield read

    def _take(self, tx: Tx) -> list[Deposit]:
        taken = self._taking(
            tx, worker=self._worker, lease=self._lease, most=self._most
        )
        for deposit in reading.begun(tx.connection, [row.id for row in taken]):
            reading.clear(tx, deposit)
        return taken

    def _read(self, deposit: Deposit) -> Found:
        with self._database.read(self._payloads.open, deposit.payload_id) as stream:
            head = stream.read(_HEAD)
            stream.seek(0)
            for network in self._networks.values():
                if network.attachments and network.attachments.recognise(head):
                    meant = self._meant(deposit.client_id, network)
                    return document(deposit, meant, network.attachments)
                format = network.recognise(head)
                if format is None:
                    continue
                if network.is_return(format):
                    return refused(deposit, format, head)
                meant = self._meant(deposit.client_id, network)
                return self._read_lots(deposit, meant, format, stream)
        return refused(deposit, None, head)

    def _meant(self, client: str, network: Network) -> Network:
        """Return the network that a client's files belong to: its own twin for a test."""
        if client not in self._tests:
            self._tests[client] = self._database.read(clients.is_test, client)
        if not self._tests[client]:
            return network
        return self._networks[Scoped(client, network.name).name]

    def _read_lots(
        self, deposit: Deposit, network: Network, format: str, stream: BinaryIO
    ) -> Found:
        problems: list[Placed] = []
        waiting: list[LotSeen] = []
        claims, held = 0, deposit.lease_until
        tables = self._directory().tables(network.name)
        read = network.read(stream, format, tables)
        promised = self._promised(deposit, network)
        lots = promised.look(read.lots())
        for lot in _noting_problems(lots, deposit.id, problems):
            waiting.append(lot)
            claims += len(lot.claims)
            if claims >= _CLAIMS_PER_COMMIT:
                held = self._database.write(
                    "split.add", self._add, deposit, network.name, waiting, held
                )
                waiting, claims = [], 0
        summary = read.summary()
        room = _MOST_PROBLEMS - len(problems)
        problems.extend((None, each) for each in summary.problems[:room])
        if not summary.lots and not summary.errors:
            summary = evolve(summary, errors=1)
        summary = evolve(summary, warnings=summary.warnings + promised.warnings)
        return Found(
            deposit=deposit,
            held=held,
            network=network.name,
            summary=summary,
            problems=problems,
            lots=waiting,
        )

    def _promised(self, deposit: Deposit, network: Network) -> Promised:
        return Promised(
            self._database,
            self._directory(),
            network,
            self._payloads.keys.patient_hash,
            client=deposit.client_id,
            today=datetime.fromtimestamp(deposit.received_at, UTC).date(),
        )

    def _add(
        self,
        tx: Tx,
        deposit: Deposit,
        network: str,
        found: list[LotSeen],
        held: float,
    ) -> float:
        """Write some lots, and prolong the lease with them; return its new end."""
        until = work.renew(
            tx,
            schema.deposit,
            deposit.id,
            worker=self._worker,
            held_until=held,
            lease=self._lease,
        )
        self._write(tx, _rows(tx, deposit, network, found), found)
        return until

    def _finish(self, tx: Tx, found: list[Found]) -> None:
        """End the reading of deposits; one that was taken over is left alone."""
        rows = {
            each.deposit.id: _rows(tx, each.deposit, each.network, each.lots)
            for each in found
        }
        readings = [_reading(tx, each, rows[each.deposit.id]) for each in found]
        ended = {
            each.deposit.id for each in reading.end(tx, readings, worker=self._worker)
        }
        kept = [each for each in found if each.deposit.id in ended]
        self._write(
            tx,
            [row for each in kept for row in rows[each.deposit.id]],
            [lot for each in kept for lot in each.lots],
        )
        open_documents(tx, kept)
        for each in kept:
            self._raise(tx, each)
        read = [(each.deposit, each.network, each.summary) for each in kept]
        note_deposits(tx, self._entropy, self._networks, read)

    def _write(self, tx: Tx, rows: list[dict[str, Any]], found: list[LotSeen]) -> None:
        reading.add(tx, rows, found, self._payloads.keys.patient_hash)

    def _broken(self, tx: Tx, deposit: str, words: str) -> None:
        anomalies.storage_broken(tx, self._entropy, deposit, words)

    def _raise(self, tx: Tx, found: Found) -> None:
        """Raise an anomaly if the deposit cannot be read, or not all of it."""
        if found.state is DepositState.UNREADABLE:
            problems = [problem for _, problem in found.problems]
            deposit_unreadable(tx, self._entropy, found.deposit, problems)
            return
        damage = found.damage()
        if damage is not None:
            told = (found.deposit, found.summary, *damage)
            deposit_damaged(tx, self._entropy, *told)


class SplitLarge(Split):
    """Reads large deposits, one at a turn."""

    name = "split-large"
    _taking: ClassVar = _TAKE_LARGE
    _most: ClassVar = 1


def _rows(
    tx: Tx, deposit: Deposit, network: str, lots: list[LotSeen]
) -> list[dict[str, Any]]:
    return reading.lot_rows(tx.now, deposit.id, deposit.client_id, network, lots)


def _reading(tx: Tx, found: Found, rows: list[dict[str, Any]]) -> reading.Reading:
    deposit = found.deposit
    own = sum(row["part_of"] is None for row in rows)
    if own < found.summary.lots:  # the others are written already
        rows = reading.lots_of(tx.connection, deposit.id) + rows
    told = (deposit, found.state, found.summary, rows, found.problems)
    report = deposit_report(*told) if found.about is None else None
    return reading.Reading(
        deposit=deposit,
        held=found.held,
        state=found.state,
        network=found.network,
        summary=found.summary,
        problems=found.problems,
        report=report,
    )


def _noting_problems(
    lots: Iterable[LotSeen], deposit: str, problems: list[Placed]
) -> Iterator[LotSeen]:
    """Pass lots on, and note their problems as long as there is room."""
    for lot in lots:
        room = _MOST_PROBLEMS - len(problems)
        name = reading.lot_id(deposit, lot.position, lot.part)
        problems.extend((name, each) for each in lot.problems[:room])
        yield lot

"""Step 4, gather: routed lots become one file per payer, with its own number.

The number is allocated when the lots are gathered, before any attempt; the file
is made after, from the lots' own bytes, and made again, the same, if a crash
came between.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from sqlalchemy import Row, and_

from config.directory_records import PayerEntry
from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import IntegrityBroken
from gateway.journal import anomalies, deposits, dispatches, lots, schema, work
from gateway.steps.holding import Holding, Holds
from gateway.storage.payloads import Payloads
from gateway.storage.slice import Slice
from protocols.interface import Network
from protocols.sending import Addressee, Composed, Emitter, LotPart
from routing.attachment import FLOW as ATTACHMENT
from routing.directory import Directory
from routing.envelope import Share
from routing.errors import NoRoute
from routing.lifecycle import DispatchState, LotEvent

_AT_ONCE: Final = 2000

Key = tuple[str, str, str]


class Gather:
    """Makes dispatches."""

    name = "gather"

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        networks: Mapping[str, Network],
        emitters: Mapping[str, Emitter],
        directory: Callable[[], Directory],
        entropy: Entropy,
        worker: str,
        lease: float,
        holding: Holding,
    ) -> None:
        self._database = database
        self._payloads = payloads
        self._networks = networks
        self._emitters = emitters
        self._directory = directory
        self._entropy = entropy
        self._worker = worker
        self._lease = lease
        self._holding = holding

    def run_once(self) -> bool:
        """Gather what is due, then make the files; False if there was nothing."""
        with self._holding.turn() as holds:
            return self._turn(holds)

    def _turn(self, holds: Holds) -> bool:
        write = self._database.write
        gathered, dispatch = write("gather", self._gather, self._directory())
        made = dispatch is not None
        while dispatch is not None:
            taken = dispatch
            holds([taken.id])
            try:
                dispatch = self._compose(taken)
            except IntegrityBroken as error:
                words = f"dispatch {taken.id}: {error}"
                dispatch = write("gather.broken", self._broken, taken.id, words)
        return bool(gathered) or made

    def _broken(
        self, tx: Tx, dispatch: str, words: str
    ) -> Row[*tuple[Any, ...]] | None:
        anomalies.storage_broken(tx, self._entropy, dispatch, words)
        return self._take(tx)

    def _gather(
        self, tx: Tx, directory: Directory
    ) -> tuple[int, Row[*tuple[Any, ...]] | None]:
        count = sum(
            self._gather_for(tx, waiting, directory) for waiting in lots.waiting(tx)
        )
        return count, self._take(tx)

    def _gather_for(self, tx: Tx, waiting: Any, directory: Directory) -> int:
        """Gather what waits for one payer, if any of it is due."""
        try:
            payer = directory.payer(waiting.payer_id)
            endpoint = directory.endpoint_of(payer)
        except NoRoute as error:
            self._hold(tx, waiting.payer_id, error, directory)
            return 0
        if not _is_due(payer, waiting, tx.now):
            return 0
        groups: dict[Key, list[Any]] = {}
        for lot in lots.waiting_for(tx, payer.id, _AT_ONCE):
            batch = json.loads(lot.destination).get("batch", "")
            groups.setdefault((lot.payer_code, lot.flow, batch), []).append(lot)
        count = 0
        for (code, flow, _), members in groups.items():
            for part in _cut(payer, members, tx.now):
                group = dispatches.Group(
                    network=payer.network,
                    payer=payer.id,
                    code=code,
                    endpoint=endpoint.id,
                    flow=flow,
                    version=directory.version,
                    lots=tuple(part),
                )
                dispatches.open_dispatch(tx, self._entropy, group)
                count += 1
        return count

    def _hold(
        self,
        tx: Tx,
        payer: str,
        error: NoRoute,
        directory: Directory,
    ) -> None:
        """Hold lots whose payer left the directory since they were routed."""
        for lot in lots.waiting_for(tx, payer, _AT_ONCE):
            lots.move(
                tx,
                lot,
                LotEvent.HOLD,
                error.cause,
                cause=error.cause,
                cause_words=str(error),
                directory_version=directory.version,
            )
            anomalies.raise_(
                tx,
                self._entropy,
                kind="lot-held",
                severity=anomalies.ERROR,
                subject=lots.held_subject(lot._asdict() | {"cause": error.cause}),
                words=f"lot {lot.id}: {error}",
            )

    def _take(self, tx: Tx) -> Row[*tuple[Any, ...]] | None:
        """Take what is made next, in the transaction of what was done before."""
        taken = _NOT_COMPOSED(tx, worker=self._worker, lease=self._lease)
        return taken[0] if taken else None

    def _compose(self, dispatch: Row[*tuple[Any, ...]]) -> Row[*tuple[Any, ...]] | None:
        """Make the file of a dispatch; return the one that was taken next."""
        directory = self._directory()
        payer = directory.payer(dispatch.payer_id)
        calendar = directory.calendar(payer.id)
        addressee = Addressee(
            payer=payer.id,
            code=dispatch.payer_code,
            rules=payer.rules,
            tables=directory.tables(dispatch.network),
        )
        parts = [
            self._part(lot)
            for lot in self._database.read(dispatches.members, dispatch.id)
        ]
        made: list[Composed] = []

        def write(into: BinaryIO) -> None:
            composed = _writer(self._networks[dispatch.network], dispatch.flow)(
                parts,
                addressee=addressee,
                emitter=self._emitters[dispatch.network],
                number=dispatch.number,
                day=calendar.day(dispatch.created_at).isoformat(),
                into=into,
            )
            made.append(composed)

        stored = self._payloads.store(write)

        def note(tx: Tx) -> Row[*tuple[Any, ...]] | None:
            self._payloads.record(tx, [stored])
            dispatches.compose(tx, dispatch.id, made[0], stored)
            return self._take(tx)

        return self._database.write("gather.compose", note)

    def _part(self, lot: Row[*tuple[Any, ...]]) -> LotPart:
        payload = self._database.read(deposits.payload_of, lot.deposit_id)
        chosen: list[int] = []
        if lots.was_split(lot):
            chosen = self._database.read(lots.split_claims, lot)

        def open_part() -> BinaryIO:
            whole = self._database.read(self._payloads.open, payload)
            its = io.BufferedReader(Slice(whole, lot.offset, lot.length))
            if not lots.was_split(lot):
                return its
            with its:
                cut = self._networks[lot.network].cut(its, Share(lot.share), chosen)
            return io.BytesIO(cut)

        return LotPart(open_part, lot.sender, lot.number, lot.claims)


def _writer(network: Network, flow: str) -> Callable[..., Composed]:
    """Say who writes a payer's file: documents are packed, lots are put in a row."""
    documents = network.attachments if flow == ATTACHMENT else None
    return network.compose if documents is None else documents.compose


def _is_due(payer: PayerEntry, waiting: Any, now: float) -> bool:
    """Say whether a payer's lots fill a file, or the oldest has waited long enough."""
    limits = payer.gather
    return bool(
        waiting.oldest + limits.wait <= now
        or waiting.lots >= limits.max_lots
        or waiting.claims > limits.max_claims
        or waiting.size > limits.max_size
    )


def _cut(payer: PayerEntry, waiting: list[Any], now: float) -> Iterator[list[Any]]:
    """Cut a payer's lots into files by its limits; keep back what may still wait.

    Full files go at once; the last one goes when its oldest lot has waited long
    enough.
    """
    limits = payer.gather
    part: list[Any] = []
    claims = size = 0
    for lot in waiting:
        full = part and (
            len(part) >= limits.max_lots
            or claims + lot.claims > limits.max_claims
            or size + lot.length > limits.max_size
        )
        if full:
            yield part
            part, claims, size = [], 0, 0
        part.append(lot)
        claims += lot.claims
        size += lot.length
    if part and min(lot.changed_at for lot in part) + limits.wait <= now:
        yield part


_NOT_COMPOSED: Final = work.Taking(
    schema.dispatch,
    due=and_(
        schema.dispatch.c.state == DispatchState.READY.value,
        schema.dispatch.c.payload_id.is_(None),
    ),
    order=[schema.dispatch.c.created_at, schema.dispatch.c.number],
)

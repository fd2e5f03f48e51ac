"""The one way in: whatever door bytes come through, they become a deposit here.

An upload is acknowledged only when its bytes are fsynced and its rows are
committed.  Small uploads wait in memory and share one fsync and one commit
with all that close at the same moment; large ones are sealed into a file of
their own while they come in, in bounded memory.  A line that is cut leaves a
part that can be resumed, and never a deposit.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

from attrs import define
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.bound import Bound
from gateway.clock import Entropy, Now, new_id
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import RateExceeded, StorageUnavailable, TooManyUploads
from gateway.intake.interface import Client, Stored
from gateway.intake.receipts import ReceiptFacts, ReceiptSigner
from gateway.intake.uploads import Closing, Incoming
from gateway.journal import anomalies, deposits, parts
from gateway.storage.payloads import Payloads, StoredPayload

T = TypeVar("T")
_RATE_WINDOW: Final = 60.0  # seconds over which a client's rate is measured


class ReceptionObserver(Protocol):
    """Counts what comes in."""

    def deposit(self, channel: str, outcome: str, size: int, seconds: float) -> None:
        """Note one deposit: `accepted`, `repeated`, `refused` or `failed`."""
        ...

    def limit(self, name: str) -> None:
        """Note that a client's limit refused something."""
        ...


class RunInThread(Protocol):
    """Runs a blocking call somewhere it may block."""

    def __call__(self, call: Callable[[], T], /) -> Deferred[T]:
        """Return the call's result when it is there."""
        ...


@define
class _Usage:
    """What one client does at the moment, against its limits."""

    open_uploads: int = 0
    window_began: float = 0.0
    bytes_in_window: int = 0


class Reception:
    """Takes uploads in, for every door."""

    _log = Logger()

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        signer: ReceiptSigner,
        now: Now,
        entropy: Entropy,
        run_in_thread: RunInThread,
        observe: ReceptionObserver,
        least_free: int,
    ) -> None:
        self.database = database
        self.payloads = payloads
        self.run_in_thread = run_in_thread
        self._signer = signer
        self._now = now
        self._entropy = entropy
        self._observe = observe
        self._least_free = least_free
        self._usage: dict[str, _Usage] = {}
        self._resumed: dict[str, Incoming] = {}  # who goes on with a part

    def begin(self, client: Client, channel: str, path: str) -> Incoming:
        """Begin an upload, or refuse it.

        Raises `TooManyUploads`, `RateExceeded`, or `StorageUnavailable` when the
        disk has less free space than it must keep.
        """
        self._check_space(channel)
        usage = self._usage.setdefault(client.id, _Usage())
        if client.max_open_uploads and usage.open_uploads >= client.max_open_uploads:
            self.refused(channel, "open-uploads")
            raise TooManyUploads(
                f"you have {usage.open_uploads} uploads open and may have "
                f"{client.max_open_uploads}; close one first"
            )
        self._check_rate(client, channel, usage)
        usage.open_uploads += 1
        return Incoming(self, client=client, channel=channel, path=path)

    def bounds(self, usual: Client) -> Iterator[Bound]:
        """Give what limits uploads, and how much of it whoever uses most uses.

        `usual` holds the limits of clients that have none of their own.
        """
        free, usage = self.payloads.storage.free_bytes, self._usage
        yield Bound("free-space", self._least_free, free)
        yield Bound(
            "open-uploads",
            usual.max_open_uploads,
            lambda: max(
                (each.open_uploads for each in tuple(usage.values())), default=0
            ),
        )
        yield Bound("rate", usual.max_bytes_per_second * _RATE_WINDOW, self._fastest)

    def _fastest(self) -> int:
        """Return the bytes of whoever sent most within the window that runs."""
        since = self._now() - _RATE_WINDOW
        return max(
            (
                each.bytes_in_window
                for each in tuple(self._usage.values())
                if each.window_began > since
            ),
            default=0,
        )

    def arrived(self, client: Client, size: int) -> None:
        """Count bytes against the client's rate."""
        self._usage[client.id].bytes_in_window += size

    def refused(self, channel: str, limit: str = "") -> None:
        """Note that a file was refused, by a limit or for how it came."""
        self._observe.deposit(channel, "refused", 0, 0.0)
        if limit:
            self._observe.limit(limit)

    def failed(self, channel: str, size: int, error: StorageUnavailable) -> None:
        """Note that storage could not take an upload; its client is told the same."""
        self._log.error("an upload failed: {error}", channel=channel, error=str(error))
        self._observe.deposit(channel, "failed", size, 0.0)

    def ended(self, client: Client, upload: Incoming) -> None:
        """Note that an upload is no longer open."""
        self._usage[client.id].open_uploads -= 1
        for part, each in tuple(self._resumed.items()):
            if each is upload:
                del self._resumed[part]

    async def resume(self, client: Client, channel: str, part: parts.Part) -> Incoming:
        """Go on with a part, instead of an upload of this node that did until now.

        That one may hang on a line that is dead without our knowing it; the newer
        connection wins, and goes on from what the part's row says.
        """
        older = self._resumed.pop(part.id, None)
        if older is not None:
            older.supersede()
        upload = self.begin(client, channel, part.path)
        self._resumed[part.id] = upload
        try:
            await upload.resume(part, instead=older is not None)
        except BaseException:
            upload.abandon()
            raise
        return upload

    async def accept(self, closing: Closing) -> Stored:
        """Make a whole upload a deposit; returns after the commit."""
        began = self._now()
        try:
            stored = await self.database.submit_batched(
                "receive", self._receive, closing
            )
        except StorageUnavailable as error:
            self.failed(closing.channel, closing.size, error)
            raise
        except Exception:
            self._count(closing, "failed", began)
            raise
        self._count(closing, "repeated" if stored.repeated else "accepted", began)
        spare = closing.stored
        if stored.repeated and spare is not None:  # the first copy is enough
            await self.run_in_thread(lambda: self.payloads.forget(spare))
        return stored

    def _count(self, closing: Closing, outcome: str, began: float) -> None:
        seconds = self._now() - began
        self._observe.deposit(closing.channel, outcome, closing.size, seconds)

    def _check_space(self, channel: str) -> None:
        if self._least_free and self.payloads.storage.free_bytes() < self._least_free:
            self.refused(channel, "free-space")
            raise StorageUnavailable(
                "the gateway has too little disk space to take files now; nothing was "
                "accepted, send it again later"
            )

    def _check_rate(self, client: Client, channel: str, usage: _Usage) -> None:
        now = self._now()
        if now - usage.window_began >= _RATE_WINDOW:
            usage.window_began, usage.bytes_in_window = now, 0
        allowed = client.max_bytes_per_second * _RATE_WINDOW
        if allowed and usage.bytes_in_window >= allowed:
            self.refused(channel, "rate")
            wait = int(usage.window_began + _RATE_WINDOW - now) + 1
            raise RateExceeded(
                f"you have sent {usage.bytes_in_window} bytes within a minute and may "
                f"send {client.max_bytes_per_second} a second; "
                f"try again in {wait} s"
            )

    def _receive(self, tx: Tx, batch: Sequence[Closing]) -> Sequence[Stored | Failure]:
        """Journal all that wait: one look-up, one fsync, one commit."""
        pairs = [(each.client.id, each.sha256) for each in batch]
        there = dict(deposits.known(tx.connection, pairs))
        fresh: dict[tuple[str, str], Closing] = {}
        for pair, each in zip(pairs, batch, strict=True):
            if pair not in there:
                fresh.setdefault(pair, each)
        small = [each for each in fresh.values() if each.content is not None]
        try:
            made = self.payloads.store_small(
                [each.content or b"" for each in small],
                [each.sha256 for each in small],
            )
        except StorageUnavailable as error:
            return [Failure(error) for _ in batch]
        payload = {id(each): stored for each, stored in zip(small, made, strict=True)}
        rows = []
        for pair, each in fresh.items():
            stored = each.stored or payload[id(each)]
            rows.append((stored, self._deposit(tx, each, stored)))
            there[pair] = deposits.Known(id=rows[-1][1].id, receipt=rows[-1][1].receipt)
        self.payloads.record(tx, [stored for stored, _ in rows])
        deposits.add(tx, [deposit for _, deposit in rows])
        self._name(tx, pairs, batch, there)
        for again in {there[pair] for pair in pairs if there[pair].bad}:
            anomalies.happened_again(tx, again.id)
        return [
            Stored(
                deposit=there[pair].id,
                receipt=there[pair].receipt,
                repeated=fresh.get(pair) is not each,
                size=each.size,
            )
            for pair, each in zip(pairs, batch, strict=True)
        ]

    def _deposit(
        self, tx: Tx, closing: Closing, stored: StoredPayload
    ) -> deposits.NewDeposit:
        name = new_id("d", tx.now, self._entropy)
        facts = ReceiptFacts(
            deposit=name,
            client=closing.client.id,
            channel=closing.channel,
            filename=posixpath.basename(closing.path),
            size=closing.size,
            sha256=closing.sha256,
            received_at=tx.now,
        )
        return deposits.NewDeposit(
            id=name,
            client=closing.client.id,
            channel=closing.channel,
            path=closing.path,
            label=closing.label,
            sha256=closing.sha256,
            size=closing.size,
            payload=stored.id,
            receipt=self._signer.sign(facts),
        )

    def _name(
        self,
        tx: Tx,
        pairs: Sequence[tuple[str, str]],
        batch: Sequence[Closing],
        there: dict[tuple[str, str], deposits.Known],
    ) -> None:
        named = [
            (each.client.id, each.path, there[pair].id, each.size)
            for pair, each in zip(pairs, batch, strict=True)
        ]
        deposits.name(tx, named)
        deposits.remember_keys(
            tx,
            [
                (each.client.id, each.idempotency_key, there[pair].id, each.sha256)
                for pair, each in zip(pairs, batch, strict=True)
                if each.idempotency_key
            ],
        )
        for pair, each in zip(pairs, batch, strict=True):
            if each.drop_part:
                parts.deposited(tx, each.drop_part, there[pair].id, size=each.size)
        parts.replaced(tx, [(each.client.id, each.path) for each in batch])

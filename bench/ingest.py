"""A reception in this process, as a node has it: real reactor, writer, disk.

For what is measured without a door: many senders at once, each waiting for its
acknowledgement before it sends its next file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThreadPool

from bench.files import FileMaker
from gateway.database import Database
from gateway.intake.interface import Client
from gateway.intake.receipts import ReceiptSigner
from gateway.intake.reception import Reception
from gateway.journal import clients, migrations
from gateway.journal.dialect import open_engine
from gateway.storage.local import LocalStorage, Place
from gateway.storage.payloads import Payloads
from gateway.storage.vault import KeyRing

SENDERS = 32
_SEGMENT_LIMIT = 256_000
_SEGMENT_SIZE = 64_000_000
PayloadsClass = Callable[..., Payloads]


class Nobody:
    """Counts nothing."""

    def deposit(self, channel: str, outcome: str, size: int, seconds: float) -> None:
        """Count nothing."""

    def limit(self, name: str) -> None:
        """Count nothing."""


def open_database(
    folder: Path, call_from_thread: Callable[[Callable[[], None]], None]
) -> Database:
    """Make a journal as `octway init` does, and open it; the writer is not started."""
    url = f"sqlite:///{folder / 'octway.db'}"
    writer = open_engine(url, write=True, connections=1)
    migrations.upgrade(writer)
    return Database(
        writer=writer,
        reader=open_engine(url, write=False, connections=10),
        chain="bench",
        now=time.time,  # noqa: TID251 - this is the clock that others are given
        call_from_thread=call_from_thread,
    )


def open_payloads(folder: Path, kind: PayloadsClass = Payloads) -> Payloads:
    """Open storage with the defaults of the settings, and keys of its own."""
    return kind(
        storage=LocalStorage(
            folder / "storage", node="bench", segment_size=_SEGMENT_SIZE
        ),
        keys=KeyRing({"k1": bytes(32)}, "k1", bytes(32), os.urandom),
        now=time.time,  # noqa: TID251 - this is the clock that others are given
        entropy=os.urandom,
        segment_limit=_SEGMENT_LIMIT,
    )


class Ingest:
    """A reception on one reactor, and senders that use it."""

    def __init__(
        self,
        folder: Path,
        reactor: Any,
        kind: PayloadsClass = Payloads,
        *,
        pause: float = 0.0,
    ) -> None:
        folder.mkdir(parents=True)
        self._reactor = reactor
        self.database = open_database(folder, reactor.callFromThread)
        self.database.start()
        self._client = Client(
            id="vendor",
            name="Vendor",
            max_file_size=0,
            max_open_uploads=0,
            max_bytes_per_second=0,
        )
        self.database.write(
            "client.add",
            lambda tx: clients.add(
                tx, "vendor", name="Vendor", vendor="Bench", software="Bench"
            ),
        )
        self.payloads = open_payloads(folder, kind)
        if pause:
            self._slow_down(pause)
        self._reception = Reception(
            database=self.database,
            payloads=self.payloads,
            signer=ReceiptSigner(Ed25519PrivateKey.generate()),
            now=time.time,  # noqa: TID251 - this is the clock that others are given
            entropy=os.urandom,
            run_in_thread=self._in_thread,
            observe=Nobody(),
            least_free=0,
        )
        self._made = 0

    async def send(self, files: list[bytes], *, senders: int = SENDERS) -> float:
        """Have the senders send all files; return files acknowledged per second."""
        waiting = list(enumerate(files, self._made))
        self._made += len(files)
        began = time.perf_counter()
        await gatherResults(
            [
                Deferred.fromCoroutine(self._sender(waiting))
                for _ in range(min(senders, len(files)))
            ]
        )
        return len(files) / (time.perf_counter() - began)

    def close(self) -> None:
        """Let go of files and connections."""
        self.database.stop()
        self.payloads.storage.close()

    def _slow_down(self, pause: float) -> None:
        """Have each sync of a batch take longer: that of its bytes, and its commit."""
        storage = self.payloads.storage
        append = storage.append

        def slowly(sealed: Sequence[bytes]) -> list[Place]:
            places = append(sealed)
            time.sleep(pause)  # noqa: TID251 - a slower disk
            return places

        storage.append = slowly  # type: ignore[method-assign]
        writer = self.database._writer
        event.listen(writer, "commit", lambda _: time.sleep(pause))  # noqa: TID251 - a slower disk

    async def _sender(self, waiting: list[tuple[int, bytes]]) -> None:
        while waiting:
            number, content = waiting.pop()
            upload = self._reception.begin(self._client, "sftp", f"/in/{number}.b2")
            upload.write(0, content)
            await upload.close()

    def _in_thread(self, call: Callable[[], Any], /) -> Deferred[Any]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), call)


def make_files(maker: FileMaker, count: int) -> list[bytes]:
    """Make the files of one turn, before its time begins."""
    return [maker.make() for _ in range(count)]

"""One upload from its first byte to its close, or to the cut of its line.

Bytes up to the segment limit wait in memory; beyond it they are sealed into a
staging file as they come.  Clients may send a little out of order (rclone
does); what is ahead waits until the gap before it is filled.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Final

from attrs import define
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from gateway.errors import BadUpload, StorageUnavailable, TooLarge
from gateway.intake import staging
from gateway.intake.interface import Client, Stored
from gateway.journal.parts import Part
from gateway.journal.parts import keep as keep_part
from gateway.storage.payloads import Spill, StoredPayload

if TYPE_CHECKING:
    from gateway.intake.reception import Reception

_SYNC_EVERY: Final = 8 * 1024 * 1024
_MOST_AHEAD: Final = 8 * 1024 * 1024
_IN_PROGRESS: Final = (".part", ".filepart", ".tmp", ".partial")


def in_progress(path: str) -> bool:
    """Say whether a name stands for work in progress (contract 3)."""
    name = posixpath.basename(path)
    return name.startswith(".") or name.lower().endswith(_IN_PROGRESS)


@define(eq=False)
class Closing:
    """A whole upload on its way into the journal."""

    client: Client
    channel: str
    path: str
    label: str
    size: int
    sha256: str
    content: bytes | None  # a small one, not stored yet
    stored: StoredPayload | None  # a large one
    idempotency_key: str
    drop_part: str  # a part that this makes superfluous, or empty


class _Life(Enum):
    OPEN = "open"
    ENDED = "ended"  # closed by the client, or its line was cut


class Incoming:
    """An upload; satisfies `gateway.intake.interface.Upload`."""

    _log = Logger()

    def __init__(
        self, reception: Reception, *, client: Client, channel: str, path: str
    ) -> None:
        self.size = 0
        self.idempotency_key = ""
        self._reception = reception
        self._client = client
        self._channel = channel
        self._path = path
        self._life = _Life.OPEN
        self._hash: staging.Hash = hashlib.sha256()
        self._small = bytearray()
        self._spill: Spill | None = None
        self._unsynced = 0
        self._syncing = False
        self._ahead: dict[int, bytes] = {}
        self._bytes_ahead = 0
        self._part: Part | None = None
        self._superseded = False

    def write(self, offset: int, data: bytes) -> None:
        """Take bytes; see the interface."""
        if self._life is not _Life.OPEN:
            raise self._closed()
        limit = self._client.max_file_size
        if limit and offset + len(data) > limit:
            self._reception.refused(self._channel, "file-size")
            self.discard()  # going on with it could not make it smaller
            raise TooLarge(
                f"{self._path}: is larger than {limit} bytes, the most you may send "
                "in one file; split it, or ask for a higher limit"
            )
        if offset > self.size:
            self._wait_for_gap(offset, data)
            return
        if offset < self.size:
            data = self._rewrite(offset, data)
        self._take(data)
        while self.size in self._ahead:
            data = self._ahead.pop(self.size)
            self._bytes_ahead -= len(data)
            self._take(data)

    def close(self) -> Deferred[Stored]:
        """Take the file as whole; see the interface."""
        return Deferred.fromCoroutine(self._close())

    def abandon(self) -> None:
        """Keep what came, so that the client can go on; never raises."""
        if self._life is not _Life.OPEN:
            return
        self._end()
        self._ahead.clear()
        if not self.size:
            if self._spill is not None:
                self._spill.discard()
            return
        kept = Deferred.fromCoroutine(self._keep())
        kept.addErrback(
            lambda failure: self._log.failure("a cut upload was not kept", failure)
        )

    def discard(self) -> None:
        """Forget what came, unless it was closed or kept; never raises."""
        if self._life is _Life.OPEN:
            self._end()
            if self._spill is not None:
                self._spill.discard()

    async def resume(self, part: Part, *, instead: bool = False) -> None:
        """Go on with a part; its bytes are read once more for the hash.

        `instead` says that another upload did so until now, and was told to end.
        """
        payloads = self._reception.payloads
        loaded = await self._reception.run_in_thread(
            lambda: staging.load(payloads, part, copied=instead)
        )
        self._part, self._hash, self.size = part, loaded.hash, loaded.size
        self._spill, self._small = loaded.spill, loaded.small
        if self._life is not _Life.OPEN:  # it ended while its bytes were read
            self._let_go()
            raise self._closed()

    def supersede(self) -> None:
        """A newer connection of the client goes on with the part: this one loses.

        Nothing that came here beyond the part is kept; who sends is told.
        """
        self._superseded = True
        self._end()
        self._ahead.clear()
        self._let_go()

    async def _close(self) -> Stored:
        if self._life is not _Life.OPEN:
            raise self._closed()
        if self._ahead:
            self._reception.refused(self._channel)
            raise BadUpload(
                f"{self._path}: bytes from {self.size} on are missing, yet later ones "
                "came; send the file again"
            )
        self._end()
        if in_progress(self._path):
            await self._keep()
            return Stored(deposit="", receipt=b"", repeated=False, size=self.size)
        return await self._accept()

    async def _accept(self) -> Stored:
        stored: StoredPayload | None = None
        content: bytes | None = None
        if self._spill is None:
            content = bytes(self._small)
            self._small.clear()
            digest = hashlib.sha256(content).hexdigest()
        else:
            spill, size = self._spill, self.size
            digest = self._hash.hexdigest()
            with self._storing():
                stored = await self._reception.run_in_thread(
                    lambda: spill.publish(digest, size)
                )
        closing = Closing(
            client=self._client,
            channel=self._channel,
            path=self._path,
            label=posixpath.dirname(self._path).removeprefix("/in").strip("/"),
            size=self.size,
            sha256=digest,
            content=content,
            stored=stored,
            idempotency_key=self.idempotency_key,
            drop_part=self._part.id if self._part else "",
        )
        taken = await self._reception.accept(closing)
        if self._part is not None:
            part, payloads = self._part, self._reception.payloads
            await self._reception.run_in_thread(
                lambda: staging.remove(payloads, part.id)
            )
        return taken

    async def _keep(self) -> None:
        """Make what came durable as a part under its path."""
        reception = self._reception
        spill, small, size = self._spill, bytes(self._small), self.size
        client, path = self._client.id, self._path

        def store() -> Part:
            return staging.keep(reception.payloads, spill, small, client, path, size)

        part = await reception.run_in_thread(store)
        replaced = await reception.database.submit("upload.keep", keep_part, part)
        for old in replaced:
            await reception.run_in_thread(
                lambda old=old: staging.remove(reception.payloads, old)  # type: ignore[misc]
            )

    @contextmanager
    def _storing(self) -> Iterator[None]:
        """Forget what came once storage cannot take all of it: none of it is whole."""
        try:
            yield
        except StorageUnavailable as error:
            if self._life is _Life.OPEN:
                self._end()
            self._ahead.clear()
            self._let_go()
            self._reception.failed(self._channel, self.size, error)
            raise

    def _take(self, data: bytes) -> None:
        self.size += len(data)
        self._reception.arrived(self._client, len(data))
        with self._storing():
            self._store(data)

    def _store(self, data: bytes) -> None:
        if self._spill is None:
            self._small += data
            if self.size > self._reception.payloads.segment_limit:
                self._spill = Spill(self._reception.payloads)
                whole = bytes(self._small)
                self._small.clear()
                self._hash.update(whole)
                self._spill.add(whole)
            return
        self._hash.update(data)
        self._spill.add(data)
        self._unsynced += len(data)
        if self._unsynced >= _SYNC_EVERY and not self._syncing:
            self._unsynced, self._syncing = 0, True
            synced = self._reception.run_in_thread(self._spill.sync_early)
            synced.addCallback(self._synced)

    def _synced(self, _: None) -> None:
        self._syncing = False

    def _rewrite(self, offset: int, data: bytes) -> bytes:
        """Overwrite bytes taken before, where they are still in memory."""
        known = min(len(data), self.size - offset)
        if self._spill is not None:
            raise BadUpload(
                f"{self._path}: byte {offset} was written already and {self.size} have "
                "come; write in order, or send the file again"
            )
        self._small[offset : offset + known] = data[:known]
        return data[known:]

    def _wait_for_gap(self, offset: int, data: bytes) -> None:
        if self._bytes_ahead + len(data) > _MOST_AHEAD:
            raise BadUpload(
                f"{self._path}: byte {offset} came while {self.size} was expected; "
                "send the file from its beginning, or in order"
            )
        self._ahead[offset] = data
        self._bytes_ahead += len(data)

    def _end(self) -> None:
        self._life = _Life.ENDED
        self._reception.ended(self._client, self)

    def _let_go(self) -> None:
        """Close the file that is written to; a part's own stays as it is."""
        spill, self._spill = self._spill, None
        if spill is not None and self._part is not None and spill.name == self._part.id:
            spill.close()
        elif spill is not None:
            spill.discard()

    def _closed(self) -> BadUpload:
        if self._superseded:
            return BadUpload(
                f"{self._path}: a newer connection of yours goes on with this file, so "
                "this one no longer does; see to it that only one sends it"
            )
        return BadUpload(f"{self._path}: is closed; open it again to write")

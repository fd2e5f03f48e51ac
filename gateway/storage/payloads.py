"""Payloads as the gateway knows them: stored once, sealed, never changed.

Bytes first, row second: `store` returns when the bytes are durable, `record`
writes the row in the caller's transaction.  A crash between the two leaves
bytes that no row names, never a row without bytes.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from attrs import frozen
from sqlalchemy import Connection, insert, select

from gateway.clock import Entropy, Now, new_id
from gateway.committing import Tx
from gateway.errors import IntegrityBroken, Purged, StorageUnavailable
from gateway.journal import schema
from gateway.journal.prepared import Prepared, given
from gateway.storage.local import LocalStorage, Place, unavailable, write_all
from gateway.storage.vault import KeyRing, Sealer, WrappedKey, seal

_BLOCK: Final = 1024 * 1024


@frozen(kw_only=True)
class StoredPayload:
    """A payload whose bytes are durable; `record` makes it known."""

    id: str
    sha256: str
    size: int
    place: Place
    key: WrappedKey


class Payloads:
    """Stores, finds and opens payloads."""

    def __init__(
        self,
        *,
        storage: LocalStorage,
        keys: KeyRing,
        now: Now,
        entropy: Entropy,
        segment_limit: int,
    ) -> None:
        self.storage = storage
        self.keys = keys
        self.segment_limit = segment_limit
        self._now = now
        self._entropy = entropy

    def on(self, storage: LocalStorage) -> Payloads:
        """Return the same payloads, as a copy of their storage holds them."""
        return Payloads(
            storage=storage,
            keys=self.keys,
            now=self._now,
            entropy=self._entropy,
            segment_limit=self.segment_limit,
        )

    def new_id(self) -> str:
        """Name a payload to be."""
        return new_id("p", self._now(), self._entropy)

    def store_small(
        self, contents: Sequence[bytes], hashes: Sequence[str] = ()
    ) -> list[StoredPayload]:
        """Store whole payloads with one fsync for all of them.

        `hashes` are their SHA-256, where the caller has taken them already.
        """
        hashes = hashes or [hashlib.sha256(each).hexdigest() for each in contents]
        names = [self.new_id() for _ in contents]
        keys = self.keys.new_keys(names)
        sealed = [
            seal(name, key, content)
            for name, (key, _), content in zip(names, keys, contents, strict=True)
        ]
        places = self.storage.append(sealed)
        return [
            StoredPayload(
                id=name, sha256=sha256, size=len(content), place=place, key=wrapped
            )
            for name, sha256, content, place, (_, wrapped) in zip(
                names, hashes, contents, places, keys, strict=True
            )
        ]

    def store(self, write: Callable[[BinaryIO], object]) -> StoredPayload:
        """Store what `write` writes, of any size, in bounded memory."""
        sink = PayloadSink(self)
        try:
            write(sink)  # type: ignore[arg-type]
            return sink.finish()
        except BaseException:
            sink.discard()
            raise

    def record(self, tx: Tx, stored: Sequence[StoredPayload]) -> None:
        """Make stored payloads known, as part of the caller's transaction."""
        if stored:
            _RECORD.run_many(tx.connection, [_row(each, tx.now) for each in stored])

    def forget(self, stored: StoredPayload) -> None:
        """Remove the file of a large payload that was stored and never recorded."""
        self.storage.remove(stored.id)

    def open(self, connection: Connection, payload: str) -> io.BufferedReader:
        """Open a payload for reading its plain bytes; seekable."""
        row = _FIND.first(connection, {"its_id": payload})
        if row is None:
            raise IntegrityBroken(f"payload {payload} has no row in the journal")
        return self.open_row(row)

    def open_row(self, row: Any) -> io.BufferedReader:
        """Open the payload of a row of the `payload` table.

        Raises `Purged` once its key is gone.
        """
        if row.purged_at is not None:
            day = datetime.fromtimestamp(row.purged_at, UTC).date()
            raise Purged(
                f"the file was purged on {day}, as its retention was over; what it said "
                "and its receipts are kept"
            )
        wrapped = WrappedKey(key_id=row.key_id, wrapped=row.wrapped_key)
        key = self.keys.unwrap(row.id, wrapped)
        place = Place(row.place, row.place_offset)
        raw = self.storage.open(row.id, key, place, row.size)
        return io.BufferedReader(raw, _BLOCK)

    def broken(self, connection: Connection) -> Iterator[str]:
        """Read every payload that is kept and compare its hash; yield what does not hold."""
        kept = schema.payload.c.purged_at.is_(None)
        rows = connection.execution_options(yield_per=500).execute(
            select(schema.payload).where(kept).order_by(schema.payload.c.id)
        )
        for row in rows:
            try:
                with self.open_row(row) as stream:
                    found = hashlib.file_digest(stream, "sha256").hexdigest()
            except (IntegrityBroken, StorageUnavailable) as error:
                yield f"payload {row.id}: cannot be read: {error}"
                continue
            if found != row.sha256:
                yield f"payload {row.id}: its bytes do not fit its SHA-256"


class PayloadSink(io.RawIOBase):
    """Takes bytes in order; small ones stay in memory, many go to a sealed file."""

    def __init__(self, payloads: Payloads) -> None:
        super().__init__()
        self._payloads = payloads
        self._hash = hashlib.sha256()
        self._small = bytearray()
        self._size = 0
        self._spill: Spill | None = None

    def writable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return how many bytes were taken."""
        return self._size

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Take bytes."""
        data = bytes(data)
        self._size += len(data)
        if self._spill is None and self._size <= self._payloads.segment_limit:
            self._small += data
            return len(data)
        if self._spill is None:
            self._spill = Spill(self._payloads)
            self._hash.update(self._small)
            self._spill.add(bytes(self._small))
            self._small.clear()
        self._hash.update(data)
        self._spill.add(data)
        return len(data)

    def finish(self) -> StoredPayload:
        """Make it durable."""
        if self._spill is None:
            (stored,) = self._payloads.store_small([bytes(self._small)])
            return stored
        return self._spill.publish(self._hash.hexdigest(), self._size)

    def discard(self) -> None:
        """Forget what came."""
        if self._spill is not None:
            self._spill.discard()


class Spill:
    """A large payload on its way into a sealed file of its own."""

    def __init__(
        self, payloads: Payloads, name: str = "", key: bytes = b"", chunks: int = 0
    ) -> None:
        """Begin a payload, or go on with one that holds so many chunks already.

        Raises `BlockingIOError` while another upload writes to it: two would mix
        their chunks, and seal two texts under one nonce.
        """
        self._payloads = payloads
        self.name = name or payloads.new_id()
        if name:
            self._key = key
        else:
            self._key, self.wrapped = payloads.keys.new_key(self.name)
        self.sealer = Sealer(self.name, self._key)
        self.sealer.resume(chunks)
        with unavailable("take the file"):
            self._file = payloads.storage.staging(self.name).open("ab", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise

    @property
    def key(self) -> bytes:
        """The payload's key, for sealing the tail of an abandoned upload."""
        return self._key

    def add(self, data: bytes) -> None:
        """Seal and write every chunk that the bytes fill."""
        with unavailable("take the file"):
            for chunk in self.sealer.add(data):
                write_all(self._file.fileno(), chunk)

    def sync_early(self) -> None:
        """Have the disk take what was written, so that the last sync is short.

        Goes by an opening of its own, so an error is told there as if this had
        never been called; that one counts, and this one is silent.
        """
        with suppress(OSError):
            file = os.open(self._payloads.storage.staging(self.name), os.O_WRONLY)
            try:
                os.fdatasync(file)
            finally:
                os.close(file)

    def sync(self) -> None:
        """Make the chunks written so far durable; the file stays open."""
        with unavailable("take the file"):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def publish(self, sha256: str, size: int) -> StoredPayload:
        """Write the last chunk, fsync, and give the file its place."""
        with unavailable("take the file"):
            write_all(self._file.fileno(), self.sealer.finish())
        self.sync()
        self.close()
        place = self._payloads.storage.publish(self.name)
        return StoredPayload(
            id=self.name,
            sha256=sha256,
            size=size,
            place=place,
            key=self._payloads.keys.wrap(self.name, self._key),
        )

    def discard(self) -> None:
        """Forget it."""
        self.close()
        self._payloads.storage.staging(self.name).unlink(missing_ok=True)


def _row(stored: StoredPayload, now: float) -> Mapping[str, object]:
    return {
        "id": stored.id,
        "sha256": stored.sha256,
        "size": stored.size,
        "place": stored.place.name,
        "place_offset": stored.place.offset,
        "key_id": stored.key.key_id,
        "wrapped_key": stored.key.wrapped,
        "created_at": now,
    }


_FIND: Final = Prepared(
    select(schema.payload).where(schema.payload.c.id == given("its_id"))
)
_RECORD: Final = Prepared(
    insert(schema.payload),
    (
        "id",
        "sha256",
        "size",
        "place",
        "place_offset",
        "key_id",
        "wrapped_key",
        "created_at",
    ),
)

"""A client's own tree: `/in`, `/out/<network>`, `/receipts`, and the payer referential.

Every name is a row; no path of the server is behind it.  A name under `/in`
points at a deposit and may be removed or replaced; the deposit itself stays.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from twisted.internet.defer import Deferred

from gateway.errors import NoSuchPath
from gateway.intake import referential_folder
from gateway.intake.downloads import Fetched, Payload
from gateway.intake.inbox import IN, Inbox
from gateway.intake.interface import Client, Download, Entry, Stored, Upload
from gateway.intake.receipt_folder import ReceiptFolder
from gateway.intake.reception import Reception
from gateway.intake.referential_folder import ReferentialFolder
from gateway.journal import referentials, tree
from routing.lifecycle import HandbackEvent

T = TypeVar("T")

OUT: Final = "/out"
RECEIPTS: Final = "/receipts"
REFERENTIAL: Final = f"{OUT}/{referential_folder.NAME}"


class ClientTree:
    """One client's tree; satisfies `gateway.intake.interface.Space`."""

    def __init__(
        self,
        *,
        client: Client,
        reception: Reception,
        networks: Sequence[str],
        referential: ReferentialFolder,
        channel: str,
        listed_since: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.client = client
        self._reception = reception
        self._database = reception.database
        self._networks = tuple(networks)
        self._channel = channel
        self._inbox = Inbox(client=client, reception=reception, channel=channel)
        self._referential = referential
        self._receipts = ReceiptFolder(self._database, client.id, listed_since)

    def open_upload(self, path: str, *, resume: bool) -> Deferred[Upload]:
        """Begin an upload under `/in`."""
        return self._inbox.open(path, resume=resume)

    def open_download(self, path: str) -> Deferred[Download]:
        """Open a return, a receipt, a report or an own deposit."""
        return Deferred.fromCoroutine(self._open_download(path))

    def list(self, path: str) -> Deferred[Sequence[Entry]]:
        """List a folder, oldest first."""
        return self._read(lambda: self._list(path))

    def stat(self, path: str) -> Deferred[Entry]:
        """Look at one name."""
        if path.startswith(IN + "/"):
            return self._inbox.stat(path)
        return self._read(lambda: self._stat(path))

    def rename(self, source: str, target: str, *, replace: bool) -> Deferred[Stored]:
        """Rename inside `/in`."""
        return Deferred.fromCoroutine(
            self._inbox.rename(source, target, replace=replace)
        )

    def remove(self, path: str) -> Deferred[None]:
        """Take a name away."""
        return Deferred.fromCoroutine(self._remove(path))

    def make_folder(self, path: str) -> Deferred[None]:
        """Make a folder under `/in`."""
        return Deferred.fromCoroutine(self._inbox.make_folder(path))

    def remove_folder(self, path: str) -> Deferred[None]:
        """Take away an empty folder under `/in`."""
        return Deferred.fromCoroutine(self._inbox.remove_folder(path))

    def free_bytes(self) -> int:
        """How many bytes storage could still take."""
        return self._reception.payloads.storage.free_bytes()

    def _read(self, call: Callable[[], T]) -> Deferred[T]:
        return self._reception.run_in_thread(call)

    async def _open_download(self, path: str) -> Download:
        found = await self._read(lambda: self._find_download(path))
        if found is None:
            raise NoSuchPath(f"{path}: there is no such file")
        return found

    def _find_download(self, path: str) -> Download | None:
        folder, name = posixpath.split(path)
        if folder == RECEIPTS:
            return self._receipts.open(name)
        if folder == REFERENTIAL:
            return self._referential.open(name)
        database, payloads = self._database, self._reception.payloads
        run = self._reception.run_in_thread
        if posixpath.dirname(folder) == OUT:
            network = posixpath.basename(folder)
            row = database.read(tree.handback, self.client.id, network, name)
            if row is None:
                return None
            stream = database.read(payloads.open, row.payload_id)
            payload = Payload(stream, row.size, run)
            return Fetched(payload, lambda: self._fetched(row.id))
        return self._inbox.find(path)

    def _fetched(self, handback: str) -> Deferred[None]:
        return self._database.submit(
            "handback.fetch",
            tree.move_handback,
            handback,
            HandbackEvent.FETCH,
            self._channel,
        )

    def _list(self, path: str) -> Sequence[Entry]:
        if path == "/":
            return [_folder(name) for name in ("in", "out", "receipts")]
        if path == OUT:
            return [
                _folder(name) for name in (*self._networks, referential_folder.NAME)
            ]
        if path == REFERENTIAL:
            return self._referential.entries()
        if path == RECEIPTS:
            return self._receipts.entries()
        if posixpath.dirname(path) == OUT:
            self._must_be_network(path)
            network = posixpath.basename(path)
            rows = self._database.read(tree.outbox, self.client.id, network)
            return [
                _file(row.filename, row.size, row.created_at, False) for row in rows
            ]
        return self._inbox.entries(path)

    def _stat(self, path: str) -> Entry:
        folder, name = posixpath.split(path)
        if path in {"/", IN, OUT, RECEIPTS, REFERENTIAL}:
            return _folder(name or "/")
        if folder == OUT:
            self._must_be_network(path)
            return _folder(name)
        entry = None
        if folder == RECEIPTS or posixpath.dirname(folder) == OUT:
            entry = self._stat_given(folder, name)
        if entry is None:
            raise NoSuchPath(f"{path}: there is nothing under that name")
        return entry

    def _stat_given(self, folder: str, name: str) -> Entry | None:
        if folder == RECEIPTS:
            return self._receipts.entry(name)
        if folder == REFERENTIAL:
            return self._referential.entry(name)
        network = posixpath.basename(folder)
        row = self._database.read(tree.handback, self.client.id, network, name)
        return None if row is None else _file(name, row.size, row.created_at, False)

    async def _remove(self, path: str) -> None:
        folder = posixpath.dirname(path)
        if posixpath.dirname(folder) == OUT:
            await self._acknowledge(path)
            return
        await self._inbox.remove(path)

    async def _acknowledge(self, path: str) -> None:
        folder, name = posixpath.split(path)
        if folder == REFERENTIAL:
            taken = await self._read(lambda: self._referential.take(name))
            await self._database.submit("referential.take", referentials.take, *taken)
            return
        network = posixpath.basename(folder)
        row = await self._read(
            lambda: self._database.read(tree.handback, self.client.id, network, name)
        )
        if row is None:
            raise NoSuchPath(f"{path}: there is no such return")
        await self._database.submit(
            "handback.acknowledge",
            tree.move_handback,
            row.id,
            HandbackEvent.ACKNOWLEDGE,
            self._channel,
        )

    def _must_be_network(self, path: str) -> None:
        if posixpath.basename(path) not in self._networks:
            raise NoSuchPath(f"{path}: there is no such network")


def _folder(name: str) -> Entry:
    return Entry(name=name, is_folder=True, size=0, modified=0.0, writable=name == "in")


def _file(name: str, size: int, modified: float, writable: bool) -> Entry:
    return Entry(
        name=name, is_folder=False, size=size, modified=modified, writable=writable
    )

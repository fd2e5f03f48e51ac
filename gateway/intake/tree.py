"""A client's own tree: `/in`, `/out/<network>`, `/receipts`; nothing else exists.

Every name is a row; no path of the server is behind it.  A name under `/in`
points at a deposit and may be removed or replaced; the deposit itself stays.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Row
from twisted.internet.defer import Deferred, maybeDeferred

from gateway.errors import AlreadyThere, NoSuchPath, NotPermitted
from gateway.intake import staging
from gateway.intake.downloads import Fetched, Payload
from gateway.intake.interface import Client, Download, Entry, Stored, Upload
from gateway.intake.receipt_folder import ReceiptFolder
from gateway.intake.reception import Reception
from gateway.intake.uploads import in_progress
from gateway.journal import deposits, names, parts, tree
from routing.lifecycle import HandbackEvent

T = TypeVar("T")

IN: Final = "/in"
OUT: Final = "/out"
RECEIPTS: Final = "/receipts"


class ClientTree:
    """One client's tree; satisfies `gateway.intake.interface.Space`."""

    def __init__(
        self,
        *,
        client: Client,
        reception: Reception,
        networks: Sequence[str],
        channel: str,
        listed_since: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.client = client
        self._reception = reception
        self._database = reception.database
        self._networks = tuple(networks)
        self._channel = channel
        self._receipts = ReceiptFolder(self._database, client.id, listed_since)

    def open_upload(self, path: str, *, resume: bool) -> Deferred[Upload]:
        """Begin an upload under `/in`."""
        if posixpath.dirname(path) == IN and not resume:
            # Nobody has to be asked: `/in` is there, and what stands under the name
            # is replaced when the file is whole.
            begin = self._reception.begin
            return maybeDeferred(begin, self.client, self._channel, path)
        return Deferred.fromCoroutine(self._open_upload(path, resume=resume))

    def open_download(self, path: str) -> Deferred[Download]:
        """Open a return, a receipt, a report or an own deposit."""
        return Deferred.fromCoroutine(self._open_download(path))

    def list(self, path: str) -> Deferred[Sequence[Entry]]:
        """List a folder, oldest first."""
        return self._read(lambda: self._list(path))

    def stat(self, path: str) -> Deferred[Entry]:
        """Look at one name."""
        if path.startswith(IN + "/"):
            found = self._database.look(names.standing, self.client.id, path)
            return found.addCallback(lambda each: _must_stand(path, each))
        return self._read(lambda: self._stat(path))

    def rename(self, source: str, target: str, *, replace: bool) -> Deferred[Stored]:
        """Rename inside `/in`."""
        return Deferred.fromCoroutine(self._rename(source, target, replace=replace))

    def remove(self, path: str) -> Deferred[None]:
        """Take a name away."""
        return Deferred.fromCoroutine(self._remove(path))

    def make_folder(self, path: str) -> Deferred[None]:
        """Make a folder under `/in`."""
        return Deferred.fromCoroutine(self._make_folder(path))

    def remove_folder(self, path: str) -> Deferred[None]:
        """Take away an empty folder under `/in`."""
        return Deferred.fromCoroutine(self._remove_folder(path))

    def free_bytes(self) -> int:
        """How many bytes storage could still take."""
        return self._reception.payloads.storage.free_bytes()

    def _read(self, call: Callable[[], T]) -> Deferred[T]:
        return self._reception.run_in_thread(call)

    async def _open_upload(self, path: str, *, resume: bool) -> Upload:
        _must_be_inbox(path)
        part = await self._read(lambda: self._check_parent(path))
        if resume and part is not None:
            return await self._reception.resume(self.client, self._channel, part)
        return self._reception.begin(self.client, self._channel, path)

    def _check_parent(self, path: str) -> parts.Part | None:
        folder = posixpath.dirname(path)
        if folder != IN and not self._folder_exists(folder):
            raise NoSuchPath(f"{folder}: there is no such folder; make it first")
        return self._database.read(parts.find, self.client.id, path)

    async def _open_download(self, path: str) -> Download:
        found = await self._read(lambda: self._find_download(path))
        if found is None:
            raise NoSuchPath(f"{path}: there is no such file")
        return found

    def _find_download(self, path: str) -> Download | None:
        folder, name = posixpath.split(path)
        if folder == RECEIPTS:
            return self._receipts.open(name)
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
        named = database.read(tree.inbox_name, self.client.id, path)
        if named is None or named.deposit_id is None:
            return None
        payload_id = database.read(deposits.payload_of, named.deposit_id)
        return Payload(database.read(payloads.open, payload_id), named.size, run)

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
            return [_folder(name) for name in self._networks]
        if path == RECEIPTS:
            return self._receipts.entries()
        if posixpath.dirname(path) == OUT:
            self._must_be_network(path)
            network = posixpath.basename(path)
            rows = self._database.read(tree.outbox, self.client.id, network)
            return [
                _file(row.filename, row.size, row.created_at, False) for row in rows
            ]
        if path != IN and not self._folder_exists(path):
            raise NoSuchPath(f"{path}: there is no such folder")
        return self._list_inbox(path)

    def _list_inbox(self, path: str) -> Sequence[Entry]:
        entries = [
            _inbox_entry(row)
            for row in self._database.read(tree.inbox, self.client.id, path)
        ]
        entries += [
            _file(posixpath.basename(part.path), part.size, part.updated_at, True)
            for part in self._database.read(parts.of_client, self.client.id)
            if posixpath.dirname(part.path) == path
        ]
        return sorted(entries, key=lambda entry: entry.modified)

    def _stat(self, path: str) -> Entry:
        folder, name = posixpath.split(path)
        if path in {"/", IN, OUT, RECEIPTS}:
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
        network = posixpath.basename(folder)
        row = self._database.read(tree.handback, self.client.id, network, name)
        return None if row is None else _file(name, row.size, row.created_at, False)

    async def _rename(self, source: str, target: str, *, replace: bool) -> Stored:
        _must_be_inbox(source)
        _must_be_inbox(target)
        part, named, taken = await self._read(lambda: self._look(source, target))
        if taken and not replace:
            raise AlreadyThere(
                f"{target}: is taken; remove it first, or choose another name"
            )
        if part is None and named is None:
            raise NoSuchPath(f"{source}: there is nothing under that name")
        nothing = Stored(deposit="", receipt=b"", repeated=False, size=0)
        if part is None:
            await self._database.submit(
                "inbox.rename", tree.rename_name, self.client.id, source, target
            )
            return nothing
        if in_progress(target):
            await self._database.submit("upload.move", parts.move, part.id, target)
            return nothing
        incoming = self._reception.begin(self.client, self._channel, target)
        await incoming.resume(part)
        return await incoming.close()

    def _look(self, source: str, target: str) -> tuple[parts.Part | None, object, bool]:
        client = self.client.id
        part = self._database.read(parts.find, client, source)
        named = self._database.read(tree.inbox_name, client, source)
        if self._check_parent(target) is not None:
            return part, named, True
        taken = self._database.read(tree.inbox_name, client, target)
        if taken is not None and taken.deposit_id is None:
            raise AlreadyThere(f"{target}: is a folder")
        if named is not None and named.deposit_id is None and part is None:
            raise NotPermitted(f"{source}: is a folder; folders keep their names")
        return part, named, taken is not None

    async def _remove(self, path: str) -> None:
        folder = posixpath.dirname(path)
        if posixpath.dirname(folder) == OUT:
            await self._acknowledge(path)
            return
        _must_be_inbox(path)
        part, named = await self._read(
            lambda: (
                self._database.read(parts.find, self.client.id, path),
                self._database.read(tree.inbox_name, self.client.id, path),
            )
        )
        if part is not None:
            await self._database.submit("upload.drop", parts.forget, [part.id])
            payloads = self._reception.payloads
            await self._read(lambda: staging.remove(payloads, part.id))
        elif named is None or named.deposit_id is None:
            raise NoSuchPath(f"{path}: there is no such file")
        else:
            await self._database.submit(
                "inbox.remove", tree.forget_name, self.client.id, path
            )

    async def _acknowledge(self, path: str) -> None:
        folder, name = posixpath.split(path)
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

    async def _make_folder(self, path: str) -> None:
        _must_be_inbox(path)
        there = await self._read(
            lambda: (
                self._check_parent(path),
                self._database.read(names.standing, self.client.id, path),
            )
        )
        if any(there):
            raise AlreadyThere(f"{path}: is there already")
        await self._database.submit(
            "inbox.folder", tree.make_folder, self.client.id, path
        )

    async def _remove_folder(self, path: str) -> None:
        _must_be_inbox(path)
        if await self._read(lambda: bool(self._list(path))):
            raise NotPermitted(f"{path}: is not empty")
        await self._database.submit(
            "inbox.remove", tree.forget_name, self.client.id, path
        )

    def _folder_exists(self, path: str) -> bool:
        row = self._database.read(tree.inbox_name, self.client.id, path)
        return row is not None and row.deposit_id is None

    def _must_be_network(self, path: str) -> None:
        if posixpath.basename(path) not in self._networks:
            raise NoSuchPath(f"{path}: there is no such network")


def _must_stand(path: str, found: names.Standing | None) -> Entry:
    if found is None:
        raise NoSuchPath(f"{path}: there is nothing under that name")
    return Entry(
        name=posixpath.basename(path),
        is_folder=found.is_folder,
        size=found.size,
        modified=found.modified,
        writable=True,
    )


def _must_be_inbox(path: str) -> None:
    if not path.startswith(IN + "/"):
        raise NotPermitted(f"{path}: files go under {IN}; nothing else can be changed")


def _folder(name: str) -> Entry:
    return Entry(name=name, is_folder=True, size=0, modified=0.0, writable=name == "in")


def _file(name: str, size: int, modified: float, writable: bool) -> Entry:
    return Entry(
        name=name, is_folder=False, size=size, modified=modified, writable=writable
    )


def _inbox_entry(row: Row[*tuple[Any, ...]]) -> Entry:
    return Entry(
        name=posixpath.basename(row.path),
        is_folder=row.deposit_id is None,
        size=row.size,
        modified=row.modified_at,
        writable=True,
    )

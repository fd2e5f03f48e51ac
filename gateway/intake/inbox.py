"""The folder `/in` of one client: names of deposits, and work in progress.

A name points at a deposit and may be removed or replaced; the deposit itself stays.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Row
from twisted.internet.defer import Deferred, maybeDeferred

from gateway.errors import AlreadyThere, NoSuchPath, NotPermitted
from gateway.intake import staging
from gateway.intake.downloads import Payload
from gateway.intake.interface import Client, Download, Entry, Stored, Upload
from gateway.intake.reception import Reception
from gateway.intake.uploads import in_progress
from gateway.journal import deposits, names, parts, tree

T = TypeVar("T")

IN: Final = "/in"


class Inbox:
    """What stands under `/in`; paths are whole, and below it."""

    def __init__(self, *, client: Client, reception: Reception, channel: str) -> None:
        self._client = client
        self._reception = reception
        self._database = reception.database
        self._channel = channel

    def open(self, path: str, *, resume: bool) -> Deferred[Upload]:
        """Begin an upload, or go on with one that was cut."""
        if posixpath.dirname(path) == IN and not resume:
            # Nobody has to be asked: `/in` is there, and what stands under the name
            # is replaced when the file is whole.
            begin = self._reception.begin
            return maybeDeferred(begin, self._client, self._channel, path)
        return Deferred.fromCoroutine(self._open(path, resume=resume))

    def stat(self, path: str) -> Deferred[Entry]:
        """Look at one name."""
        found = self._database.look(names.standing, self._client.id, path)
        return found.addCallback(lambda each: _must_stand(path, each))

    def find(self, path: str) -> Download | None:
        """Open the deposit behind a name; None where there is none."""
        database, payloads = self._database, self._reception.payloads
        named = database.read(tree.inbox_name, self._client.id, path)
        if named is None or named.deposit_id is None:
            return None
        payload = database.read(deposits.payload_of, named.deposit_id)
        run = self._reception.run_in_thread
        return Payload(database.read(payloads.open, payload), named.size, run)

    def entries(self, path: str) -> Sequence[Entry]:
        """List a folder, oldest first."""
        if path != IN and not self._folder_exists(path):
            raise NoSuchPath(f"{path}: there is no such folder")
        entries = [
            _inbox_entry(row)
            for row in self._database.read(tree.inbox, self._client.id, path)
        ]
        entries += [
            _part_entry(part)
            for part in self._database.read(parts.of_client, self._client.id)
            if posixpath.dirname(part.path) == path
        ]
        return sorted(entries, key=lambda entry: entry.modified)

    async def rename(self, source: str, target: str, *, replace: bool) -> Stored:
        """Give a name another one; work in progress under a final name is a deposit."""
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
                "inbox.rename", tree.rename_name, self._client.id, source, target
            )
            return nothing
        if in_progress(target):
            await self._database.submit("upload.move", parts.move, part.id, target)
            return nothing
        incoming = self._reception.begin(self._client, self._channel, target)
        try:
            await incoming.resume(part)
        except BaseException:
            incoming.abandon()
            raise
        return await incoming.close()

    async def remove(self, path: str) -> None:
        """Take a name away, or forget work in progress."""
        _must_be_inbox(path)
        part, named = await self._read(
            lambda: (
                self._database.read(parts.find, self._client.id, path),
                self._database.read(tree.inbox_name, self._client.id, path),
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
                "inbox.remove", tree.forget_name, self._client.id, path
            )

    async def make_folder(self, path: str) -> None:
        """Make a folder."""
        _must_be_inbox(path)
        there = await self._read(
            lambda: (
                self._check_parent(path),
                self._database.read(names.standing, self._client.id, path),
            )
        )
        if any(there):
            raise AlreadyThere(f"{path}: is there already")
        await self._database.submit(
            "inbox.folder", tree.make_folder, self._client.id, path
        )

    async def remove_folder(self, path: str) -> None:
        """Take away an empty folder."""
        _must_be_inbox(path)
        if await self._read(lambda: bool(self.entries(path))):
            raise NotPermitted(f"{path}: is not empty")
        await self._database.submit(
            "inbox.remove", tree.forget_name, self._client.id, path
        )

    def _read(self, call: Callable[[], T]) -> Deferred[T]:
        return self._reception.run_in_thread(call)

    async def _open(self, path: str, *, resume: bool) -> Upload:
        _must_be_inbox(path)
        part = await self._read(lambda: self._check_parent(path))
        if resume and part is not None:
            return await self._reception.resume(self._client, self._channel, part)
        return self._reception.begin(self._client, self._channel, path)

    def _check_parent(self, path: str) -> parts.Part | None:
        folder = posixpath.dirname(path)
        if folder != IN and not self._folder_exists(folder):
            raise NoSuchPath(f"{folder}: there is no such folder; make it first")
        return self._database.read(parts.find, self._client.id, path)

    def _look(self, source: str, target: str) -> tuple[parts.Part | None, object, bool]:
        client = self._client.id
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

    def _folder_exists(self, path: str) -> bool:
        row = self._database.read(tree.inbox_name, self._client.id, path)
        return row is not None and row.deposit_id is None


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


def _inbox_entry(row: Row[*tuple[Any, ...]]) -> Entry:
    return Entry(
        name=posixpath.basename(row.path),
        is_folder=row.deposit_id is None,
        size=row.size,
        modified=row.modified_at,
        writable=True,
    )


def _part_entry(part: parts.Part) -> Entry:
    return Entry(
        name=posixpath.basename(part.path),
        is_folder=False,
        size=part.size,
        modified=part.updated_at,
        writable=True,
    )

"""Hands files to a payer's SFTP server and fetches its returns.

A file is written under a temporary name beside its final one, its size is seen
there, and only then is it renamed.  Payers do not look at temporary names, so
up to the renaming a broken line means "send it again"; from the renaming until
its answer the outcome is unknown, and `ask` finds out.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import BinaryIO, TypeVar

from protocols.channels import sftp_files as files
from protocols.channels.interface import Arrival, Channel, RemoteFile, Sent
from protocols.channels.naming import checked_name, is_whole
from protocols.channels.sftp_connection import Connection
from protocols.channels.sftp_errors import LineLost, Refusal, Unfinished, translate
from protocols.channels.sftp_exchange import BLOCK, Exchange
from protocols.channels.sftp_packets import Entry
from protocols.channels.sftp_pool import Alarm, SessionPool
from protocols.channels.sftp_settings import SftpSettings, read_settings
from protocols.errors import PayerRefused

T = TypeVar("T")


def open_channel(settings: Mapping[str, object]) -> Channel:
    """Build a channel from an endpoint's settings; connects only when used.

    Raises `ConfigErrors`.  Key and password files are read here, so a changed
    secret needs the channel to be opened anew, as every reload does.
    """
    read = read_settings(settings, os.environ)
    return SftpChannel(settings=read, clock=time.monotonic, alarm=_timer)


class SftpChannel:
    """One payer's SFTP server.  Thread-safe; every call blocks."""

    def __init__(
        self,
        *,
        settings: SftpSettings,
        clock: Callable[[], float],
        alarm: Callable[[float, Callable[[], None]], Alarm],
    ) -> None:
        self._settings = settings
        self._odd_names: dict[str, bytes] = {}
        self._pool = SessionPool(
            connect=partial(Connection, settings),
            clock=clock,
            alarm=alarm,
            connections=settings.connections,
            channels_per_connection=settings.channels_per_connection,
            idle_timeout=settings.idle_timeout,
        )

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        """Hand a file over under a temporary name, verify its size, rename it.

        Nothing exists at the payer's before the first block of `body` is read.
        Raises a `TransferError`: `OutcomeUnknown` when the payer may have it.
        Errors of `body` itself come through as they are, with nothing left.
        """
        final, temporary = self._places(name)
        first = body.read(BLOCK)

        def hand_over(exchange: Exchange) -> str:
            files.put(
                exchange,
                temporary,
                first=first,
                body=body,
                size=size,
                fsync=self._settings.fsync,
            )
            with translate(self._doing("renaming", final), in_doubt=True):
                return self._rename(exchange, temporary, final, size)

        note = self._run(hand_over, "sending", final)
        return Sent(reference=final.decode(), note=note)

    def ask(self, name: str, size: int) -> Arrival:
        """Look whether a file of unknown outcome has arrived.

        A file that is whole under its temporary name was sent and never
        renamed: it is renamed now, and has arrived.  A part is removed.  When
        there is nothing at all, the payer may have taken the file away, unless
        it is known to leave files where they were (`keeps_files`).
        """
        final, temporary = self._places(name)

        def find_out(exchange: Exchange) -> Arrival:
            there, begun = files.look(exchange, final, temporary)
            if there is not None:
                return Arrival.ARRIVED if there.size == size else Arrival.UNCLEAR
            if begun is None:
                kept = self._settings.keeps_files
                return Arrival.ABSENT if kept else Arrival.UNCLEAR
            if begun.size != size:
                files.remove(exchange, temporary)
                return Arrival.ABSENT
            with translate(self._doing("renaming", final), in_doubt=True):
                files.rename(exchange, temporary, final, size)
            return Arrival.ARRIVED

        return self._run(find_out, "asking for", final)

    def list(self) -> Sequence[RemoteFile]:
        """List every whole file of the outbox, by name; never "newer than"."""
        folder = self._settings.collect_folder.encode()
        found = self._run(lambda line: files.names(line, folder), "listing", folder)
        listed = [self._remote_file(entry) for entry in found]
        return sorted(
            file for file in listed if is_whole(file.name, self._settings.skip)
        )

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a file of the outbox; return its size.

        Raises `PayerUnavailable` if the line broke or the size is no longer the
        one listed; what `into` holds then is worth nothing.  Errors of `into`
        itself come through as they are.
        """
        path = self._outbox(file)
        return self._run(
            lambda line: files.get(line, path, file.size, into), "fetching", path
        )

    def remove(self, file: RemoteFile) -> None:
        """Confirm a fetched file by removing it; silent if it is gone.

        A file that was replaced since it was listed is left there: raises
        `PayerUnavailable`, and the next listing shows the new one.
        """
        path = self._outbox(file)

        def confirm(exchange: Exchange) -> None:
            (found,) = files.look(exchange, path)
            if found is None:
                return
            if found.size not in (None, file.size):
                raise Unfinished(
                    f"it has {found.size} bytes and had {file.size} when fetched:"
                    " replaced since, so it stays"
                )
            files.remove(exchange, path)

        self._run(confirm, "removing", path)

    def check(self) -> str:
        """Log in and look at both folders; return words for people, or raise."""
        settings = self._settings

        def look(exchange: Exchange) -> str:
            for folder in (settings.send_folder, settings.collect_folder):
                with translate(self._doing("checking", folder.encode())):
                    there = files.is_folder(exchange, folder.encode())
                if not there:
                    raise PayerRefused(
                        f"{settings.endpoint}: {folder} is no folder; wanted one:"
                        " mend send_folder or collect_folder"
                    )
            offered = ", ".join(sorted(exchange.extensions)) or "none"
            return (
                f"{settings.endpoint}: logged in; {settings.send_folder} and"
                f" {settings.collect_folder} are there; extensions: {offered}"
            )

        return self._run(look, "checking", settings.send_folder.encode())

    def close(self) -> None:
        """Give up every connection."""
        self._pool.close()

    def _run(self, work: Callable[[Exchange], T], verb: str, path: bytes) -> T:
        with translate(self._doing(verb, path)):
            return self._pool.run(work)

    def _rename(
        self, exchange: Exchange, temporary: bytes, final: bytes, size: int
    ) -> str:
        try:
            return files.rename(exchange, temporary, final, size)
        except Refusal:
            with suppress(LineLost, Refusal):
                files.remove(exchange, temporary)
            raise

    def _doing(self, verb: str, path: bytes) -> str:
        shown = path.decode("utf-8", "replace")
        return f"{self._settings.endpoint}: {verb} {shown}"

    def _places(self, name: str) -> tuple[bytes, bytes]:
        final = _join(self._settings.send_folder, checked_name(name).encode())
        return final, final + self._settings.temporary_suffix.encode()

    def _outbox(self, file: RemoteFile) -> bytes:
        name = checked_name(file.name)
        return _join(
            self._settings.collect_folder, self._odd_names.get(name, name.encode())
        )

    def _remote_file(self, entry: Entry) -> RemoteFile:
        """Take over a listed file; names that are not UTF-8 are read as Latin-1."""
        size, _, modified = entry.attributes
        try:
            name = entry.name.decode()
        except UnicodeDecodeError:
            name = entry.name.decode("latin-1")
            self._odd_names[name] = entry.name
        return RemoteFile(name, size or 0, float(modified or 0))


def _join(folder: str, name: bytes) -> bytes:
    return folder.rstrip("/").encode() + b"/" + name


def _timer(seconds: float, call: Callable[[], None]) -> Alarm:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    return timer

"""Simulated vendor software that comes over SFTP, with paramiko as its client.

Its habits are those of real software: a working name and a rename, or straight
under the final name, or an upload that is cut half way and gone on with.
"""

from __future__ import annotations

import base64
import io
import socket
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from paramiko import Ed25519Key, PKey, SFTPClient, SSHException, Transport

from gateway.simulator.vendor_accounts import Account
from gateway.simulator.vendor_doors import DoorTrouble, Paper
from gateway.simulator.vendor_files import Bill

_TIMEOUT: Final = 30.0
_LOOKS: Final = 40  # at an upload that was cut, until the server has seen the cut
_BETWEEN_LOOKS: Final = 0.1
_REPORT: Final = ".report.json"
_RECEIPT: Final = ".json"


class Habit(StrEnum):
    """How the software uploads."""

    RENAME = "rename"
    DIRECT = "direct"
    RESUME = "resume"


class SftpDoor:
    """One account at the SFTP door.  `wait` blocks for seconds."""

    def __init__(
        self,
        *,
        account: Account,
        where: str,
        host_key: str,
        habit: Habit,
        wait: Callable[[float], object],
    ) -> None:
        host, _, port = where.rpartition(":")
        self._place = (host, int(port))
        self._account = account
        self._host_key = host_key
        self._key: PKey = Ed25519Key.from_private_key_file(str(account.key_file))
        self._habit = habit
        self._wait = wait
        self._transport: Transport | None = None
        self._client: SFTPClient | None = None
        self._again = 0
        self._paths: dict[str, str] = {}  # of returns, by their names

    def deposit(self, bill: Bill) -> None:
        """Upload a file as this software does."""
        path = f"/in/{bill.name}"
        with self._session(f"upload {bill.name}") as sftp:
            if self._habit is Habit.RENAME:
                sftp.putfo(_stream(bill.content), f"{path}.part", confirm=False)
                sftp.posix_rename(f"{path}.part", path)
            elif self._habit is Habit.DIRECT:
                sftp.putfo(_stream(bill.content), path)
            else:
                self._cut_upload(sftp, path, bill.content)
        if self._habit is Habit.RESUME:
            with self._session(f"resume {bill.name}") as sftp:
                self._resume(sftp, path, bill.content)

    def deposit_again(self, bill: Bill, deposit: str) -> bytes:
        """Upload the same content under another name, and read the receipt again."""
        self._again += 1
        with self._session(f"upload {bill.name} again") as sftp:
            path = f"/in/again-{self._again}-{bill.name}"
            sftp.putfo(_stream(bill.content), path, confirm=False)
            return _read(sftp, f"/receipts/{deposit}{_RECEIPT}")

    def receipts(self, known: Collection[str]) -> Iterator[Paper]:
        """Read the receipts that are not known."""
        with self._session("read receipts") as sftp:
            for name in sftp.listdir("/receipts"):
                deposit = name.removesuffix(_RECEIPT)
                is_receipt = deposit.isalnum()  # others have a dot or a dash in it
                if is_receipt and deposit not in known:
                    yield Paper(deposit, _read(sftp, f"/receipts/{name}"))

    def report(self, deposit: str) -> bytes | None:
        """Read a report."""
        with self._session("read a report") as sftp:
            try:
                return _read(sftp, f"/receipts/{deposit}{_REPORT}")
            except FileNotFoundError:
                return None

    def returns(self) -> Iterator[Paper]:
        """Download everything in the outbox."""
        with self._session("fetch returns") as sftp:
            for network in self._account.networks:
                for entry in sftp.listdir_attr(f"/out/{network}"):
                    if stat.S_ISREG(entry.st_mode or 0):
                        path = f"/out/{network}/{entry.filename}"
                        self._paths[entry.filename] = path
                        yield Paper(entry.filename, _read(sftp, path))

    def acknowledge(self, name: str) -> None:
        """Delete a return."""
        with self._session(f"acknowledge {name}") as sftp:
            sftp.remove(self._paths.pop(name))

    def close(self) -> None:
        """Log out."""
        if self._transport is not None:
            self._transport.close()
        self._transport = self._client = None

    @contextmanager
    def _session(self, doing: str) -> Iterator[SFTPClient]:
        try:
            yield self._connected()
        except (OSError, EOFError, SSHException) as error:
            self.close()
            raise DoorTrouble(f"cannot {doing} over SFTP: {error!r}") from error

    def _connected(self) -> SFTPClient:
        if self._client is not None:
            return self._client
        line = socket.create_connection(self._place, _TIMEOUT)
        transport = Transport(line)
        self._transport = transport
        transport.connect(
            hostkey=_public(self._host_key),
            username=self._account.id,
            pkey=self._key,
        )
        client = SFTPClient.from_transport(transport)
        if client is None:
            raise SSHException("the server opened no SFTP session")
        channel = client.get_channel()
        if channel is not None:
            channel.settimeout(_TIMEOUT)
        self._client = client
        return client

    def _cut_upload(self, sftp: SFTPClient, path: str, content: bytes) -> None:
        """Write the first half, and lose the line."""
        file = sftp.open(path, "wb")
        file.write(content[: len(content) // 2])
        file.flush()
        if self._transport is not None:
            self._transport.sock.close()
        self.close()

    def _resume(self, sftp: SFTPClient, path: str, content: bytes) -> None:
        """Go on after what the server has, as `reput` does."""
        size = 0
        for _ in range(_LOOKS):
            try:
                size = sftp.stat(path).st_size or 0
            except FileNotFoundError:
                size = 0
            if size:
                break
            self._wait(_BETWEEN_LOOKS)
        with sftp.open(path, "r+b" if size else "wb") as file:
            file.seek(size)
            file.write(content[size:])


def _public(text: str) -> PKey:
    kind, _, value = text.partition(" ")
    return PKey.from_type_string(kind, base64.b64decode(value))


def _stream(content: bytes) -> io.BytesIO:
    return io.BytesIO(content)


def _read(sftp: SFTPClient, path: str) -> bytes:
    with sftp.open(path, "rb") as file:
        return file.read()

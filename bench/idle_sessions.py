"""SFTP sessions that are logged in and say nothing: OpenSSH's `ssh`, held open.

Each has begun its session, so that the server has all that it keeps for one, and then
waits in the kernel.  Twenty share an account and each account has an address of its own
on loopback, as Octway's limits for one client and one address want it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from attrs import frozen

from bench.clients import SftpClient
from bench.node import OctwayNode
from bench.peers import SftpServer
from bench.processes import BenchFailed, program
from gateway.cli.client_keys import read_keys
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import clients
from gateway.journal.dialect import open_engine

_OF_ONE: Final = 20  # connections of an account, as many as the door allows
_AT_ONCE: Final = 8  # that are being opened
_INIT: Final = bytes.fromhex("000000050100000003")
_HEAD: Final = 4  # bytes that say how long an SFTP packet is


@frozen
class Account:
    """Whose idle sessions they are: name, private key, address on loopback."""

    user: str
    key: Path
    address: str


def accounts(node: OctwayNode, count: int) -> list[Account]:
    """Open as many accounts at a node as so many sessions want."""
    folder = node.folder / "idle"
    folder.mkdir()
    made = [
        Account(f"idle-{number}", folder / str(number), f"127.0.0.{10 + number}")
        for number in range(-(-count // _OF_ONE))
    ]
    for each in made:
        _make_key(each.key)

    def write(tx: Tx) -> None:
        for each in made:
            clients.add(tx, each.user, name=each.user, vendor="", software="")
            (key,) = read_keys(str(each.key.with_suffix(".pub")))
            clients.add_key(tx, each.user, **key._asdict())

    url = f"sqlite:///{node.folder / 'data' / 'octway.db'}"
    database = Database(
        writer=open_engine(url, write=True, connections=1),
        reader=open_engine(url, write=False, connections=1),
        chain="bench",
        now=lambda: 0.0,
        call_from_thread=lambda call: call(),
    )
    database.write("bench.accounts", write)
    database.stop()
    return made


class IdleSessions:
    """Sessions that are open until `close`."""

    def __init__(self) -> None:
        self._open: list[subprocess.Popen[bytes]] = []

    def open(
        self,
        client: SftpClient,
        server: SftpServer,
        accounts: Sequence[Account],
        count: int,
    ) -> None:
        """Open so many, each answered once; raises `BenchFailed`."""
        _, *options = client.command(server)
        at = options.index("-i")
        commands = [
            [
                *(program("ssh"), *options[:at], "-i", str(each.key)),
                *("-b", each.address, "-p", str(server.port), "-s"),
                *(f"{each.user}@127.0.0.1", "sftp"),
            ]
            for each in (accounts[number // _OF_ONE] for number in range(count))
        ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(self._begin, commands):
                pass

    def close(self) -> None:
        """End all of them."""
        for each in self._open:
            each.kill()
        for each in self._open:
            each.communicate()

    def check(self) -> None:
        """Raise `BenchFailed` unless all are still open."""
        gone = sum(each.poll() is not None for each in self._open)
        if gone:
            raise BenchFailed(f"{gone} idle sessions have ended")

    def _begin(self, command: Sequence[str]) -> None:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self._open.append(process)
        to, answers = process.stdin, process.stdout
        assert to is not None
        assert answers is not None
        to.write(_INIT)
        if len(answers.read(_HEAD)) < _HEAD:
            process.kill()
            _, words = process.communicate()
            raise BenchFailed(f"an idle session did not begin: {words.decode()}")


def _make_key(path: Path) -> None:
    command = (program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "bench")
    subprocess.run([*command, "-f", str(path)], check=True)

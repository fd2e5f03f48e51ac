"""The SFTP servers of simulated payers: plain folders behind a real transport.

One host serves every simulated payer, one account each: `<root>/<user>/in` is
where we put files, `<root>/<user>/out` where the payer puts its returns.  It
stands on Conch's own SSH transport, not on the gateway's door, so that our
channel meets an implementation that is not ours; weak algorithms are off.

Also a program: `python -m gateway.simulator.payer_host --dir DIR --control`
prints one line of JSON with its port and host key, then obeys the lines that
`gateway.simulator.payer_control` describes, and ends when they end.
"""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.conch.ssh.connection import SSHConnection
from twisted.conch.ssh.factory import SSHFactory
from twisted.conch.ssh.keys import BadKeyError, Key
from twisted.conch.ssh.transport import SSHServerTransport
from twisted.conch.ssh.userauth import SSHUserAuthServer
from twisted.cred.portal import Portal
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort, IReactorTime, ITCPTransport
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react

from gateway.simulator.payer_control import PayerControl
from gateway.simulator.payer_faults import Faults
from gateway.simulator.payer_folder import INBOX, OUTBOX, Account
from gateway.simulator.payer_login import PayerChecker, PayerRealm

_USER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class PayerHost:
    """Every simulated payer's SFTP server, behind one port; listen with `factory`.

    `arrived` is called with an account and a file name, in the reactor's thread,
    when a file is whole under its final name.
    """

    def __init__(
        self,
        *,
        root: Path,
        host_key: Key,
        clock: IReactorTime,
        arrived: Callable[[str, str], None],
    ) -> None:
        self._root = root
        self._accounts: dict[str, Account] = {}
        self.host_key = host_key.public().toString("OPENSSH").decode()
        realm = PayerRealm(accounts=self._accounts, clock=clock, arrived=arrived)
        self.factory = _Factory(
            host_key=host_key,
            clock=clock,
            portal=Portal(realm, [PayerChecker(self._accounts)]),
        )

    def open_account(
        self, user: str, *, password: str | None = None, key: str | None = None
    ) -> Path:
        """Open an account, or give it one more password or public key.

        Returns its folder, which holds `in` and `out`.  Raises `ValueError`.
        """
        if not _USER.fullmatch(user):
            raise ValueError(f"account {user!r} is no plain name; wanted a-z 0-9 . _ -")
        account = self._accounts.get(user)
        if account is None:
            account = Account(user=user, folder=self._root / user)
            for name in (INBOX, OUTBOX):
                (account.folder / name).mkdir(parents=True, exist_ok=True)
            self._accounts[user] = account
        if password:
            account.passwords.append(password)
        if key:
            account.keys.append(_blob(key))
        return account.folder

    def dial(self, user: str, faults: Faults) -> None:
        """Set an account's faults; they hold from the next request on."""
        if user not in self._accounts:
            raise ValueError(f"no account {user!r}; there are {sorted(self._accounts)}")
        self._accounts[user].faults = faults


class _Transport(SSHServerTransport):
    """Conch's transport with what is known to be weak left out."""

    ourVersionString = b"SSH-2.0-SimulatedPayer"

    def connectionMade(self) -> None:
        """Leave weak algorithms out, and send small answers at once."""
        self.supportedCiphers = [b"aes128-ctr", b"aes192-ctr", b"aes256-ctr"]
        self.supportedMACs = [b"hmac-sha2-256", b"hmac-sha2-512"]
        self.supportedKeyExchanges = [
            b"curve25519-sha256",
            b"curve25519-sha256@libssh.org",
        ]
        self.supportedCompressions = [b"none"]
        cast(ITCPTransport, self.transport).setTcpNoDelay(True)
        super().connectionMade()


class _Factory(SSHFactory):
    protocol = _Transport

    def __init__(self, *, host_key: Key, clock: IReactorTime, portal: Portal) -> None:
        the_clock = clock

        class UserAuth(SSHUserAuthServer):
            """Answers a wrong password at once: nobody attacks a simulated payer."""

            clock = the_clock
            passwordDelay = 0

        self.portal = portal
        self.services = {b"ssh-userauth": UserAuth, b"ssh-connection": SSHConnection}
        self.publicKeys = {host_key.sshType(): host_key.public()}
        self.privateKeys = {host_key.sshType(): host_key}


def load_host_key(path: Path) -> Key:
    """Read the host key, or make one there: a payer keeps its key for years."""
    if not path.exists():
        made = Key(Ed25519PrivateKey.generate()).toString("OPENSSH", subtype="v1")
        path.touch(mode=0o600)
        path.write_bytes(made)
    key: Key = Key.fromFile(str(path))
    return key


def _blob(key: str) -> bytes:
    try:
        blob: bytes = Key.fromString(key.encode()).public().blob()
    except (BadKeyError, ValueError) as error:
        raise ValueError("that is no public key; wanted 'ssh-ed25519 AAAA…'") from error
    return blob


def run(reactor: IReactorTime, *arguments: str) -> Deferred[None]:
    """Serve until the control lines end, or until a signal without `--control`."""
    read = _read_arguments(arguments)
    read.dir.mkdir(parents=True, exist_ok=True)
    host = PayerHost(
        root=read.dir,
        host_key=load_host_key(read.dir / "host_key"),
        clock=reactor,
        arrived=lambda user, name: None,
    )
    port: IListeningPort = cast(Any, reactor).listenTCP(
        read.port, host.factory, interface=read.interface
    )
    place = cast(IPv4Address, port.getHost())
    started = {"port": place.port, "host_key": host.host_key}
    sys.stdout.write(json.dumps(started) + "\n")
    sys.stdout.flush()
    over: Deferred[None] = Deferred()
    if read.control:
        control = PayerControl(host=host, ended=lambda: over.callback(None))
        StandardIO(control, reactor=reactor)
    return over


def _read_arguments(arguments: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m gateway.simulator.payer_host")
    parser.add_argument("--dir", type=Path, required=True, help="folder of accounts")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--interface", default="127.0.0.1")
    parser.add_argument("--control", action="store_true", help="obey standard input")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    react(run, sys.argv[1:])

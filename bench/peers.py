"""The named peers, each with its own keys and folder, on a loopback port.

All are set for speed as an operator would: OpenSSH serves files inside its own
process (`internal-sftp`, no shell), none looks names up, none makes anything
durable.  Host and client keys are Ed25519 everywhere.
"""

from __future__ import annotations

import getpass
import grp
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from attrs import frozen

from bench.processes import PeerMissing, Server, free_port, program

_SSHD = """
ListenAddress 127.0.0.1:{port}
HostKey {keys}/host
PidFile none
AuthorizedKeysFile {keys}/client.pub
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
StrictModes no
PermitRootLogin yes
PermitTTY no
DisableForwarding yes
MaxStartups 200
MaxSessions 20
PerSourcePenalties no
Subsystem sftp internal-sftp
LogLevel ERROR
"""
_PROFTPD = """
ServerName "bench"
ServerType standalone
DefaultAddress 127.0.0.1
Port {port}
User {user}
Group {group}
PidFile {folder}/proftpd.pid
ScoreboardFile {folder}/scoreboard
DelayTable none
WtmpLog off
TransferLog none
SystemLog {folder}/system.log
UseReverseDNS off
UseIPv6 off
RootLogin on
RequireValidShell off
UseFtpUsers off
AllowOverwrite on
MaxInstances 200
{modules}
SFTPEngine on
SFTPHostKey {keys}/host
SFTPAuthMethods publickey
SFTPAuthorizedUserKeys file:{keys}/client.rfc4716
SFTPMaxChannels 20
"""


class SftpServer(Protocol):
    """A running SFTP server that clients of the benchmark can reach."""

    name: str
    port: int
    user: str
    server: Server

    def place(self, name: str) -> str:
        """Return the remote path under which a file is uploaded."""
        ...


@frozen(kw_only=True)
class Keys:
    """One Ed25519 host key and one client key, for every server of a run."""

    folder: Path

    @property
    def client(self) -> Path:
        """The client's private key."""
        return self.folder / "client"

    def known_hosts(self, port: int) -> str:
        """Return the line by which a client knows the host on a port."""
        kind, key, *_ = (self.folder / "host.pub").read_text().split()
        return f"[127.0.0.1]:{port} {kind} {key}\n"

    @property
    def host_line(self) -> str:
        """The public host key, as payer directories want it."""
        return (self.folder / "host.pub").read_text().strip()


def make_keys(folder: Path) -> Keys:
    """Make both keys as OpenSSH does."""
    folder.mkdir(mode=0o700)
    for name in ("host", "client"):
        subprocess.run(
            [
                *(program("ssh-keygen"), "-q", "-t", "ed25519", "-N", ""),
                *("-C", "bench", "-f", str(folder / name)),
            ],
            check=True,
        )
    exported = subprocess.run(
        [program("ssh-keygen"), "-e", "-f", str(folder / "client.pub")],
        check=True,
        capture_output=True,
    )
    (folder / "client.rfc4716").write_bytes(exported.stdout)
    return Keys(folder=folder)


class Peer:
    """An SFTP server that stores files in a folder of this machine."""

    def __init__(self, name: str, folder: Path, keys: Keys) -> None:
        self.name = name
        self.port = free_port()
        self.user = getpass.getuser()
        self.folder = folder
        self.store = folder / "store"
        self.store.mkdir(parents=True)
        self.keys = keys
        self.server: Server

    def place(self, name: str) -> str:
        """Return the remote path under which a file is uploaded."""
        return f"{self.store}/{name}"

    def _start(self, *command: str) -> None:
        self.server = Server(command, log=self.folder / "log")
        self.server.await_port(self.port)


class OpenSsh(Peer):
    """OpenSSH's server; raises `PeerMissing`."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        sshd = program("sshd")
        super().__init__("OpenSSH", folder, keys)
        self._separation()
        config = folder / "sshd_config"
        text = _SSHD.format(port=self.port, keys=keys.folder)
        config.write_text(_without_unknown(sshd, config, text))
        self._start(sshd, "-D", "-e", "-f", str(config))

    @staticmethod
    def _separation() -> None:
        folder = Path("/run/sshd")
        if os.getuid() == 0 and not folder.is_dir():
            try:
                folder.mkdir(mode=0o755)
            except OSError as error:
                raise PeerMissing("sshd needs the folder /run/sshd") from error


class ProFtpd(Peer):
    """ProFTPD with mod_sftp; raises `PeerMissing`."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        proftpd = program("proftpd")
        super().__init__("ProFTPD", folder, keys)
        modules = [
            f"LoadModule mod_{name}.c"
            for name in ("sftp",)
            if any(Path("/usr/lib/proftpd").glob(f"mod_{name}.so"))
        ]
        config = folder / "proftpd.conf"
        config.write_text(
            _PROFTPD.format(
                port=self.port,
                user=self.user,
                group=grp.getgrgid(os.getgid()).gr_name,
                folder=folder,
                keys=keys.folder,
                modules="\n".join(modules),
            )
        )
        self._start(proftpd, "-n", "-q", "-c", str(config))


class Rclone(Peer):
    """`rclone serve sftp`; raises `PeerMissing`."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        rclone = program("rclone")
        super().__init__("rclone", folder, keys)
        self._start(
            *(rclone, "serve", "sftp", str(self.store)),
            *("--addr", f"127.0.0.1:{self.port}", "--config", os.devnull),
            *("--key", str(keys.folder / "host")),
            *("--authorized-keys", str(keys.folder / "client.pub")),
        )

    def place(self, name: str) -> str:
        """Return the remote path under which a file is uploaded."""
        return f"/{name}"


class AiohttpStore:
    """An aiohttp server that only stores each body; raises `PeerMissing`."""

    def __init__(self, folder: Path, *, certificate: Path, key: Path) -> None:
        if find_spec("aiohttp") is None:
            raise PeerMissing("aiohttp is not installed")
        store = folder / "store"
        store.mkdir(parents=True)
        self.port = free_port()
        self.server = Server(
            [
                *(sys.executable, "-m", "bench.aiohttp_store", str(self.port)),
                *(str(store), str(certificate), str(key)),
            ],
            log=folder / "log",
        )
        self.server.await_port(self.port)


def _without_unknown(sshd: str, config: Path, text: str) -> str:
    """Leave out settings that this version of sshd does not know yet."""
    config.write_text(text)
    tried = subprocess.run(
        [sshd, "-t", "-f", str(config)], capture_output=True, text=True, check=False
    )
    unknown = {
        line.rpartition(": ")[2].strip()
        for line in tried.stderr.splitlines()
        if "Bad configuration option" in line
    }
    lines = text.splitlines(keepends=True)
    return "".join(
        line for line in lines if not line.strip() or line.split()[0] not in unknown
    )

"""A payer with a real OpenSSH server, started by a test on loopback."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

_CONFIG = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin yes
PermitTTY no
DisableForwarding yes
X11Forwarding no
MaxStartups 100
MaxSessions 6
Subsystem sftp internal-sftp
LogLevel ERROR
"""


class OpenSshPayer:
    """An `sshd` of the machine's own, its account being who runs the test.

    The key `client_key` may do everything; `reading_key` may only read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.port = _free_port()
        for name in ("in", "out"):
            (folder / name).mkdir()
        for name in ("host_key", "client_key", "reading_key", "strange_key"):
            make_key(folder / name)
        allowed = (folder / "client_key.pub").read_text()
        reading = (folder / "reading_key.pub").read_text()
        (folder / "authorized_keys").write_text(
            f'{allowed}command="internal-sftp -R" {reading}'
        )
        self.config = folder / "sshd_config"
        self.config.write_text(_CONFIG.format(port=self.port, folder=folder))
        self.host_key = (folder / "host_key.pub").read_text().strip()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def restart(self, **options: str) -> None:
        """Start it anew, with some options of its configuration set otherwise."""
        self.stop()
        text = _CONFIG.format(port=self.port, folder=self.folder)
        lines = [
            line for line in text.splitlines() if line.split(" ")[0] not in options
        ]
        lines += [f"{name} {value}" for name, value in options.items()]
        self.config.write_text("\n".join(lines) + "\n")
        self.start()

    def start(self) -> None:
        """Start it and wait until it listens; nothing if it runs."""
        if self._process is not None:
            return
        program = sshd()
        process = subprocess.Popen(
            [program, "-D", "-e", "-f", str(self.config)], stderr=subprocess.PIPE
        )
        self._process = process
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            except ConnectionRefusedError:
                try:
                    process.wait(timeout=0.02)
                except subprocess.TimeoutExpired:
                    continue
                assert process.stderr is not None
                pytest.fail(f"sshd did not start: {process.stderr.read()!r}")
            else:
                return
        pytest.fail("sshd did not listen within ten seconds")

    def stop(self) -> None:
        """End it and every session of it; nobody listens there afterwards."""
        if self._process is None:
            return
        for child in _children(self._process.pid):
            # One may end by itself between the look at the list and now.
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
        self._process.terminate()
        self._process.wait(timeout=10)
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process = None
        # A child that was just made holds the port a little longer.
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            except ConnectionRefusedError:
                return
            except OSError:
                continue
            time.sleep(0.02)
        pytest.fail("sshd still listens ten seconds after its end")


def sshd() -> str:
    """Find the server, or skip the test with the reason."""
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")
    if program is None:
        pytest.skip("no sshd on this machine: OpenSSH's server is not installed")
    separation = Path("/run/sshd")
    if os.getuid() == 0 and not separation.is_dir():
        try:
            separation.mkdir(mode=0o755)
        except OSError:
            pytest.skip("sshd needs /run/sshd, which cannot be made here")
    return program


def make_key(path: Path) -> None:
    """Make an Ed25519 key pair as OpenSSH does."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True
    )


def _children(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""OpenSSH's own `sftp` as the client of every server, so that only those differ."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.peers import Keys, SftpServer
from bench.processes import BenchFailed, program

_SECONDS = 300.0


class SftpClient:
    """Uploads with `sftp -b`; key exchange pinned to curve25519, keys Ed25519."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._keys = keys
        self._count = 0

    def batch(self, server: SftpServer, files: Sequence[tuple[Path, str]]) -> Path:
        """Write the commands that upload files (local path, remote name)."""
        self._count += 1
        path = self._folder / f"batch{self._count}"
        lines = [f"put {local} {server.place(name)}\n" for local, name in files]
        path.write_text("".join(lines))
        return path

    def run(
        self,
        server: SftpServer,
        batches: Sequence[Path],
        *,
        at_once: int = 1,
        cipher: str = "",
    ) -> float:
        """Run each batch on a connection of its own, some at once; return seconds."""
        command = self.command(server, cipher=cipher)
        began = time.perf_counter()
        with ThreadPoolExecutor(at_once) as pool:
            for _ in pool.map(lambda batch: _run(command, batch, server), batches):
                pass
        return time.perf_counter() - began

    def command(self, server: SftpServer, *, cipher: str = "") -> list[str]:
        """Return the command that connects to a server, without its batch."""
        known = self._folder / f"known-{server.port}"
        known.write_text(self._keys.known_hosts(server.port))
        options = {
            "KexAlgorithms": "curve25519-sha256",
            "HostKeyAlgorithms": "ssh-ed25519",
            "UserKnownHostsFile": str(known),
            "GlobalKnownHostsFile": "none",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
            "SendEnv": "-*",
            "LogLevel": "ERROR",
        }
        if cipher:
            options["Ciphers"] = cipher
        shown = [f"-o{name}={value}" for name, value in options.items()]
        return [
            *(program("sftp"), "-q", "-F", "none", *shown),
            *("-i", str(self._keys.client), "-P", str(server.port)),
        ]


def _run(command: list[str], batch: Path, server: SftpServer) -> None:
    """Run one `sftp` to its end; raise `BenchFailed` unless it did all it should."""
    try:
        done = subprocess.run(
            [*command, "-b", str(batch), f"{server.user}@127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BenchFailed(f"{server.name}: an upload took too long") from None
    if done.returncode != 0:
        raise BenchFailed(f"{server.name}: sftp failed: {done.stderr.decode()}")

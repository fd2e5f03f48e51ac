"""A whole gateway as a user sets it up: `octway init`, `octway client`, `octway run`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from tests.system.openssh_payer import OpenSshPayer

_QUICK = {
    "OCTWAY_SFTP__LISTEN": "127.0.0.1:0",
    "OCTWAY_HTTPS__LISTEN": "127.0.0.1:0",
    "OCTWAY_OPERATIONS__LISTEN": "127.0.0.1:0",
    "OCTWAY_WORK__GATHER_INTERVAL": "200ms",
    "OCTWAY_WORK__COLLECT_INTERVAL": "2s",
    "OCTWAY_LIMITS__FREE_SPACE": "0",
}
_DOORS = frozenset({"sftp", "https", "operations"})
_PASSES = """
import os, sys
count, *command = sys.argv[1:]
given = [os.dup(int(each)) for each in count.split(",")]
high = [os.dup2(each, 100 + number) for number, each in enumerate(given)]
for number, each in enumerate(high):
    os.dup2(each, 3 + number)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(high))}
os.execv(command[0], command)
"""  # as a service manager passes sockets: from 3 on, for this very process


class Site:
    """One installation in a folder, and its node while it runs.

    `program` is the folder of another program than this one, if it is one's.
    """

    def __init__(self, folder: Path, program: Path | None = None) -> None:
        self.program = program
        self.folder = folder
        self.config = folder / "octway.toml"
        self.where: dict[str, tuple[str, int]] = {}
        self.log: list[dict[str, object]] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.octway("init", str(folder))
        for example in (folder / "payers").glob("*.toml"):
            example.unlink()

    def octway(self, *arguments: str, status: int = 0) -> str:
        """Run a command and return what it prints; its exit status must fit."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.program,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def facts(self, *arguments: str) -> dict[str, object]:
        """Run a command with --json on this site and return its facts."""
        text = self.octway(*arguments, "--json", "-c", str(self.config))
        found: dict[str, object] = json.loads(text)
        return found

    def payer(self, payer: OpenSshPayer, name: str, code: str) -> None:
        """Put an OpenSSH server into the payer directory."""
        self.reached(
            name,
            code,
            f"""
channel = "sftp"
[endpoint.settings]
host = "127.0.0.1"
port = {payer.port}
user = "{payer.user}"
key_file = "{payer.folder}/client_key"
host_keys = ["{payer.host_key}"]
send_folder = "{payer.folder}/in"
collect_folder = "{payer.folder}/out"
connect_timeout = "5s"
operation_timeout = "5s"
""",
        )

    def reached(self, name: str, code: str, endpoint: str) -> None:
        """Put a payer into the directory that is reached as an `[endpoint]` says."""
        (self.folder / "payers" / f"{name}.toml").write_text(
            f"""
[payer]
id = "{name}"
name = "A payer of a test"
network = "sesam"
country = "FR"
time_zone = "Europe/Paris"
[[code]]
code = "{code}"
[rules]
regime = "{code[:2]}"
organism = "{code[2:]}"
centre = "000"
[[expects]]
kind = "payment"
level = "claim"
within = "7 working days"
grace = "5 working days"
[delivery.retry]
first = "1s"
factor = 1
max = "1s"
give_up_after = "1h"
[endpoint]
{endpoint}
"""
        )

    def start(
        self,
        *,
        sockets: Mapping[str, socket.socket] = MappingProxyType({}),
        **environment: str,
    ) -> None:
        """Run a node, with the doors' sockets if some are given; returns when all listen."""
        command = [sys.executable, "-m", "gateway", "run", "-c", str(self.config)]
        numbers = [each.fileno() for each in sockets.values()]
        if sockets:
            listed = ",".join(map(str, numbers))
            command = [sys.executable, "-c", _PASSES, listed, *command]
            environment["LISTEN_FDNAMES"] = ":".join(sockets)
        process = subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **_QUICK, **environment},
            cwd=self.program,
            pass_fds=numbers,
        )
        assert process.stderr is not None
        self._process, self.where = process, {}
        for line in process.stderr:
            self._note(line)
            if self.where.keys() == _DOORS:
                break
        else:
            raise AssertionError(f"the node did not start: {self.log}")
        self._reader = threading.Thread(target=self._read_on, daemon=True)
        self._reader.start()

    def stop(self, sent: int = signal.SIGTERM) -> int:
        """End the node and return its exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(sent)
        status = self._process.wait(timeout=60)
        if self._reader is not None:
            self._reader.join(timeout=10)
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process = None
        return status

    def errors(self) -> Sequence[dict[str, object]]:
        """List what the log says of errors."""
        return [each for each in self.log if each["level"] in {"error", "critical"}]

    def _read_on(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._note(line)

    def _note(self, line: str) -> None:
        said = json.loads(line)
        self.log.append(said)
        if said["text"] == "listening":
            host, port = str(said["where"]).rsplit(":", 1)
            self.where[str(said["door"])] = (host, int(port))

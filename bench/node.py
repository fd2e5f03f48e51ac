"""A real node: made by `octway init`, run by `octway run`, on SQLite, as shipped.

Only the payers are the benchmark's own.  With `doors_only` its steps do not run
(see `bench.doors_only`), so that taking files in is measured by itself.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from bench.peers import Keys
from bench.processes import BenchFailed, Server, wait_for

CLIENT = "vendor"
_LISTENING = re.compile(r'"door": "(\w+)", "where": "[^"]*:(\d+)"')
_LOADED = 2_000_000  # characters of the log in which the doors must have been named
_PAYER = """
[payer]
id = "bench"
name = "Bench"
network = "sesam"

[[code]]
code = "01990"

[rules]
regime = "01"
organism = "990"
centre = "000"
recipient_type = "CT"
name = "BENCH"

[gather]
wait = "{wait}"

[[expects]]
kind = "payment"
level = "claim"
within = "7 working days"

[endpoint]
channel = "{channel}"

[endpoint.settings]
{settings}
"""


def payer_file(
    channel: str,
    settings: Mapping[str, object],
    *,
    wait: str = "0s",
) -> str:
    """Write the directory's file of one payer with an endpoint."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return _PAYER.format(
        wait=wait,
        channel=channel,
        settings="\n".join(lines),
    )


def waiting_payer(folder: Path) -> str:
    """Write a payer whose lots wait an hour: what comes in goes no further."""
    places = {}
    for name in ("in", "out"):
        places[name] = str(folder / name)
        (folder / name).mkdir(parents=True, exist_ok=True)
    settings = {"send_folder": places["in"], "collect_folder": places["out"]}
    return payer_file("folder", settings, wait="1h")


class OctwayNode:
    """A running node; `ports` are its doors' by name."""

    name = "Octway"
    user = CLIENT

    def __init__(
        self,
        folder: Path,
        keys: Keys,
        *,
        payer: str,
        environ: Mapping[str, str] | None = None,
        doors_only: bool = False,
    ) -> None:
        self.folder = folder
        self._environ = {
            **{f"OCTWAY_{door}__LISTEN": "127.0.0.1:0" for door in _DOORS},
            **(environ or {}),
        }
        self.config = folder / "octway.toml"
        self._octway("init", str(folder))
        added = self._octway(
            *("client", "add", "-c", str(self.config), CLIENT),
            *("--key", str(keys.folder / "client.pub"), "--token"),
        )
        self.token = str(added["token"])
        for file in (folder / "payers").rglob("*"):
            if file.suffix in {".toml", ".csv"}:
                file.unlink()
        (folder / "payers" / "bench.toml").write_text(payer)
        host_key = folder / "data" / "keys" / "ssh_host_ed25519_key"
        host_key.write_bytes((keys.folder / "host").read_bytes())
        self._module = "bench.doors_only" if doors_only else "gateway"
        self.server = self.again()
        self.ports: dict[str, int] = {}
        self.server.wait_until(self._named)
        self.port = self.ports.get("sftp", 0)

    @property
    def certificate(self) -> tuple[Path, Path]:
        """The HTTPS door's certificate and its key."""
        keys = self.folder / "data" / "keys"
        return keys / "https.crt", keys / "https.key"

    def again(self, environ: Mapping[str, str] | None = None) -> Server:
        """Start its process, as it was or with other settings; it may not be ready."""
        return Server(
            [sys.executable, "-m", self._module, "run", "-c", str(self.config)],
            log=self.folder / "log",
            environ={**self._environ, **(environ or {})},
        )

    def place(self, name: str) -> str:
        """Return the remote path under which a file is uploaded."""
        return f"/in/{name}"

    def ask(self, query: str) -> int:
        """Ask the journal for one number, beside the running node."""
        path = self.folder / "data" / "octway.db"
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            return int(connection.execute(query).fetchone()[0])

    def deposits(self) -> int:
        """Count the deposits that were taken."""
        return self.ask("SELECT count(*) FROM deposit")

    def settle(self) -> None:
        """Wait until everything that came in has been read and routed."""
        waiting = (
            "SELECT (SELECT count(*) FROM deposit WHERE state = 'received')"
            " + (SELECT count(*) FROM lot WHERE state = 'new')"
        )
        if not wait_for(lambda: self.ask(waiting) == 0, 180.0):
            raise BenchFailed("the node did not work off what came in")

    def _octway(self, *arguments: str) -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments, "--json"],
            env={**os.environ, **self._environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode != 0:
            raise BenchFailed(f"octway {' '.join(arguments)}: {done.stderr}")
        found: dict[str, object] = json.loads(done.stdout)
        return found

    def _named(self) -> bool:
        text = self.server.log.read_text(errors="replace")[:_LOADED]
        self.ports = {door: int(port) for door, port in _LISTENING.findall(text)}
        wanted = {
            door.lower()
            for door in _DOORS
            if self._environ.get(f"OCTWAY_{door}__ENABLED") != "false"
        }
        return wanted <= set(self.ports)


_DOORS = ("SFTP", "HTTPS", "OPERATIONS")

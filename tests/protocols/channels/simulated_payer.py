"""A payer host as a program of its own, dialled from a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


class SimulatedPayers:
    """Starts `gateway.simulator.payer_host`; stops when its lines end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.host_key = ""
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        """Start it, in the same place as before; nothing if it runs."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gateway.simulator.payer_host",
                "--control",
                f"--dir={self.folder}",
                f"--port={self.port}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started = self._answer()
        self.port = int(started["port"])
        self.host_key = str(started["host_key"])

    def order(self, account: str, **what: object) -> Path:
        """Open or dial an account; return its folder."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"account": account, **what}) + "\n")
        self._process.stdin.flush()
        return Path(self._answer()["folder"])

    def stop(self) -> None:
        """End the program and wait for it; nothing if it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.communicate(timeout=20)

    def _answer(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

"""The programs of a demo, each a process: started, heard, and ended by its id.

What a program prints goes into its log file; lines of JSON are read as they
come, for where its doors listen and for what it complains of.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_START: Final = 60.0  # seconds until a program must listen; slow machines are slow
_STOP: Final = 45.0
_MOST_COMPLAINTS: Final = 20
_COMPLAINTS: Final = frozenset({"error", "critical"})
_OURS: Final = "OCTWAY_"  # settings of this machine's own installation


class ProgramFailed(Exception):
    """A program ended by itself, or did not come up; the text says which."""


class Program:
    """One process.  Its own process group: Ctrl-C in a terminal is not for it."""

    def __init__(
        self, *, name: str, module: str, arguments: Sequence[str], log: Path
    ) -> None:
        self.name = name
        self._log = log
        self._heard = threading.Condition()
        self._doors: dict[str, Mapping[str, Any]] = {}
        self._complaints: Counter[str] = Counter()
        self._stopping = False
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(_OURS)
        }
        tether = [sys.executable, "-m", "gateway.simulator.tethered"]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [*tether, module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        self._listener = threading.Thread(
            target=self._listen, name=f"{name}-log", daemon=True
        )
        self._listener.start()

    def doors(self, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Wait until these doors listen; return what was said of each."""
        with self._heard:
            self._heard.wait_for(
                lambda: not self.running or all(name in self._doors for name in names),
                _START,
            )
            missing = [name for name in names if name not in self._doors]
            if missing:
                raise ProgramFailed(
                    f"{self.name} does not listen ({', '.join(missing)}); "
                    f"its log {self._log} ends with: {self._last_words()}"
                )
            return dict(self._doors)

    @property
    def complaints(self) -> list[str]:
        """The errors that it logged, and whether it ended by itself."""
        with self._heard:
            found = [
                f"{text} ({count} times)" if count > 1 else text
                for text, count in self._complaints.items()
            ]
        if not self.running and not self._stopping:
            code = self._process.returncode
            found.append(f"{self.name} ended by itself with status {code}")
        return found

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Let it drain (SIGTERM) and wait for its end; kill it if it hangs.

        Stopping it again does nothing.
        """
        if self._stopping:
            return
        if self.running:
            self._stopping = True
            self._end()
        else:
            self._complain(f"ended by itself with status {self._process.returncode}")
            self._stopping = True
        self._listener.join()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            self._complain(f"did not end within {_STOP:g} s and was killed")
        else:
            if status not in {0, -signal.SIGTERM}:
                self._complain(f"ended with status {status}")

    def _listen(self) -> None:
        out = self._process.stdout
        if out is None:
            raise AssertionError("the process was started with a pipe")
        with out, self._log.open("ab") as log:
            for line in out:
                log.write(line)
                log.flush()
                self._hear(line)
        self._process.wait()  # it has closed its output: it is about to end
        with self._heard:
            self._heard.notify_all()

    def _hear(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        if said.get("text") == "listening":
            with self._heard:
                self._doors[str(said.get("door"))] = said
                self._heard.notify_all()
        if said.get("level") in _COMPLAINTS:
            self._complain(f"logged: {said.get('text')} {said.get('error', '')}")

    def _complain(self, text: str) -> None:
        with self._heard:
            if len(self._complaints) < _MOST_COMPLAINTS:
                self._complaints[f"{self.name} {text.strip()}"] += 1

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "nothing"

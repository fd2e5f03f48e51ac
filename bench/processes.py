"""Server processes of a benchmark: started, waited for, measured, ended.

Processor time is user + system time of the whole tree from /proc/PID/stat: of
every live process its own and that of children it has waited for.  The keeper
(`bench.keeper`) waits for orphans, so nothing that ended is lost.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

_TICK = os.sysconf("SC_CLK_TCK")
_SBIN = "/usr/sbin:/usr/local/sbin:/sbin"
_START_SECONDS = 180.0
_END_SECONDS = 15.0


class PeerMissing(Exception):
    """A peer's program is not on this machine."""


class BenchFailed(Exception):
    """A side did not do its work; its figures would be worth nothing."""


class Server:
    """A server under a keeper; its output goes to a file."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.keeper", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environ or {})},
            )

    def await_port(self, port: int) -> None:
        """Wait until it listens on loopback."""
        self.wait_until(lambda: listens(port))

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready; raise `BenchFailed` if it ends before."""
        if not wait_for(lambda: self._ended() or ready(), _START_SECONDS):
            self._fail("was not ready in time")
        if self._ended():
            self._fail("ended")

    def cpu(self) -> float:
        """Seconds of processor that it and all its children have used so far."""
        return tree_seconds(self._process.pid)

    def memory(self) -> int:
        """Bytes that it and all its children have in memory, shared ones in parts."""
        return sum(_resident(pid) for pid in _tree(self._process.pid, _stats()))

    def children(self) -> int:
        """How many processes it has, its own first one and keeper not counted."""
        return len(_tree(self._process.pid, _stats())) - 2

    def quiet(self, most: int = 0) -> None:
        """Wait until no more than `most` of its children are left."""
        wait_for(lambda: self.children() <= most, 10.0)

    def stop(self) -> None:
        """End it, gently first."""
        if self._ended():
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in _tree(self._process.pid, _stats()):
                os.kill(pid, 9)
            self._process.wait(timeout=_END_SECONDS)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ended(self) -> bool:
        return self._process.poll() is not None

    def _fail(self, what: str) -> NoReturn:
        last = self.log.read_text(errors="replace")[-2000:]
        self.stop()
        raise BenchFailed(f"{self.log.name}: {what}; its last words:\n{last}")


def tree_seconds(root: int) -> float:
    """Add up the processor seconds of a process and all below it."""
    stats = _stats()
    return sum(stats[pid][1] for pid in _tree(root, stats)) / _TICK


def _tree(root: int, stats: Mapping[int, tuple[int, int]]) -> list[int]:
    below: dict[int, list[int]] = {}
    for pid, (parent, _) in stats.items():
        below.setdefault(parent, []).append(pid)
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        if pid in stats:
            found.append(pid)
            waiting += below.get(pid, [])
    return found


def _stats() -> dict[int, tuple[int, int]]:
    """Read every process's parent, and its ticks with those of ended children."""
    found: dict[int, tuple[int, int]] = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            text = Path(entry.path, "stat").read_text(errors="replace")
        except OSError:
            continue  # it has just ended
        fields = text.rpartition(") ")[2].split()
        found[int(entry.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    return found


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has just ended
    fields = [line.split() for line in lines if line.startswith("Pss:")]
    return sum(int(kilobytes) * 1024 for _, kilobytes, _ in fields)


def program(name: str) -> str:
    """Find a program, or raise `PeerMissing`."""
    found = shutil.which(name) or shutil.which(name, path=_SBIN)
    if found is None:
        raise PeerMissing(f"no {name} on this machine")
    return found


def free_port() -> int:
    """Name a port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Say whether somebody takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def wait_for(ready: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; False if it never did."""
    pause, until = threading.Event(), time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            return False
        pause.wait(0.02)
    return True

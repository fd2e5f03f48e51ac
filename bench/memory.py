"""What a process takes of memory: now, and at most since a moment (Linux)."""

from __future__ import annotations

from pathlib import Path

_PROCESS = Path("/proc/self")


def resident() -> int:
    """Return the bytes that the process has in memory."""
    return _bytes("VmRSS")


def forget_peak() -> None:
    """Let the peak count from here."""
    (_PROCESS / "clear_refs").write_text("5")


def peak() -> int:
    """Return the most bytes that the process had in memory."""
    return _bytes("VmHWM")


def _bytes(name: str) -> int:
    for line in (_PROCESS / "status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    raise ValueError(f"{_PROCESS}/status has no {name}")

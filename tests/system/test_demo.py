"""The demo as a person starts it: real processes, real clients, real time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.simulator.demo_programs import Program, ProgramFailed
from protocols.catalog import Catalog

pytestmark = pytest.mark.system

PATIENCE = 150.0


def octway(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def still_running(folder: Path) -> Sequence[str]:
    """Name the processes whose command lines hold a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in words:
                found.append(words.decode(errors="replace"))
    return found


def test_the_demo_runs_ends_and_goes_on(tmp_path: Path) -> None:
    """A run keeps every promise, leaves no process, and a second one goes on.

    The second is ended by Ctrl-C, as a person would, and still sums up.
    """
    folder = tmp_path / "a folder"
    first = octway(
        "demo", "--dir", str(folder), "--for", "20", "--clients", "4", "--json"
    )
    out, complaints = first.communicate(timeout=PATIENCE)
    facts = json.loads(out)

    assert facts["errors"] == []
    assert facts["ledger_imbalance"] == 0
    assert first.returncode == 0, complaints
    assert set(facts["deposits_by_channel"]) == {"sftp", "https"}
    assert facts["claims"] > 0
    assert facts["answers"] > 0
    for each in Catalog.installed().simulated():
        assert (folder / f"sample{each.simulation.suffix}").exists()
    assert still_running(folder) == []

    second = octway("demo", "--dir", str(folder), "--clients", "4")
    assert second.stdout is not None
    for line in second.stdout:
        if "lots" in line:
            break
    second.send_signal(signal.SIGINT)
    said, complaints = second.communicate(timeout=PATIENCE)

    assert second.returncode == 0, said + complaints
    assert "the ledger balances" in said
    assert still_running(folder) == []


def test_a_program_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The last words of its log are given, not only that it failed."""
    program = Program(
        name="gateway",
        module="gateway",
        arguments=["run", "-c", str(tmp_path / "nowhere.toml")],
        log=tmp_path / "gateway.log",
    )
    try:
        with pytest.raises(ProgramFailed, match=r"nowhere\.toml.*is missing"):
            program.doors(["sftp"])
    finally:
        program.stop()

    assert program.complaints == ["gateway ended by itself with status 2"]

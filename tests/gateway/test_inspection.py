"""Programs that look into documents: limited, alone, and never believed beyond that."""

from __future__ import annotations

import json
import os
import sys
import tracemalloc
from pathlib import Path
from select import select

import pytest

from gateway.inspection import CheckerUnavailable, check, scan
from protocols.attachments import Checker
from protocols.sesam.attachments import SCOR

ENDLESS = (sys.executable, "-I", "-S", "-c", "while True: pass")


def test_the_checker_tells_facts_of_what_it_reads() -> None:
    """It is started as a program of its own, and says what is no PDF."""
    told = check(SCOR.checker, b"%PDF-1.4 a lie")
    assert told is not None
    assert "unreadable" in json.loads(told)


@pytest.mark.parametrize(
    "command", [("/nowhere/python",), ("/bin/sh", "-c", "exit 3")], ids=["gone", "free"]
)
def test_a_checker_that_cannot_begin_says_nothing_of_a_document(
    command: tuple[str, ...],
) -> None:
    """Neither a missing program nor one without its limits makes a document bad."""
    with pytest.raises(CheckerUnavailable):
        check(Checker(command, seconds=5.0, largest=1), b"")


def test_a_checker_that_finds_no_end_is_ended() -> None:
    """A document made to keep it busy costs so much time, and nothing else."""
    assert check(Checker(ENDLESS, seconds=0.1, largest=1), b"") is None


@pytest.mark.parametrize(
    ("code", "clean"), [(0, True), (1, False), (2, None)], ids=["clean", "virus", "ill"]
)
def test_a_scanner_is_understood_by_how_it_ends(code: int, clean: bool | None) -> None:
    """As clamdscan does it: 0 is clean, 1 is not, everything else says nothing."""
    command = ("/bin/sh", "-c", f"cat > /dev/null; echo stdin: said; exit {code}")
    said = scan(command, b"x" * 100_000, 5.0)
    assert said.clean is clean


BAD = {
    "hangs": ("sleep 60", "no answer in 0.3 s"),
    "hangs behind another": ("cat > /dev/null; sleep 60 & wait", "no answer in 0.3 s"),
    "never listens": ("exec 0<&-; sleep 60", "no answer in 0.3 s"),
    "says without end": ("cat > /dev/null; exec yes", "no answer in 0.3 s"),
    "dies": ("kill -9 $$", "killed by signal 9"),
    "does not read": ("exit 0", "ended before it had read"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_scanner_in_trouble_says_nothing(name: str) -> None:
    """The document waits, and a person reads why; the call ends in time."""
    script, words = BAD[name]
    said = scan(("/bin/sh", "-c", script), b"x" * 1_000_000, 0.3)
    assert said.clean is None
    assert words in said.words


def test_a_scanner_is_heard_up_to_a_bound() -> None:
    """One that says a lot is let talk, and costs no memory; its ending counts."""
    lot = "cat > /dev/null; head -c 50000000 /dev/zero | tr '\\0' x; exit 1"
    tracemalloc.start()
    said = scan(("/bin/sh", "-c", lot), b"x", 20.0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said.clean is False
    assert said.words == "/bin/sh: " + "x" * 200
    assert most < 1_000_000


def test_a_scanner_that_says_nothing_is_told_by_its_ending() -> None:
    """Without a word a virus is still a virus."""
    said = scan(("/bin/sh", "-c", "cat > /dev/null; exit 1"), b"x", 5.0)
    assert said == (False, "/bin/sh: infected")


def test_nothing_of_a_program_is_left_behind(tmp_path: Path) -> None:
    """What it began is ended with it, also where it keeps the line open."""
    line = tmp_path / "line"
    os.mkfifo(line)
    with os.fdopen(os.open(line, os.O_RDONLY | os.O_NONBLOCK)) as other_end:
        script = f"exec 3> {line}; cat > /dev/null; sleep 60 & exec 3>&-; echo said"
        said = scan(("/bin/sh", "-c", script), b"x", 5.0)
        ended, _, _ = select([other_end], [], [], 5.0)
        assert said == (True, "/bin/sh: said")
        assert ended
        assert other_end.read() == ""


def test_a_checker_that_says_too_much_told_nothing() -> None:
    """Facts have a bound; what is beyond it is no answer."""
    command = ("/bin/sh", "-c", "cat > /dev/null; head -c 1000001 /dev/zero")
    assert check(Checker(command, seconds=5.0, largest=1), b"") is None


def test_without_a_scanner_that_is_said() -> None:
    """Nobody may believe that a document was scanned."""
    assert scan((), b"", 1.0).words == "not scanned: no scanner is set"


def test_a_scanner_that_is_not_there_says_nothing() -> None:
    """A document waits for it rather than going unscanned."""
    assert scan(("/nowhere/clamdscan",), b"", 1.0).clean is None

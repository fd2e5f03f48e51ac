"""Programs that look into documents: limited, alone, and never believed beyond that."""

from __future__ import annotations

import json
import sys

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


def test_without_a_scanner_that_is_said() -> None:
    """Nobody may believe that a document was scanned."""
    assert scan((), b"", 1.0).words == "not scanned: no scanner is set"


def test_a_scanner_that_is_not_there_says_nothing() -> None:
    """A document waits for it rather than going unscanned."""
    assert scan(("/nowhere/clamdscan",), b"", 1.0).clean is None

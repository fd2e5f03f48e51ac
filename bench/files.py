"""Billing files for the benchmarks: valid B2, each of another professional.

One file is made and stamped with ever new professionals' numbers, which costs
next to nothing: every file has a content of its own, as deposits have, and no
invoice number comes twice from one professional.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from protocols.sesam.sample_maker import (
    FileFacts,
    FundFacts,
    SenderFacts,
    make_file,
    make_sender,
    with_luhn,
    write_file,
)

DAY = "2026-11-20"
FUND = FundFacts(fund="990", organism="990", computer_centre="000")
LOTS = 2
_INVOICES = 13
_FIRST = 10_000_000
_MARK = SenderFacts(kind="TP", number=with_luhn("99999998"), name="CABINET DU BANC")


class FileMaker:
    """Makes files of about 20 kB, no two alike."""

    def __init__(self, *, first: int = _FIRST, seed: int = 1) -> None:
        self._template = make_file(
            random.Random(seed),
            sender=_MARK,
            lots=LOTS,
            invoices_per_lot=_INVOICES,
            day=DAY,
            fund=FUND,
        )
        self._old = _MARK.number.encode()
        self._next = first

    def make(self) -> bytes:
        """Return the next file."""
        number = with_luhn(f"{self._next:08}").encode()
        self._next += 1
        return self._template.replace(self._old, number)

    def write(self, folder: Path, count: int) -> list[Path]:
        """Write the next files into a new folder."""
        folder.mkdir(parents=True)
        return [_written(folder / name, self.make()) for name in names(count)]


def names(count: int) -> Iterator[str]:
    """Name files."""
    return (f"f{number:05}.b2" for number in range(count))


def write_large(path: Path, size: int, *, seed: int = 7) -> int:
    """Write a valid B2 file of about `size` bytes; return its true size."""
    rng = random.Random(seed)
    sender = make_sender(rng)
    probe = make_file(rng, sender=sender, lots=20, invoices_per_lot=200, day=DAY)
    facts = FileFacts(
        sender=sender,
        fund=FUND,
        lots=max(1, round(20 * size / len(probe))),
        invoices_per_lot=200,
        day=DAY,
    )
    with path.open("wb") as into:
        return write_file(rng, facts, into)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path

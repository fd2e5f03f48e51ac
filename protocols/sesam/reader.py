"""Reads a B2 billing file: its lots and claims, or only whether it holds.

Both ways stand on the same examination.  `read` gives out each lot as soon as
it is whole; `validate` lists no claim and is several times faster.  Neither
raises for what a file holds, and both keep only one block of it in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from protocols.sesam.b2_examine import Examination
from protocols.sesam.b2_findings import LotProblems, list_problems
from protocols.sesam.b2_frames import BLOCK
from protocols.sesam.b2_lots import build_lots
from protocols.tables import NO_TABLES, Tables
from routing.envelope import LotSeen, Summary

FORMAT = "sesam.b2"
_KEYS = (
    *("sender_type", "sender_no", "recipient_type", "recipient_no"),
    *("file_id", "file_created", "norm_code"),
)


class B2Reading:
    """A B2 file being read, once; a `protocols.interface.Reading`."""

    format = FORMAT

    def __init__(
        self, stream: BinaryIO, tables: Tables = NO_TABLES, *, block: int = BLOCK
    ) -> None:
        self._tables = tables
        self._examination = Examination(stream, block=block)

    def lots(self) -> Iterator[LotSeen]:
        """Yield each lot as soon as it is whole; bad ones too, with their problems.

        Parts for complementary payers come right after the lot that they are split off.
        """
        position = 1
        problems = LotProblems(self._examination.tally)
        for examined in self._examination.chunks():
            yield from build_lots(
                examined,
                header=self._examination.header,
                problems=problems.sort_out(examined),
                position=position,
                tables=self._tables,
            )
            position += len(examined.structure.lots)

    def summary(self) -> Summary:
        """Say what the whole file was; its problems are those outside lots."""
        return _summary(self._examination)


def read(
    stream: BinaryIO, tables: Tables = NO_TABLES, *, block: int = BLOCK
) -> B2Reading:
    """Start reading a B2 file; nothing is read before `lots` is asked."""
    return B2Reading(stream, tables, block=block)


def validate(stream: BinaryIO, *, block: int = BLOCK) -> Summary:
    """Judge a whole B2 file and add it up, listing no claims.

    The summary's problems are the first ones of file and lots alike.
    """
    examination = Examination(stream, block=block)
    for examined in examination.chunks():
        list_problems(examined, examination.tally)
    return _summary(examination)


def _summary(examination: Examination) -> Summary:
    tally, header = examination.tally, examination.header
    keys = {name: header[name] for name in _KEYS if header.get(name)}
    return Summary(
        format=FORMAT,
        records=examination.records,
        lots=examination.lots,
        claims=examination.claims,
        errors=tally.errors,
        warnings=tally.warnings,
        keys=keys,
        totals=dict(examination.totals),
        problems=tuple(tally.kept),
    )

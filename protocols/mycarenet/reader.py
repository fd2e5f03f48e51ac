"""Reads billing messages: their lots and claims, or only whether they hold.

Both ways stand on the same examination.  `read` gives out each message as a lot
as soon as it is whole; `validate` lists no claim and is quicker.  Neither raises
for what a file holds, and both keep only one block of it in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from protocols.mycarenet.examine import Examination, list_problems
from protocols.mycarenet.findings import LotProblems
from protocols.mycarenet.lots import LotBuilder
from protocols.mycarenet.message import BLOCK
from protocols.mycarenet.problems import KEPT
from protocols.mycarenet.tables import SHIPPED, Tables
from routing.envelope import LotSeen, Problem, Summary

FORMAT: Final = "mycarenet.920000"


class BillingReading:
    """Billing messages being read, once; a `protocols.interface.Reading`."""

    format = FORMAT

    def __init__(
        self, stream: BinaryIO, *, block: int = BLOCK, tables: Tables = SHIPPED
    ) -> None:
        self._examination = Examination(stream, block=block, tables=tables)
        self._left = KEPT

    def lots(self) -> Iterator[LotSeen]:
        """Yield each message as a lot as soon as it is whole, with its problems."""
        building: LotBuilder | None = None
        for examined in self._examination.chunks():
            if building is None:
                problems = LotProblems(self._examination.tally, self._left)
                building = LotBuilder(examined, problems)
            building.add(examined)
            if examined.chunk.closes:
                lot = building.build()
                self._left -= len(lot.problems)
                building = None
                yield lot
        if building is not None:
            yield building.build()

    def summary(self) -> Summary:
        """Say what the whole file was; its problems are those outside lots."""
        return _summary(self._examination)


def read(
    stream: BinaryIO, *, block: int = BLOCK, tables: Tables = SHIPPED
) -> BillingReading:
    """Start reading billing messages; nothing is read before `lots` is asked."""
    return BillingReading(stream, block=block, tables=tables)


def validate(stream: BinaryIO, *, block: int = BLOCK) -> Summary:
    """Judge a whole file and add it up, listing no claims.

    The summary's problems are the first ones of file and lots alike.
    """
    examination = Examination(stream, block=block)
    tally = examination.tally
    found: list[Problem] = []
    kept = LotProblems(tally, KEPT)
    for examined in examination.chunks():
        if examined.chunk.opens:
            found += kept.kept
            kept = LotProblems(tally, KEPT - len(found))
        list_problems(examined, kept)
    tally.kept = [*found, *kept.kept][:KEPT] + tally.kept
    return _summary(examination)


def _summary(examination: Examination) -> Summary:
    tally, sending = examination.tally, examination.sending
    keys = {}
    if sending is not None:
        header = sending.header
        keys = {
            "reference": header["reference"],
            "sending_number": header["sending_number"]
            or sending.fact("sending_number"),
            "year_month": header["year_month"],
            "third_party": sending.fact("third_party"),
            "union": sending.union,
            "mutualities": " ".join(
                f"{each:03}" for each in sorted(examination.mutualities)
            ),
        }
    return Summary(
        format=FORMAT,
        records=examination.records,
        lots=examination.messages,
        claims=examination.claims,
        errors=tally.errors,
        warnings=tally.warnings,
        keys={name: value for name, value in keys.items() if value},
        totals=dict(examination.totals),
        problems=tuple(tally.kept),
    )

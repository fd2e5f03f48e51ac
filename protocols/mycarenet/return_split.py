"""Cuts a return per owner.  One speaks of one sending, which is one client's.

So nearly always the whole return goes to its owner, as it came.  Where answers
were tied to several owners all the same, each gets the frame and its own invoices
only; the totals of the sending go to the owner of the sending alone, since what
they count cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final

from protocols.interface import SplitReturn
from protocols.mycarenet.return_message import ReturnMessage
from protocols.mycarenet.return_reading import EfactReturnReading
from protocols.mycarenet.return_records import END, START
from protocols.problem_log import ProblemLog
from routing.envelope import Level

_FRAME: Final = frozenset({START, END})
_TOTALS: Final = frozenset({"91", "92", "95", "96"})


def split(
    content: BinaryIO, format: str, owners: Mapping[int, str]
) -> Sequence[SplitReturn]:
    """Cut a return; the parts come in the order of the owners' first answers."""
    names = list(dict.fromkeys(owners[index] for index in sorted(owners)))
    start = content.tell()
    records, whole = _whose(EfactReturnReading(content, format), owners)
    content.seek(start)
    if len(names) == 1 and whole:
        return [SplitReturn(names[0], content.read())]
    message = ReturnMessage(content, format, ProblemLog())
    parts = {name: [message.header.content] for name in names}
    for record in message.records():
        getting = names if record.kind in _FRAME else [records.get(record.number, "")]
        if record.kind in _TOTALS:
            getting = [whole]
        for name in getting:
            if name in parts:
                parts[name].append(record.content)
    return [SplitReturn(name, b"".join(part)) for name, part in parts.items()]


def _whose(
    reading: EfactReturnReading, owners: Mapping[int, str]
) -> tuple[Mapping[int, str], str]:
    """Tell whose each record of an invoice is, and whose the sending; "": nobody's."""
    records: dict[int, str] = {}
    whole = ""
    for index, answer in enumerate(reading.answers()):
        owner = owners.get(index, "")
        if answer.level is Level.LOT:
            whole = owner
        else:
            records |= dict.fromkeys(reading.records, owner)
    return records, whole

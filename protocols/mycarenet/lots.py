"""Builds the lot and the claims of a message from its chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import cast

import numpy as np

from protocols.mycarenet import rules
from protocols.mycarenet.columns import part, texts
from protocols.mycarenet.examine import Examined, list_problems
from protocols.mycarenet.examine_header import TEST
from protocols.mycarenet.examine_sending import Sending
from protocols.mycarenet.examine_zones import LAYOUTS
from protocols.mycarenet.findings import LotProblems
from protocols.mycarenet.keys import (
    claim_key,
    lot_key,
    normal_patient,
    normal_sender,
)
from protocols.record_fields import iso_day
from routing.envelope import ClaimSeen, LotSeen

FLOW = "billing"
_iso = lru_cache(maxsize=4096)(iso_day)
_new_claim = cast(
    "Callable[[tuple[object, ...]], ClaimSeen]", partial(tuple.__new__, ClaimSeen)
)


class LotBuilder:
    """Collects one message, chunk by chunk; `build` when it is whole."""

    def __init__(self, first: Examined, problems: LotProblems) -> None:
        chunk = first.chunk
        self._position = chunk.message
        self._record = chunk.first
        self._offset = chunk.header_offset
        self._end = self._offset + len(chunk.header)
        self._sending = first.sending
        self._problems = problems
        self._claims: list[ClaimSeen] = []

    def add(self, examined: Examined) -> None:
        """Take the next chunk of the message."""
        list_problems(examined, self._problems)
        self._claims += claims_of(examined, key_of(self._sending))
        if len(examined.chunk.rows):
            self._end = examined.chunk.end(len(examined.chunk.rows) - 1)

    def build(self) -> LotSeen:
        """Return the lot; its bytes go from its header to its last record."""
        sending, key = self._sending, key_of(self._sending)
        header = sending.header
        sender = normal_sender(sending.fact("third_party"))
        return LotSeen(
            position=self._position,
            number=sending.fact("sending_number") or header["sending_number"],
            match_key=key,
            date=header.meaning("created"),
            sender=sender,
            flow=FLOW,
            destination={
                "union": sending.union,
                "mutuality": sending.mutuality,
                "reference": header["reference"],
                "year_month": header["year_month"],
                "third_party": sending.fact("third_party"),
                "batch": key,
            },
            record=self._record,
            offset=self._offset,
            length=self._end - self._offset,
            claims=tuple(self._claims),
            problems=tuple(self._problems.kept),
            series=_series(sender, sending),
        )


def _series(sender: str, sending: Sending) -> str:
    """Name the register of the sending's number; "" if something of it is unknown.

    Tests have one of their own: they use up no number of what is billed in earnest.
    """
    year = sending.header["year_month"][:4]
    if not (sender and sending.union and year):
        return ""
    is_test = sending.header["environment"] == TEST[0]
    return rules.series(sender, sending.union, f"{year}-test" if is_test else year)


def key_of(sending: Sending) -> str:
    """Return the key by which returns name the sending; "" if it has no reference."""
    header = sending.header
    if not header["reference"]:
        return ""
    return lot_key(header["reference"], header["year_month"], header["sending_number"])


def claims_of(examined: Examined, key: str) -> Iterator[ClaimSeen]:
    """Yield the invoices of a chunk; without a key if their lot has none."""
    invoices, chunk = examined.invoices, examined.chunk
    if not len(invoices):
        return iter(())
    layout, starts = LAYOUTS["20"], invoices.starts
    asked = invoices.stated("insurer_amount_a") + invoices.stated("insurer_amount_b")
    own = invoices.stated("patient_share") + invoices.stated("supplement")
    numbers = texts(part(invoices.starts_of, layout["invoice_number"]))
    offsets = chunk.offsets[starts]
    lasts = (invoices.stops - 1).tolist()
    ends = np.array([chunk.end(row) for row in lasts], np.int64)
    return map(
        _new_claim,
        zip(
            map(str.strip, numbers),
            [claim_key(key, each) if key else "" for each in numbers],
            [_iso(f"{day:08}") for day in invoices.first_days.tolist()],
            map(normal_patient, texts(part(invoices.starts_of, layout["patient"]))),
            (asked + own).tolist(),
            asked.tolist(),
            asked.tolist(),
            [0] * len(numbers),
            (starts + chunk.first).tolist(),
            offsets.tolist(),
            (ends - offsets).tolist(),
            strict=True,
        ),
    )

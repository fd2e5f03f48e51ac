"""Builds the lots and claims that a chunk holds.

Columns are cut out of all invoices at once and zipped into tuples, because a
large deposit has hundreds of thousands of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, cast

import numpy as np

from protocols.sesam import amc_lots
from protocols.sesam.b2_examine import Examined
from protocols.sesam.b2_fields import Flags
from protocols.sesam.b2_nesting import Group
from protocols.sesam.b2_records import RECORD, Bytes
from protocols.sesam.enriched import ALLOWED, CONTRACT, REQUEST
from protocols.sesam.keys import iso_date, lot_key, normal_invoice
from protocols.tables import NO_TABLES, Tables
from routing.envelope import ClaimSeen, LotSeen, Problem, Share

FLOW = "billing"
_NOT_PAYERS = frozenset({"OT", "OC", "CS", "TP", "TE", "SI"})
_BEFORE_REGIME = "000000"
_PATIENT = slice(11, 26), slice(95, 102)  # number, key, day of birth, rank
_OWN_NUMBER = slice(49, 64)
_ALL = slice(None)
_REQUEST = np.uint8(ord(REQUEST))
_KIND, _PAYEE, _OTHER_ONLY = 46, slice(114, 116), b"25"  # of an invoice
_BLANK, _ZERO, _NINE = np.uint8(0x20), np.uint8(0x30), np.uint8(9)
_new_claim = cast(
    "Callable[[tuple[object, ...]], ClaimSeen]", partial(tuple.__new__, ClaimSeen)
)
_iso = lru_cache(maxsize=4096)(iso_date)


def build_lots(
    examined: Examined,
    *,
    header: Mapping[str, str],
    problems: Mapping[int, Sequence[Problem]],
    position: int,
    tables: Tables = NO_TABLES,
) -> Iterator[LotSeen]:
    """Yield the chunk's lots; `position` is that of its first lot in the deposit.

    A lot whose complementary parts were split off is followed by their lots.
    """
    structure, chunk = examined.structure, examined.chunk
    beginnings = [
        _read_start(examined, row)
        if structure.groups[row] == Group.LOT_START
        else _make_out(examined, stop, header)
        for row, stop in zip(
            structure.lots.tolist(), structure.stops.tolist(), strict=True
        )
    ]
    firsts = structure.invoices.searchsorted(structure.lots).tolist()
    behinds = structure.invoices.searchsorted(structure.stops).tolist()
    claims = _claims(examined, [each.key for each in beginnings], firsts, behinds)
    two_payers = _for_other_payers(examined, header)
    none = not two_payers.any()
    for lot, (row, stop, start) in enumerate(
        zip(structure.lots.tolist(), structure.stops.tolist(), beginnings, strict=True)
    ):
        own = claims[firsts[lot] : behinds[lot]]
        found = tuple(problems.get(lot, ()))
        if any(each.code == "lot-too-long" for each in found):
            own = []
        invoice = structure.invoices[firsts[lot]] if own else None
        record = b"" if invoice is None else chunk.rows[invoice].tobytes()
        offset = int(chunk.offsets[row])
        found_lot = LotSeen(
            position=position + lot,
            number=start.number,
            match_key=start.key,
            date=start.date,
            sender=start.sender,
            flow=FLOW,
            destination=_destination(header, start.organism, record)
            | {"batch": start.norm},
            record=chunk.first + row,
            offset=offset,
            length=chunk.end(stop - 1) - offset,
            claims=tuple(own),
            problems=found,
        )
        if none or not two_payers[firsts[lot] : behinds[lot]].any():
            yield found_lot
            continue
        records = [chunk.rows[at].tobytes() for at in range(row, stop)]
        asked = amc_lots.request(found_lot, records, header.get("recipient_type", ""))
        if asked.valid and asked.share is Share.WHOLE:
            yield from amc_lots.split(asked, records, tables)
        else:
            yield asked


def _for_other_payers(examined: Examined, header: Mapping[str, str]) -> Flags:
    """Say which invoices may concern a complementary payer of their own."""
    rows = examined.structure.invoices
    if examined.family.letters_cp is not None:  # an establishment splits by itself
        return np.zeros(len(rows), np.bool_)
    if header.get("recipient_type", "") in amc_lots.PAYER_KINDS:
        return np.ones(len(rows), np.bool_)
    table = examined.chunk.rows
    found: Flags = table[rows, _KIND] == _REQUEST
    for place, value in ((CONTRACT, ALLOWED), (_PAYEE, _OTHER_ONLY)):
        one, two = (
            table[rows, at] == byte
            for at, byte in zip(range(place.start, place.stop), value, strict=True)
        )
        found |= one & two
    return found


class _Start(NamedTuple):
    """What a lot's first record says."""

    sender: str
    number: str
    date: str
    organism: str
    norm: str
    key: str


def _read_start(examined: Examined, row: int) -> _Start:
    layout = examined.family.layout(examined.family.kind(Group.LOT_START))
    record = examined.chunk.rows[row].tobytes()
    sender, number, created, organism, norm = (
        layout[name].raw(record).strip()
        for name in ("ps_id", "lot_no", "lot_created", "dest_organism", "norm_code")
    )
    day = _iso(created)
    return _Start(sender, number, day, organism, norm, lot_key(sender, day, number))


def _make_out(examined: Examined, stop: int, header: Mapping[str, str]) -> _Start:
    """Say what a lot's last record tells of it, if its first record is lost."""
    layout = examined.family.layout(examined.family.kind(Group.LOT_END))
    record = examined.chunk.rows[stop - 1].tobytes()
    sender, number = (layout[name].raw(record).strip() for name in ("ps_id", "lot_no"))
    return _Start(sender, number, "", "", header.get("norm_code", ""), "")


def _claims(
    examined: Examined, keys: Sequence[str], firsts: list[int], behinds: list[int]
) -> list[ClaimSeen]:
    """Return every invoice of the chunk; without a key if its lot has none."""
    structure, chunk, family = examined.structure, examined.chunk, examined.family
    rows = structure.invoices
    if not len(rows):
        return []
    records = chunk.rows.take(rows, axis=0)
    numbers = _column(records, family.number)
    matches = [""] * len(numbers)
    plain = not np.count_nonzero(records[:, family.number] - _ZERO > _NINE)
    normal = numbers if plain else list(map(normal_invoice, numbers))
    for key, first, behind in zip(keys, firsts, behinds, strict=True):
        if key:
            prefix = f"{key}|"
            matches[first:behind] = [prefix + each for each in normal[first:behind]]
    date = family.layout(family.kind(Group.INVOICE))[family.date]
    patients = _column(records, *_PATIENT)
    _prefer_own_numbers(examined, patients)
    amounts = examined.amounts
    offsets = chunk.offsets[rows]
    return list(
        map(
            _new_claim,
            zip(
                numbers,
                matches,
                map(_iso, _column(records, slice(date.start - 1, date.end))),
                patients,
                amounts.billed.tolist(),
                (amounts.amo + amounts.amc).tolist(),
                amounts.amo.tolist(),
                amounts.amc.tolist(),
                (rows + chunk.first).tolist(),
                offsets.tolist(),
                (_ends(examined) - offsets).tolist(),
                strict=True,
            ),
        )
    )


def _column(records: Bytes, *places: slice) -> list[str]:
    """Return a field of every record as text, without blanks around it."""
    part = np.concatenate([records[:, place] for place in places], axis=1)
    width = part.shape[1]
    if part.all():  # widened to the characters that numpy knows, which end at a NUL
        found: list[str] = part.astype("<u4").view(f"<U{width}")[:, 0].tolist()
    else:
        text = part.tobytes().decode("latin-1")
        found = [text[at : at + width] for at in range(0, len(text), width)]
    blank = np.count_nonzero(part == _BLANK)
    return list(map(str.strip, found)) if blank else found


def _prefer_own_numbers(examined: Examined, patients: list[str]) -> None:
    """Put the patient's own national number where an invoice gives one."""
    structure, family = examined.structure, examined.family
    for kind, (name, _) in family.persons.items():
        rows = (structure.kinds == kind).nonzero()[0]
        if name != "patient_nir" or not len(rows):
            continue
        own = examined.chunk.rows.take(rows, axis=0)[:, _OWN_NUMBER]
        given = ((own != _ZERO) & (own != _BLANK)).any(axis=1)
        which = structure.invoice_of[rows[given]].tolist()
        for invoice, number in zip(which, _column(own[given], _ALL), strict=True):
            patients[invoice] = number


def _ends(examined: Examined) -> np.typing.NDArray[np.int64]:
    """Return the offset behind each invoice's last record."""
    structure, chunk = examined.structure, examined.chunk
    rows = structure.invoices
    nexts = np.append(rows[1:], len(chunk.rows))
    lots = structure.lot_of(rows)
    stops = structure.stops[lots]
    closed = structure.groups[stops - 1] == Group.LOT_END
    lasts = np.minimum(nexts, stops - closed) - 1
    ends: np.typing.NDArray[np.int64] = chunk.offsets[lasts] + RECORD
    for row, length in chunk.odd.items():
        ends[lasts == row] += length - RECORD
    return ends


def _destination(
    header: Mapping[str, str], organism: str, invoice: bytes
) -> dict[str, str]:
    """Say where a lot is meant to go (french.md 1.2).

    The recipient's number holds regime, computer centre and organism, unless
    the recipient is no payer; the lot's own organism wins over that one.
    """
    kind = header.get("recipient_type", "")
    number = header.get("recipient_no", "")
    found = {
        "regime": "",
        "organism": organism,
        "centre": "",
        "recipient_type": kind,
        "invoice_regime": invoice[48:50].decode("latin-1").strip(),
        "fund": invoice[50:53].decode("latin-1").strip(),
        "fund_centre": invoice[53:57].decode("latin-1").strip(),
    }
    well_formed = number.startswith(_BEFORE_REGIME) and number.isdecimal()
    if kind not in _NOT_PAYERS and well_formed and len(number) == len("00000001000000"):
        found["regime"], found["centre"] = number[6:8], number[8:11]
        found["organism"] = organism if organism.strip("0") else number[11:]
    else:
        found["regime"] = found["invoice_regime"]
    return found

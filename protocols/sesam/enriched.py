"""Enriched invoices: both parts on one, which a concentrator may split, and the split.

The sender allows it with 99 as the type of the complementary contract (french.md
1.2).  Each part then is a whole invoice of its own with the same number:

* the fund's: nothing asked of the complementary payer, on lines and in totals; its own
  records for that payer (2M, 2P) are left out, since a fund has no use for them;
* the complementary payer's, a request (DRE): everything stays, the fund's amounts too,
  which tell what is left; who is paid and the kind of invoice say that only the
  complementary part is asked for.

Both bear the mark that a concentrator split them.  The mark of the professional's own
software is left as it is: it says what that software did.  The same records and the
same choice give the same bytes, so a part is cut anew whenever it is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from protocols.records import load_layouts
from protocols.sesam.b2_frames import Frames
from protocols.sesam.b2_records import LETTER, RECORD
from routing.envelope import Share

Records = Sequence[bytes]

ALLOWED: Final = b"99"
CONTRACT: Final = slice(116, 118)  # of record 2, where the permission stands
REQUEST: Final = (
    "D"  # the kind of invoice of a complementary request, as returns name it
)
_BOTH, _FUND_ONLY, _OTHER_ONLY = "15", "05", "25"
_SPLIT: Final = "A"
_NO_FUND: Final = "000"
_FOR_OTHER: Final = frozenset({b"2M", b"2P"})


class Amounts(NamedTuple):
    """What an invoice's end states, in cents."""

    billed: int
    main: int
    other: int


def records_of(lot: BinaryIO) -> bytes:
    """Return the records of a stored lot, without the line ends between them."""
    return b"".join(chunk.rows.tobytes() for chunk in Frames(lot).chunks())


def invoices(lot: Records) -> Iterator[Records]:
    """Yield the records of each invoice of a lot, in its order."""
    current: list[bytes] = []
    for record in lot:
        if kind_of(record) in {b"2", b"6"}:
            if current:
                yield current
            current = []
        if record[:1] in b"2345":
            current.append(record)
    if current:
        yield current


def kind_of(record: bytes) -> bytes:
    """Name the kind of a record of the office norms: `2`, `2M` or so."""
    first = record[:1]
    return first + record[LETTER : LETTER + 1].strip() if first in b"24" else first


def amounts_of(invoice: Records) -> Amounts:
    """Return what a sound invoice's end states."""
    end, layout = invoice[-1], load_layouts("b2")["5"]
    return Amounts(
        *(
            int(layout[name].raw(end).strip() or 0)
            for name in ("total_billed", "total_amo", "total_amc")
        )
    )


def is_enriched(invoice: Records) -> bool:
    """Say whether a sound invoice asks both payers, and may be split and is not yet."""
    first, end = invoice[0], invoice[-1]
    layouts = load_layouts("b2")
    if first[CONTRACT] != ALLOWED or layouts["2"]["split_by_ps"].raw(first).strip():
        return False
    if layouts["5"]["split_by_oct"].raw(end).strip() or is_request(first):
        return False
    amounts = amounts_of(invoice)
    return amounts.main > 0 and amounts.other > 0


def is_request(first: bytes) -> bool:
    """Say whether an invoice asks the complementary payer alone, by its record 2."""
    layout = load_layouts("b2")["2"]
    return (
        layout["invoice_kind"].raw(first) == REQUEST
        or layout["payee"].raw(first) == _OTHER_ONLY
    )


def cut(lot: bytes, share: Share, chosen: Collection[int]) -> bytes:
    """Return a lot with one part of the chosen invoices, numbered from 1.

    The fund's lot keeps all others as they are, the complementary payer's has no
    others.  Its totals are made anew.
    """
    records = [lot[at : at + RECORD] for at in range(0, len(lot), RECORD)]
    make = _of_fund if share is Share.MAIN else _of_other
    kept: list[Records] = []
    for seq, invoice in enumerate(invoices(records), 1):
        if seq in chosen:
            kept.append(make(invoice))
        elif share is Share.MAIN:
            kept.append(invoice)
    start, end = records[0], records[-1]
    if share is Share.OTHER:
        start = _with(start, "1", dest_organism=_NO_FUND)
        end = _with(end, "6", invoice_kind=REQUEST)
    inside = [record for invoice in kept for record in invoice]
    return b"".join((start, *inside, _totals(end, kept)))


def _of_fund(invoice: Records) -> Records:
    return [
        _without_other(record)
        for record in invoice
        if kind_of(record) not in _FOR_OTHER
    ]


def _without_other(record: bytes) -> bytes:
    kind = kind_of(record)
    if kind == b"2":
        return _with(record, "2", **_payee(record, _FUND_ONLY))
    if kind == b"4":
        return _with(record, "4", amc_amount=0)
    if kind == b"5":
        return _with(record, "5", total_amc=0, split_by_oct=_SPLIT)
    return record


def _of_other(invoice: Records) -> Records:
    first, end = invoice[0], invoice[-1]
    request = _with(first, "2", invoice_kind=REQUEST, **_payee(first, _OTHER_ONLY))
    return [request, *invoice[1:-1], _with(end, "5", split_by_oct=_SPLIT)]


def _payee(first: bytes, alone: str) -> dict[str, str]:
    """Say who is paid by one payer alone; whom the patient has paid stays as it is."""
    both = load_layouts("b2")["2"]["payee"].raw(first) == _BOTH
    return {"payee": alone} if both else {}


def _totals(end: bytes, kept: Sequence[Records]) -> bytes:
    records = [record for invoice in kept for record in invoice]
    sums = [amounts_of(invoice) for invoice in kept]
    return _with(
        end,
        "6",
        nb_invoices=len(kept),
        nb_act_lines=sum(kind_of(record) == b"4" for record in records),
        nb_type2_records=sum(record.startswith(b"2") for record in records),
        nb_type5_records=sum(record.startswith(b"5") for record in records),
        total_billed=sum(each.billed for each in sums),
        total_amo=sum(each.main for each in sums),
        total_amc=sum(each.other for each in sums),
    )


def _with(record: bytes, kind: str, **values: str | int) -> bytes:
    """Return a record with some fields written anew."""
    changed = bytearray(record)
    layout = load_layouts("b2")[kind]
    for name, value in values.items():
        field = layout[name]
        changed[field.start - 1 : field.start - 1 + field.length] = field.pack(value)
    return bytes(changed)

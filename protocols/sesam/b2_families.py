"""The two families of B2 norms: which records each has, and what they add up to.

Hospital products changed their cut after 2007; the version that a lot declares
decides between the two (french.md 1.1, 1.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from protocols.records import Layout, load_layouts
from protocols.sesam.b2_nesting import GROUPS, Group
from protocols.sesam.b2_records import (
    KEY_WORDS,
    LETTER,
    LETTER_CP,
    Bytes,
    Family,
    Sum,
)

_BEFORE_RECUT = 2007  # the year of norm whose hospital products are cut the old way


def choose_family(rows: Bytes) -> tuple[str, Family]:
    """Return the norm that a file's first records name, and its family.

    The norm stands in 000, else in the first lot; the version in the lot.
    """
    layouts = load_layouts("b2")
    first = rows[0].tobytes()
    header = layouts["000"].read(first) if first.startswith(b"000") else {}
    lots = (row.tobytes() for row in rows if row[0] == ord("1"))
    lot = next(map(layouts["1"].read, lots), {})
    norm = header.get("norm_code") or lot.get("norm_code", "")
    return norm, family_of(norm, lot.get("norm_version", ""))


@cache
def family_of(norm: str, version: str) -> Family:
    """Return the family of a norm code (`CP`, `FR`, …) and version (MMYYYY).

    An unknown code is taken for an office norm, which is what all but
    establishments use.
    """
    if norm.strip().upper() != "CP":
        return _office()
    year = version[-4:]
    old = year.isdecimal() and 0 < int(year) <= _BEFORE_RECUT
    return _establishment(recut=not old)


@cache
def _office() -> Family:
    bases = ("000", "1", "2", "4", "5", "6", "999")
    details = (
        *("2S", "2M", "2P", "2B", "2C"),
        *("4S", "4E", "4B", "4C", "4D", "4F", "4H", "4M", "4T", "4U"),
    )
    line = Group.LINE
    return _family(
        name="office",
        bases=bases,
        details=details,
        sums=(
            Sum(
                total="total_billed",
                code="invoice-billed",
                terms=((1, line, "total_amount"),),
            ),
            Sum(
                total="total_amo",
                code="invoice-amo",
                terms=((1, line, "amo_amount"),),
            ),
            Sum(
                total="total_amc",
                code="invoice-amc",
                terms=((1, line, "amc_amount"),),
            ),
            Sum(
                total="total_patient_before_amc",
                code="invoice-rest",
                terms=((1, line, "total_amount"), (-1, line, "amo_amount")),
            ),
        ),
        billed=("total_billed",),
        amo=("total_amo",),
        amc=("total_amc",),
        date="invoice_date",
        number=slice(26, 35),
        key_end=35,
    )


@cache
def _establishment(*, recut: bool) -> Family:
    bases = ("000", "1", "2-CP", "2S-CP", "3", "3S", "3E", "4-CP", "5-CP", "6", "999")
    cut = "-FIDES" if recut else ""
    details = (
        *("2M", "2P", "2B", "2C", f"3F{cut}", f"3H{cut}"),
        *("4S", "4E", "4B", "4C", "4D", "4F", f"4H{cut}", "4M", "4T", "4U"),
    )
    stay, fee = Group.HOSPITAL_LINE, Group.LINE
    plain = (
        ("base_hospital", "invoice-base", stay, "base"),
        ("amo_hospital", "invoice-amo", stay, "amo_amount"),
        ("billed_hospital", "invoice-billed", stay, "total_amount"),
        ("amc_hospital", "invoice-amc", stay, "amc_amount"),
        ("fees_billed", "invoice-billed", fee, "total_amount"),
        ("fees_amo", "invoice-amo", fee, "amo_amount"),
        ("amc_fees", "invoice-amc", fee, "amc_amount"),
    )
    rest = tuple(
        (sign, group, name)
        for group in (stay, fee)
        for sign, name in ((1, "total_amount"), (-1, "amo_amount"))
    )
    return _family(
        name="establishment" if recut else "establishment, norm of 2007",
        bases=bases,
        details=details,
        sums=(
            *(
                Sum(total=total, code=code, terms=((1, group, name),))
                for total, code, group, name in plain
            ),
            Sum(total="patient_before_amc", code="invoice-rest", terms=rest),
        ),
        billed=("fees_billed", "billed_hospital"),
        amo=("fees_amo", "amo_hospital"),
        amc=("amc_fees", "amc_hospital"),
        date="exit_date",
        number=slice(29, 38),
        key_end=26,
    )


def _family(
    *,
    name: str,
    bases: Sequence[str],
    details: Sequence[str],
    sums: tuple[Sum, ...],
    billed: tuple[str, ...],
    amo: tuple[str, ...],
    amc: tuple[str, ...],
    date: str,
    number: slice,
    key_end: int,
) -> Family:
    known = load_layouts("b2")
    layouts = (None, *(known[kind] for kind in (*bases, *details)))
    groups = np.array([_group(layout) for layout in layouts], np.uint8)
    establishment = name != "office"
    return Family(
        name=name,
        layouts=layouts,
        groups=groups,
        group_table=groups.tobytes().ljust(256, bytes([Group.UNKNOWN])),
        only_kinds=tuple(int(np.argmax(groups == group)) for group in range(GROUPS)),
        first_detail=1 + len(bases),
        sums=sums,
        billed=billed,
        amo=amo,
        amc=amc,
        date=date,
        lines="nb_type3_and_4" if establishment else "nb_type4",
        number=number,
        number_in_details=slice(26, 35),
        persons=_persons(layouts, groups),
        letters=_letters(layouts, LETTER),
        letters_cp=_letters(layouts, LETTER_CP) if establishment else None,
        key_mask=_key_mask(key_end),
    )


def _group(layout: Layout | None) -> int:
    if layout is None:
        return Group.UNKNOWN
    fixed = {"000": Group.FILE_START, "999": Group.FILE_END}
    if layout.kind in fixed:
        return fixed[layout.kind]
    detail = _letter_at(layout) is not None
    return {
        "1": Group.LOT_START,
        "2": Group.INVOICE_MORE if detail else Group.INVOICE,
        "3": Group.HOSPITAL_MORE if detail else Group.HOSPITAL_LINE,
        "4": Group.LINE_MORE if detail else Group.LINE,
        "5": Group.TOTAL,
        "6": Group.LOT_END,
    }[layout.kind[0]]


def _persons(
    layouts: Sequence[Layout | None], groups: Bytes
) -> dict[int, tuple[str, slice]]:
    """Return the national number that each kind is asked for: whose, and where."""
    found = {}
    for kind, layout in enumerate(layouts):
        if layout is None:
            continue
        name = "insured_nir" if groups[kind] == Group.INVOICE else "patient_nir"
        if name in layout.by_name:
            place = layout[name]
            found[kind] = name, slice(place.start - 1, place.end)
    return found


def _letter_at(layout: Layout) -> int | None:
    """Return where a detail record has its letter, from 0; None for the others."""
    suffix = layout.by_name.get("rec_suffix")
    return suffix.start - 1 if suffix is not None and suffix.const else None


def _letters(layouts: Iterable[Layout | None], at: int) -> Bytes:
    """Map first character and the character at `at` to a kind."""
    table = np.zeros((256, 256), np.uint8)
    numbered = [(kind, each) for kind, each in enumerate(layouts) if each]
    for kind, layout in numbered:
        if _letter_at(layout) is None:
            table[ord(layout.kind[0]), :] = kind
    for first in b"24" if at == LETTER else b"23":
        table[first, list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")] = 0
    for kind, layout in numbered:
        if _letter_at(layout) == at:
            table[ord(layout.kind[0]), ord(layout["rec_suffix"].const)] = kind
    return table.reshape(-1)


def _key_mask(key_end: int) -> NDArray[np.uint64]:
    """Return which bits each record of an invoice repeats, but the professional.

    They are the insured person and, for office norms, the invoice; position 11
    before them is free.
    """
    mask = np.zeros(KEY_WORDS * 8, np.uint8)
    mask[11:key_end] = 0xFF
    return mask.view("<u8")

"""What the records of a chunk say, checked against itself and one another.

Class of characters, dates, repeated keys, national numbers: each check takes
all records of a kind at once and gives findings; an empty result is the
normal case and must be cheap.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from protocols.sesam.b2_fields import (
    NINE,
    ZERO,
    Bounds,
    Flags,
    Found,
    check_dates,
    check_fields,
    outside_bounds,
)
from protocols.sesam.b2_frames import Chunk
from protocols.sesam.b2_kinds import Kinds
from protocols.sesam.b2_nesting import Group
from protocols.sesam.b2_numbers import CENTURY, WRAP, Numbers, in_order
from protocols.sesam.b2_records import Bytes, Family
from protocols.sesam.b2_structure import Finding, Rows, Structure, look_up, said

_OLD = 30_000  # three years, in YYMMDD
_NONE = np.empty(0, np.intp)
_REPEATS_SENDER, _REPEATS_ALL = np.uint8(1), np.uint8(2)
_REPEATS = bytes(
    (Group.INVOICE <= group < Group.FILE_END) * int(_REPEATS_SENDER)
    | (Group.INVOICE_MORE <= group < Group.LOT_END) * int(_REPEATS_ALL)
    for group in range(256)
)
_CORSICA = 6  # where a national number may hold A or B, from 0


def check_content(
    chunk: Chunk, structure: Structure, kinds: Kinds, created: int
) -> Iterator[Finding]:
    """Yield what is wrong inside records, except totals.

    `created` is the file's own date as a growing number, or 0 if unknown: dates
    are compared with it and never with a clock.
    """
    family = kinds.family
    present = tuple(kinds.rows)
    outside = outside_bounds(kinds.bounds, family, present)
    for which, kind in enumerate(present):
        if which in outside:
            records = partial(kinds.records, kind)
            bounds = Bounds(kinds.bounds.least[which], kinds.bounds.most[which])
            for found in check_fields(records, bounds, family.layout(kind)):
                yield _field_finding(found, kinds, kind)
        if not kinds.dates_right:
            dates = partial(kinds.numbers_of, kind)
            for found in check_dates(family.layout(kind), dates):
                yield _field_finding(found, kinds, kind)
        if kind in family.persons:
            yield from _check_number_of_person(kinds, which, kind)
    yield from _check_keys(chunk, structure, kinds.family)
    if created:
        yield from _check_days(kinds, created)


def _field_finding(found: Found, kinds: Kinds, kind: int) -> Finding:
    each = found.field

    def explain(which: int) -> tuple[str, str]:
        if not found.serious:
            return (
                "lower-case",
                "holds lower case or accents; upper case without accents is expected",
            )
        record = kinds.records(kind)[found.rows[which]].tobytes()
        return next(each.faults(record))

    code = "digits" if found.serious else "lower-case"
    return Finding(code, kinds.rows[kind][found.rows], each.start, each.name, explain)


def _check_keys(
    chunk: Chunk, structure: Structure, family: Family
) -> Iterator[Finding]:
    """Compare the key of each record with that of the record before it."""
    rows, groups = chunk.rows, structure.groups
    other = chunk.heads.new_sender
    changed = (chunk.heads.changes(family.key_mask) | other).view(np.uint8)
    repeats = look_up(groups[1:], _REPEATS)
    wrong = (changed << 1 | other) & repeats
    found = wrong.nonzero()[0]
    found = found[groups[found] != Group.UNKNOWN] + 1
    if len(found):
        odd = np.array(sorted(chunk.odd), np.intp)
        found = np.setdiff1d(found, np.concatenate((odd, odd + 1)))
        others = rows[found, 1:10] != rows[found - 1, 1:10]
        strange = others.any(axis=1)
        if strange.any():
            yield said(
                "sender-differs",
                found[strange],
                2,
                "ps_id",
                "names another professional than the record before it",
            )
        if (~strange).any():
            yield said(
                "key-differs",
                found[~strange],
                12,
                "insured_nir",
                "does not repeat the insured person and invoice of the record before",
            )
    if family.letters_cp is not None:
        yield from _check_moved_numbers(chunk, structure, family)


def _check_moved_numbers(
    chunk: Chunk, structure: Structure, family: Family
) -> Iterator[Finding]:
    """Compare invoice numbers where details have them in another place."""
    groups = structure.groups
    inside = ((groups > Group.INVOICE) & (groups < Group.LOT_END)).nonzero()[0]
    if not len(inside) or not len(structure.invoices):
        return
    starts = structure.invoices[structure.invoice_of[inside]]
    detail = structure.kinds[inside] >= family.first_detail
    for which, place in ((detail, family.number_in_details), (~detail, family.number)):
        rows = inside[which]
        own = chunk.rows[rows, place]
        differs = (own != chunk.rows[starts[which], family.number]).any(axis=1)
        if differs.any():
            yield said(
                "key-differs",
                np.setdiff1d(rows[differs], np.array(sorted(chunk.odd), np.intp)),
                place.start + 1,
                "invoice_no",
                "does not repeat the number of its invoice",
            )


def _check_number_of_person(kinds: Kinds, which: int, kind: int) -> Iterator[Finding]:
    """Check national numbers against their keys (french.md 1.2)."""
    name, place = kinds.family.persons[kind]
    number = kinds.numbers_of(kind, name)
    key = kinds.numbers_of(kind, f"{name}_key")
    least, most = kinds.bounds.least[which], kinds.bounds.most[which]
    plain = (least >= ZERO) & (most <= NINE)
    letter = place.start + _CORSICA
    suspects = _NONE
    if not plain[place].all():
        letters = kinds.column(kind, letter)
        suspects = (letters > NINE).nonzero()[0]
        number[suspects] -= _worth_less(letters[suspects])
        plain[letter] = True
        if not plain[place].all():
            suspects = np.arange(len(number))
    # a division is several times quicker than a remainder
    wrong = key != 97 - (number - number // 97 * 97)
    if len(suspects):
        wrong[suspects] |= _not_number(kinds.some(kind, suspects)[:, place])
    if name == "patient_nir":
        wrong &= (number != 0) | (key != 0)
    yield from _wrong_nir(kinds.rows[kind][wrong], place.start + 1, name)


def _wrong_nir(rows: Rows, position: int, name: str) -> Iterator[Finding]:
    if len(rows):
        yield said(
            "nir-key",
            rows,
            position,
            name,
            "the national number and its key do not fit; check the number typed in",
        )


def _worth_less(letters: Bytes) -> Numbers:
    """Say by how much numbers with a Corsican letter have been read too great.

    A has been read as 1 and B as 2; instead they take one and two millions off.
    """
    less: Numbers = np.where(letters == ord("A"), 2_000_000, 0)
    less += np.where(letters == ord("B"), 4_000_000, 0)
    return less


def _not_number(part: Bytes) -> Flags:
    """Say which rows hold something else than a national number may."""
    wrong = np.zeros(part.shape, np.bool_)
    np.greater(part - np.uint8(ZERO), NINE - ZERO, out=wrong)
    letters = part[:, _CORSICA]
    corsican = (letters == ord("A")) | (letters == ord("B"))
    wrong[:, _CORSICA] &= ~(corsican & (part[:, _CORSICA - 1] == ord("2")))
    anywhere: Flags = np.asarray(wrong.any(axis=1))
    return anywhere


def _check_days(kinds: Kinds, created: int) -> Iterator[Finding]:
    """Compare days of invoices and acts with the day of the file."""
    dates = (
        (Group.INVOICE, kinds.family.date, "invoice-in-future"),
        (Group.LINE, "act_date", "act-in-future"),
        (Group.HOSPITAL_LINE, "stay_to", "act-in-future"),
    )
    for group, name, code in dates:
        rows = kinds.of(group)
        if not len(rows):
            continue
        field = kinds.family.layout(kinds.family.kind(group))[name]
        days = kinds.numbers(group, name)
        if _surely_in_time(days, created):
            continue
        ordered = in_order(days)
        late = (days != 0) & (ordered > created)
        if late.any():
            yield said(
                code, rows[late], field.start, name, "is later than the file's own day"
            )
        if group is not Group.INVOICE:
            old = (days != 0) & (ordered < created - _OLD)
            if old.any():
                yield said(
                    "old-act",
                    rows[old],
                    field.start,
                    name,
                    "is more than three years before the file's own day",
                )


def _surely_in_time(days: Numbers, created: int) -> bool:
    """Say from the first and last day alone that none is late or old."""
    first, last = int(days.min()), int(days.max())
    if first == 0 or last >= CENTURY:
        return False
    return created - _OLD <= first + WRAP and last + WRAP <= created

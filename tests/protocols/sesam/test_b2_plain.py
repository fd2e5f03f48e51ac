"""The bulk checks against a plain reader: one record after another, nothing clever."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.records import Layout
from protocols.sesam import b2_kinds
from protocols.sesam.b2_families import family_of
from protocols.sesam.b2_nesting import Group
from protocols.sesam.b2_records import Family
from protocols.sesam.checks import KEPT_IN_LOT
from protocols.sesam.reader import validate
from tests.protocols.sesam.b2_files import RECORD, b2_file, read_all, records_of

FILES = {
    norm: b2_file(norm=norm, lots=2, invoices=5, seed=4) for norm in ("FR", "PH", "CP")
}
IN_FIELDS = {"cut", "constant", "missing", "digits", "control", "date"}
NIR = {"nir-key"}
SUMS = {"invoice-billed", "invoice-amo", "invoice-amc", "invoice-rest", "invoice-base"}
Found = tuple[int, int | None, str]


def plain_faults(records: list[bytes], family: Family) -> Iterator[Found]:
    """Check field after field of record after record."""
    for number, record in enumerate(records, 1):
        layout = family.layouts[family.kind_of(record)]
        if layout is not None:
            for field, code, _ in layout.check(record):
                yield number, field.start, code
            yield from plain_person(number, record, layout)


def plain_person(number: int, record: bytes, layout: Layout) -> Iterator[Found]:
    """Check the one national number of a record that is asked for it."""
    if layout.kind in {"2", "2-CP"}:
        name = "insured_nir"
    elif "patient_nir" in layout.by_name:
        name = "patient_nir"
    else:
        return
    nir = layout[name].raw(record)
    key = layout[f"{name}_key"].raw(record)
    if name == "patient_nir" and not any(ord(each) & 0x0F for each in nir + key):
        return  # blanks, zeros, and whatever else counts as zero
    digits = nir.replace("2A", "19", 1) if nir[5:7] == "2A" else nir
    digits = digits.replace("2B", "18", 1) if nir[5:7] == "2B" else digits
    right = digits.isascii() and digits.isdigit() and key.isdigit()
    if not right or 97 - int(digits) % 97 != int(key):
        yield number, layout[name].start, "nir-key"


def plain_sums(records: list[bytes], family: Family) -> Iterator[Found]:
    """Add up the lines of one invoice after another."""
    lines: dict[tuple[int, str], int] = {}
    for number, record in enumerate(records, 1):
        kind = family.kind_of(record)
        group, layout = int(family.groups[kind]), family.layout(kind)
        if group == Group.INVOICE:
            lines = {}
        elif group in {Group.LINE, Group.HOSPITAL_LINE}:
            for name in ("base", "total_amount", "amo_amount", "amc_amount"):
                text = layout[name].raw(record).strip() or "0"
                lines[group, name] = lines.get((group, name), 0) + int(text)
        elif group == Group.TOTAL:
            for rule in family.sums:
                wanted = sum(
                    sign * lines.get((of, name), 0) for sign, of, name in rule.terms
                )
                if int(layout[rule.total].raw(record)) != wanted:
                    yield number, layout[rule.total].start, rule.code


def spoil(data: bytes, norm: str, hits: list[tuple[float, int, int]]) -> bytes:
    """Change bytes inside invoices, but none that tells kind, owner or nesting."""
    spoilt = bytearray(data)
    rows = [at for at, each in enumerate(records_of(data)) if each[:1] in b"2345"]
    free = range(40, RECORD) if norm == "CP" else range(37, RECORD)
    for where, column, byte in hits:
        row = rows[int(where * len(rows))]
        spoilt[row * RECORD + free[column % len(free)]] = byte
    return bytes(spoilt)


def bulk_faults(data: bytes) -> tuple[set[Found], bool]:
    """Read in bulk; say as well whether everything found is listed."""
    lots, summary = read_all(data)
    found = [*summary.problems, *(each for lot in lots for each in lot.problems)]
    listed = all(len(lot.problems) < KEPT_IN_LOT for lot in lots)
    return {(each.record or 0, each.position, each.code) for each in found}, listed


hits = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.integers(0, RECORD),
        st.one_of(st.integers(0, 255), st.sampled_from(b" 0AB19\x00\xe9z")),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("few", [0, b2_kinds._FEW], ids=["many", "few"])
@settings(max_examples=120, deadline=None)
@given(norm=st.sampled_from(sorted(FILES)), hits=hits)
def test_fields_are_judged_as_one_by_one(
    few: int, norm: str, hits: list[tuple[float, int, int]]
) -> None:
    """However many records are read at once, the same faults stand at the same places."""
    data = spoil(FILES[norm], norm, hits)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(b2_kinds, "_FEW", few)
        found, listed = bulk_faults(data)

    codes = IN_FIELDS | NIR
    plain = set(plain_faults(records_of(data), family_of(norm, "062022")))
    assert listed
    assert {each for each in found if each[2] in codes} == plain


@pytest.mark.parametrize("few", [0, b2_kinds._FEW], ids=["many", "few"])
@settings(max_examples=120, deadline=None)
@given(
    norm=st.sampled_from(sorted(FILES)),
    changes=st.lists(
        st.tuples(
            st.floats(0, 1, exclude_max=True), st.integers(0, 5), st.sampled_from(b"09")
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_totals_are_added_up_as_one_by_one(
    few: int, norm: str, changes: list[tuple[float, int, int]]
) -> None:
    """A changed digit of an amount is found in the totals that it belongs to."""
    family = family_of(norm, "062022")
    records = [bytearray(each) for each in records_of(FILES[norm])]
    amounts = {
        Group.LINE: ("total_amount", "amo_amount", "amc_amount"),
        Group.HOSPITAL_LINE: ("total_amount", "amo_amount", "base"),
        Group.TOTAL: tuple(rule.total for rule in family.sums),
    }
    rows = [
        (record, group)
        for record in records
        if (group := int(family.groups[family.kind_of(bytes(record))])) in amounts
    ]
    for where, column, byte in changes:
        record, group = rows[int(where * len(rows))]
        names = amounts[group]
        layout = family.layout(family.kind_of(bytes(record)))
        field = layout[names[column % len(names)]]
        record[field.end - 1 - column] = byte
    data = b"".join(map(bytes, records))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(b2_kinds, "_FEW", few)
        found, _ = bulk_faults(data)
        totals = validate(io.BytesIO(data)).totals

    plain = set(plain_sums(records_of(data), family))
    assert {each for each in found if each[2] in SUMS} == plain
    stated = [
        (family.layout(kind), record)
        for record in records_of(data)
        if family.groups[kind := family.kind_of(record)] == Group.TOTAL
    ]
    for total, names in (
        ("billed", family.billed),
        ("amo", family.amo),
        ("amc", family.amc),
    ):
        assert totals[total] == sum(
            int(layout[name].raw(record)) for layout, record in stated for name in names
        )

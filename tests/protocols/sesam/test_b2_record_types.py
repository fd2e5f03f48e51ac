"""Every record that a family of norms has is known, read and shown where it may stand."""

from __future__ import annotations

import io

import pytest

from protocols.records import Layout, load_layouts
from protocols.sesam.b2_families import family_of
from protocols.sesam.b2_nesting import Group
from protocols.sesam.b2_records import Family
from protocols.sesam.network import SESAM
from protocols.sesam.reader import validate
from tests.protocols.sesam.b2_files import RECORD, b2_file, read_all, records_of

FAMILIES = [
    pytest.param("FR", "062022", id="office"),
    pytest.param("CP", "062022", id="establishment"),
    pytest.param("CP", "062007", id="establishment, norm of 2007"),
]
FOLLOW = {
    Group.INVOICE_MORE: Group.INVOICE,
    Group.HOSPITAL_MORE: Group.HOSPITAL_LINE,
    Group.LINE_MORE: Group.LINE,
}


def filled(layout: Layout, before: bytes, family: Family) -> bytes:
    """Make a record that has something in every field, after `before` in its invoice."""
    values: dict[str, str | int] = {}
    for field in layout.fields:
        if field.is_date:
            values[field.name] = "261101"
        elif not field.const:
            values[field.name] = "1" if field.kind == "N" else "A"
    owner = family.layout(family.kind_of(before)).read(before)
    keys = ("ps_id", "insured_nir", "insured_nir_key", "beneficiary_rank", "invoice_no")
    values |= {name: owner[name] for name in keys if name in owner}
    values |= dict.fromkeys(("patient_nir", "patient_nir_key"), 0)
    for field in layout.fields:
        if field.name.startswith("filler") and not field.const:
            values[field.name] = "" if field.kind == "A" else 0
    known = {name: values[name] for name in values if name in layout.by_name}
    return layout.write(known)


def with_every_detail(norm: str, version: str) -> tuple[bytes, Family]:
    """Make a file whose first invoice has every detail that the family knows."""
    family = family_of(norm, version)
    records = records_of(b2_file(norm=norm, lots=1, invoices=2, seed=7))
    start = load_layouts("b2")["1"]["norm_version"]
    records[1] = (
        records[1][: start.start - 1] + version.encode() + records[1][start.end :]
    )
    missing = {
        group: [
            layout
            for kind, layout in enumerate(family.layouts)
            if layout is not None and family.groups[kind] == group
        ]
        for group in FOLLOW
    }
    made: list[bytes] = []
    for record in records:
        group = int(family.groups[family.kind_of(record)])
        made.append(record)
        for more, after in FOLLOW.items():
            if group == after:
                made += [filled(each, record, family) for each in missing.pop(more, [])]
    assert not any(missing.values())
    return b"".join(made), family


@pytest.mark.parametrize(("norm", "version"), FAMILIES)
@pytest.mark.parametrize("line_end", [b"", b"\r\n", b"\n"])
def test_every_kind_of_record_is_known(
    norm: str, version: str, line_end: bytes
) -> None:
    """None is unknown, out of place or of another invoice, with or without line ends."""
    data, family = with_every_detail(norm, version)
    sent = line_end.join([*records_of(data), b""])

    lots, summary = read_all(sent)
    shown = list(SESAM.show(io.BytesIO(sent), "sesam.b2"))

    found = {each.code for lot in lots for each in lot.problems}
    assert found <= {"invoice-lines", "lot-lines", "lot-type2"}
    assert [each.code for each in summary.problems] == ["file-records"]
    assert (summary.records, summary.claims) == (len(data) // RECORD, 2)
    assert {each.kind for each in shown} == {
        layout.kind for layout in family.layouts if layout is not None
    }
    assert validate(io.BytesIO(sent)).errors == summary.errors

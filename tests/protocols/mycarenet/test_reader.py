"""Messages become lots and invoices become claims, whatever the blocks."""

from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.mycarenet.reader import read, validate
from protocols.mycarenet.sample_maker import MUTUALITIES
from routing.envelope import Severity
from tests.protocols.mycarenet.efact_files import (
    LAYOUTS,
    parts,
    problems,
    put,
    seen,
    sending,
)


def test_a_message_is_a_lot_and_an_invoice_is_a_claim() -> None:
    content = sending()
    records = parts(content)
    first = LAYOUTS["20"].read(records[2])
    asked = int(LAYOUTS["80"].read(records[7])["insurer_amount_a"])
    share = int(LAYOUTS["80"].read(records[7])["patient_share"])

    (lot,), summary = seen(content)

    assert lot.valid
    assert (lot.position, lot.record, lot.offset, lot.length) == (1, 1, 0, len(content))
    assert (lot.number, lot.date, lot.flow) == ("017", "2026-11-02", "billing")
    assert lot.match_key == "20261102000417/202610/017"
    assert lot.sender == LAYOUTS["10"].read(records[1])["third_party"][1:]
    assert lot.destination == {
        "union": "300",
        "mutuality": "304",
        "reference": "20261102000417",
        "year_month": "202610",
        "third_party": f"0{lot.sender}",
        "batch": lot.match_key,
    }
    claim, _ = lot.claims
    assert (claim.number, claim.record, claim.offset) == (
        first["invoice_number"],
        2,
        577,
    )
    assert claim.match_key == f"{lot.match_key}/{first['invoice_number']}"
    assert claim.patient == first["patient"][2:]
    assert claim.asked == claim.asked_main == asked
    assert claim.billed == asked + share
    assert claim.length == 6 * 350
    assert claim.date == min(
        LAYOUTS["50"][name].meaning(LAYOUTS["50"][name].raw(records[at]))
        for name in ("first_date",)
        for at in (3, 5)
    )
    assert summary.valid
    assert (summary.records, summary.lots, summary.claims) == (17, 1, 2)
    assert summary.totals["asked"] == sum(each.asked for each in lot.claims)
    assert summary.totals["patient"] + summary.totals["asked"] == sum(
        each.billed for each in lot.claims
    )
    assert summary.keys == {
        "reference": "20261102000417",
        "sending_number": "017",
        "year_month": "202610",
        "third_party": f"0{lot.sender}",
        "union": "300",
        "mutualities": "304 319",
    }


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(MUTUALITIES)),
    st.integers(1, 9),
    st.integers(1, 4),
    st.integers(0, 10**6),
    st.integers(1, 20_000),
)
def test_any_sending_that_is_made_is_right_and_read_whole(
    union: str, invoices: int, lines: int, seed: int, block: int
) -> None:
    content = sending(union=union, invoices=invoices, lines=lines, seed=seed)

    (lot,), summary = seen(content, block)

    assert lot.problems == ()
    assert lot.destination["union"] == union
    assert summary.valid
    assert len(lot.claims) == invoices
    for claim in lot.claims:
        own = content[claim.offset : claim.offset + claim.length]
        assert own[:2] == b"20"
        assert own[-350:-348] == b"80"
        assert claim.number.encode() in own
    assert sum(each.length for each in lot.claims) == len(content) - 227 - 350 * (
        2 + len(summary.keys["mutualities"].split()) + 1
    )


@settings(max_examples=15)
@given(st.integers(1, 3000))
def test_totals_over_many_blocks_are_the_same(block: int) -> None:
    """What is found does not hang on how much is read at once."""
    content = put(sending(invoices=12), 9, "insurer_amount", "+00000000001")
    whole, summary = seen(content)

    assert seen(content, block) == (whole, summary)


def test_several_messages_in_a_file_are_several_lots() -> None:
    """A broken one does not stop its neighbours."""
    first, second, third = (sending(seed=seed) for seed in (1, 2, 3))
    broken = second[:1000] + second[1001:]

    lots, summary = seen(first + broken + third)

    assert [lot.valid for lot in lots] == [True, False, True]
    assert [lot.position for lot in lots] == [1, 2, 3]
    assert [lot.record for lot in lots] == [1, 18, 35]
    content = first + broken + third
    assert [content[lot.offset : lot.offset + lot.length] for lot in lots] == [
        first,
        broken,
        third,
    ]
    assert summary.lots == 3


def test_a_line_end_behind_the_message_is_left_out_of_the_lot() -> None:
    content = sending()

    (lot,), summary = seen(content + b"\r\n")

    assert lot.valid
    assert lot.length == len(content)
    assert [(each.code, each.severity) for each in summary.problems] == [
        ("line-end", Severity.WARNING)
    ]
    assert summary.valid


def test_judging_alone_finds_the_same() -> None:
    content = put(sending(invoices=5), 9, "insurer_amount", "+00000000001")
    reading = read(io.BytesIO(content))
    found = [each for lot in reading.lots() for each in lot.problems]

    judged = validate(io.BytesIO(content))

    assert list(judged.problems) == found == problems(content)
    assert judged.errors + judged.warnings == len(found)
    assert judged.totals == reading.summary().totals
    assert judged.keys == reading.summary().keys


def test_a_patient_without_a_national_number_keeps_his_other_number() -> None:
    """Flag 0: no key is expected, and zeros are part of the number."""
    content = sending()
    for record, field in ((2, "patient"), (3, "patient"), (4, "patient")):
        content = put(content, record, field, "1234567890123")
    for record in (5, 6, 7):
        content = put(content, record, "patient", "1234567890123")
    for record in (2, 7):
        content = put(content, record, "patient_flag", "0")

    (lot,), _ = seen(content)

    assert lot.problems == ()
    assert lot.claims[0].patient == "1234567890123"

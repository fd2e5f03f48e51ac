"""Invoices with two payers are split where the sender allows it, and add up."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.records import load_layouts
from protocols.sending import UNDECIDED
from protocols.sesam.enriched import kind_of
from protocols.sesam.network import SESAM
from protocols.sesam.reader import read, validate
from protocols.sesam.sample_maker import FundFacts
from protocols.sesam.simulation import SIMULATION
from protocols.simulation import Decided, Told
from protocols.tables import NO_TABLES, Tables
from routing.envelope import LotSeen, Share
from tests.protocols.sesam.amc_files import (
    AMC,
    CODE,
    DAY,
    OTHER_AMC,
    TABLES,
    convention,
    enriched_file,
    lots_of,
    tables,
)
from tests.protocols.sesam.b2_files import RECORD, b2_file

B2 = load_layouts("b2")


def records(content: bytes) -> list[bytes]:
    return [content[at : at + RECORD] for at in range(0, len(content), RECORD)]


def cut(content: bytes, lots: list[LotSeen]) -> list[bytes]:
    """Cut each part out of the file, as it would be sent."""
    chosen = sorted(seq for lot in lots for seq in lot.seqs)
    return [
        SESAM.cut(
            io.BytesIO(content[lot.offset : lot.offset + lot.length]),
            lot.share,
            lot.seqs or chosen,
        )
        for lot in lots
    ]


def put(content: bytes, kind: str, **values: str | int) -> bytes:
    """Write fields of every record of a kind anew."""
    made = []
    for record in records(content):
        changed = bytearray(record)
        if kind_of(record).decode() == kind:
            for name, value in values.items():
                field = B2[kind][name]
                end = field.start - 1 + field.length
                changed[field.start - 1 : end] = field.pack(value)
        made.append(bytes(changed))
    return b"".join(made)


def rewrapped(content: bytes, lot: bytes) -> bytes:
    """Put a lot into a file of its own."""
    count = len(lot) // RECORD + 2
    end = B2["999"].read(content[-RECORD:]) | {"nb_records": count, "nb_lots": 1}
    return content[:RECORD] + lot + B2["999"].write(end)


@given(seed=st.integers(0, 10_000), invoices=st.integers(1, 6))
def test_the_parts_of_every_invoice_add_up_to_it(seed: int, invoices: int) -> None:
    """What both payers are asked is what the invoice asked, cent by cent."""
    content = enriched_file(seed=seed, invoices=invoices, lots=2)
    whole = lots_of(content, NO_TABLES)
    split = lots_of(content)
    assert [lot.share for lot in split] == [Share.MAIN, Share.OTHER] * 2
    for lot, main, other in zip(whole, split[::2], split[1::2], strict=True):
        asked = {seq: each.asked for seq, each in enumerate(lot.claims, 1)}
        for seq, each in enumerate(main.claims, 1):
            asked[seq] -= each.asked
        for seq, each in zip(other.seqs, other.claims, strict=True):
            asked[seq] -= each.asked
        assert set(asked.values()) == {0}
        assert all(each.asked > 0 for each in (*main.claims, *other.claims))


@given(seed=st.integers(0, 10_000))
def test_each_part_is_a_lot_that_its_payer_would_take(seed: int) -> None:
    """Totals are made anew, and a part that is split again stays as it is."""
    content = enriched_file(seed=seed)
    (whole,) = lots_of(content, NO_TABLES)
    lots = lots_of(content)
    for lot, part in zip(lots, cut(content, lots), strict=True):
        file = rewrapped(content, part)
        assert validate(io.BytesIO(file)).valid
        (again,) = lots_of(file)
        assert sum(each.asked for each in again.claims) == sum(
            each.asked for each in lot.claims
        )
        assert again.share is (Share.WHOLE if lot.share is Share.MAIN else Share.OTHER)
        assert [each.billed for each in again.claims] == [
            each.billed for each in whole.claims
        ]


def test_the_marks_that_a_concentrator_sets() -> None:
    """Both say who split them; each says who is asked, and the fund's has no AMC data."""
    content = put(enriched_file(invoices=1), "2", split_by_ps="")
    lots = lots_of(content)
    main, other = (records(each) for each in cut(content, lots))
    first, asked = B2["2"].read(main[1]), B2["2"].read(other[1])
    assert (first["payee"], first["invoice_kind"]) == ("05", "")
    assert (asked["payee"], asked["invoice_kind"]) == ("25", "D")
    assert first["amc_contract_type"] == asked["amc_contract_type"] == "99"
    assert first["split_by_ps"] == asked["split_by_ps"] == ""
    ends = [B2["5"].read(each[-2]) for each in (main, other)]
    assert [end["split_by_oct"] for end in ends] == ["A", "A"]
    assert int(ends[0]["total_amc"]) == 0 < int(ends[1]["total_amc"])
    assert ends[0]["total_amo"] == ends[1]["total_amo"]
    assert B2["1"].read(other[0])["dest_organism"] == "000"


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        ("2", {"amc_contract_type": "89"}, TABLES),
        ("2", {"split_by_ps": "E"}, TABLES),
        ("2", {"split_by_ps": "F"}, TABLES),
        ("5", {"split_by_oct": "A"}, TABLES),
        ("2", {}, NO_TABLES),
        ("2", {}, tables(convention(AMC, mode="I"))),
    ],
    ids=[
        "not-allowed",
        "by-ps-e",
        "by-ps-f",
        "by-oct",
        "no-directory",
        "fund-does-both",
    ],
)
def test_what_may_not_be_split_goes_as_it_came(
    kind: str, values: dict[str, str], told: Tables
) -> None:
    """Not allowed, split before, or nobody to send the other part to: one lot, as sent."""
    content = put(enriched_file(), kind, **values)
    (lot,) = lots_of(content, told)
    assert lot.share is Share.WHOLE
    assert all(each.asked == each.asked_main + each.asked_other for each in lot.claims)


def test_invoices_of_two_payers_make_a_lot_for_each() -> None:
    """One that may not be split stays whole in the fund's lot."""
    content = enriched_file(invoices=4)
    changes = iter(
        ({}, {"amc_no": OTHER_AMC.zfill(10)}, {"amc_contract_type": "00"}, {})
    )
    content = b"".join(
        put(record, "2", **next(changes)) if kind_of(record) == b"2" else record
        for record in records(content)
    )
    main, first, second = lots_of(content)
    assert (first.seqs, second.seqs) == ((1, 4), (2,))
    assert first.match_key != second.match_key
    assert main.claims[2].asked_other > 0
    left = records(cut(content, [main, first, second])[0])
    totals = [int(B2["5"].read(each)["total_amc"]) for each in left if each[:1] == b"5"]
    assert [bool(each) for each in totals] == [False, False, True, False]


def test_a_lot_that_a_payer_would_refuse_is_not_split() -> None:
    """Its client corrects it first."""
    content = put(enriched_file(), "6", total_amo=1)
    (lot,) = lots_of(content)
    assert (lot.share, lot.valid) == (Share.WHOLE, False)


def test_a_senders_own_request_is_known_as_one() -> None:
    """It asks the complementary payer alone, and is routed by the tables."""
    (lot,) = lots_of(enriched_file(alone=True), NO_TABLES)
    assert (lot.share, lot.part) == (Share.OTHER, 0)
    assert all(each.asked == each.asked_main > 0 for each in lot.claims)
    assert SESAM.payer_codes(lot.destination, TABLES) == (CODE,)


def test_without_a_decision_the_words_say_where_it_stopped_and_what_to_do() -> None:
    """No row, or rows that say different things: the candidates are named."""
    (lot,) = lots_of(enriched_file(alone=True), NO_TABLES)
    none = SESAM.destine(lot.destination, tables(convention(OTHER_AMC)))
    assert (none.codes, none.cause, none.sought) == ((), UNDECIDED, AMC)
    assert "names AMC 888888881" in none.words
    assert "octway payer import" in none.words
    several = SESAM.destine(
        lot.destination,
        tables(convention(AMC), convention(AMC, ("OC", "983", "x.example"), row=7)),
    )
    assert several.cause == UNDECIDED
    assert "row 1 of SIGNATORY 888888881" in several.words
    assert "OC/983/x.example" in several.words
    assert {each.row for each in several.steps} >= {1, 7}


def test_a_directory_without_conventions_holds_the_part_and_loses_nothing() -> None:
    """The sender counts on its being asked for: it waits, and the words say for what."""
    main, other = lots_of(enriched_file(), {})
    assert (main.share, other.share) == (Share.MAIN, Share.OTHER)
    waits = SESAM.destine(other.destination, {})
    assert waits.cause == UNDECIDED
    assert "the directory has no table of conventions" in waits.words


def test_files_without_a_second_payer_are_read_as_before() -> None:
    """The tables change nothing for them."""
    content = b2_file()
    assert list(read(io.BytesIO(content), TABLES).lots()) == lots_of(content, NO_TABLES)


def test_the_payers_of_a_sandbox_answer_requests_too() -> None:
    """A SIMULATED answer names the request, and pays that part alone."""
    payer = FundFacts(organism="000", recipient_type="OC", recipient="00001234567890")
    content = enriched_file(alone=True, fund=payer)
    (lot,) = lots_of(content)
    sent = SIMULATION.read_sent(content)
    assert [each.key for each in sent.lots] == [lot.match_key]
    told = [Told(lot=sent.lots[0], decided=[Decided()] * len(lot.claims))]
    day = date.fromisoformat(DAY)
    (back,) = SIMULATION.answer("payment", told, number=1, day=day)
    reading = SESAM.read_return(io.BytesIO(back.content), "sesam.noemie")
    answers = list(reading.answers())
    assert [each.match_keys[0] for each in answers] == [
        each.match_key for each in lot.claims
    ]
    assert [each.paid for each in answers] == [each.asked for each in lot.claims]
    (acknowledged,) = SIMULATION.answer("arl", told, number=2, day=day)
    arl = SESAM.read_return(io.BytesIO(acknowledged.content), "sesam.arl-simulated")
    (answer,) = arl.answers()
    assert lot.match_key.startswith(f"{answer.match_keys[0]}/")

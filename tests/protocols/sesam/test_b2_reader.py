"""The B2 reader: lots, claims, line ends, norms and blocks."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sesam.keys import claim_key, lot_key
from protocols.sesam.reader import read, validate
from protocols.sesam.sample_maker import NORMS
from tests.protocols.sesam.b2_files import RECORD, b2_file, read_all, records_of

LINE_ENDS = (b"", b"\n", b"\r", b"\r\n")


@pytest.mark.parametrize("norm", NORMS)
def test_a_valid_file_of_every_norm_has_no_problem(norm: str) -> None:
    """What the maker makes in any norm is whole, adds up and is not refused."""
    lots, summary = read_all(b2_file(norm=norm, lots=4, invoices=5))

    assert summary.problems == ()
    assert summary.valid
    assert [lot.valid for lot in lots] == [True] * 4
    assert summary.claims == sum(len(lot.claims) for lot in lots) == 20
    assert summary.records == len(b2_file(norm=norm, lots=4, invoices=5)) // RECORD


@pytest.mark.parametrize("norm", NORMS)
def test_amounts_of_claims_add_up_to_the_totals(norm: str) -> None:
    """Billed, asked of the AMO and of the AMC are the file's own totals."""
    lots, summary = read_all(b2_file(norm=norm))
    claims = [claim for lot in lots for claim in lot.claims]

    assert summary.totals == {
        "billed": sum(claim.billed for claim in claims),
        "amo": sum(claim.asked_main for claim in claims),
        "amc": sum(claim.asked_other for claim in claims),
    }
    assert all(claim.asked == claim.asked_main + claim.asked_other for claim in claims)
    assert all(0 < claim.asked <= claim.billed for claim in claims)


def test_lots_and_claims_lie_where_they_say() -> None:
    """Offset and length cut exactly the records of a lot or claim out of the file."""
    data = b2_file(lots=2, invoices=2)
    lots, _ = read_all(data)

    for lot in lots:
        part = data[lot.offset : lot.offset + lot.length]
        assert part[:1] == b"1"
        assert records_of(part)[-1][:1] == b"6"
        assert lot.offset == (lot.record - 1) * RECORD
        for claim in lot.claims:
            own = data[claim.offset : claim.offset + claim.length]
            assert own[:1] == b"2"
            assert records_of(own)[-1][:1] == b"5"
            assert claim.offset == (claim.record - 1) * RECORD
            assert own[26:35].decode() == claim.number


def test_keys_hold_professional_lot_and_invoice() -> None:
    """A claim's key is its lot's key and its number; a return is matched by it."""
    lots, _ = read_all(b2_file())
    lot = lots[1]

    assert lot.match_key == lot_key(lot.sender, lot.date, lot.number)
    assert [claim.match_key for claim in lot.claims] == [
        claim_key(lot.sender, lot.date, lot.number, claim.number)
        for claim in lot.claims
    ]
    assert lot.date == "2026-11-02"
    assert lot.flow == "billing"
    assert [each.position for each in lots] == [1, 2, 3]


def test_destination_comes_from_the_recipient_and_the_lot() -> None:
    """Regime and centre are the recipient's, the organism the lot's own."""
    lots, _ = read_all(b2_file())

    assert dict(lots[0].destination) == {
        "regime": "01",
        "organism": "751",
        "centre": "036",
        "recipient_type": "CT",
        "invoice_regime": "01",
        "fund": "751",
        "fund_centre": "0000",
        "batch": "FR",
    }


def test_a_file_addressed_to_a_concentrator_takes_the_invoices_regime() -> None:
    """The number of a concentrator holds no regime, whatever its digits are."""
    data = b2_file()
    data = data[:25] + b"OT" + data[27:]

    lots, _ = read_all(data)

    assert lots[0].destination["regime"] == "01"
    assert lots[0].destination["centre"] == ""


def test_the_patients_own_number_wins_over_the_insured_persons() -> None:
    """Where a record 2S gives the patient's number, the claim is found by it."""
    data = b2_file(lots=1, invoices=30)
    lots, _ = read_all(data)
    records = records_of(data)

    for claim in lots[0].claims:
        own = records[claim.record - 1]
        more = records[claim.record]
        if more[35:36] == b"S":
            assert claim.patient == more[49:64].decode()
        else:
            assert claim.patient == (own[11:26] + own[95:102]).decode()


@pytest.mark.parametrize("norm", ["FR", "CP"])
@pytest.mark.parametrize("line_end", LINE_ENDS)
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_change_nothing_but_places(
    norm: str, line_end: bytes, last: bool
) -> None:
    """CR, LF, CR LF or nothing between records: the same lots, the same claims."""
    plain, plain_summary = read_all(b2_file(norm=norm))
    data = b2_file(norm=norm, line_end=line_end)
    lots, summary = read_all(data if last else data.rstrip(b"\r\n"))

    assert summary == plain_summary
    assert [_without_places(lot) for lot in lots] == [
        _without_places(lot) for lot in plain
    ]


@pytest.mark.parametrize(
    "tail", [b"\x1a", b"\r\n\r\n", b"\r\n\x1a", b" " * 300, b"\0" * 50]
)
@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_a_tail_of_blanks_and_control_characters_is_no_record(
    tail: bytes, line_end: bytes
) -> None:
    """Ctrl-Z, blank lines and filling behind the last record are left alone."""
    _, summary = read_all(b2_file(line_end=line_end) + tail)

    assert summary == read_all(b2_file())[1]


@settings(max_examples=40, deadline=None)
@given(
    norm=st.sampled_from(("FR", "CP")),
    ends=st.lists(st.sampled_from(LINE_ENDS), min_size=1, max_size=5),
    block=st.integers(1, 5000),
)
def test_mixed_line_ends_and_any_block_give_the_same_lots(
    norm: str, ends: list[bytes], block: int
) -> None:
    """Neither the size of a block nor changing line ends show in the result."""
    data = b2_file(norm=norm)
    plain, plain_summary = read_all(data)
    mixed = b"".join(
        record + ends[place % len(ends)]
        for place, record in enumerate(records_of(data))
    )

    lots, summary = read_all(mixed, block=block)

    assert summary == plain_summary
    assert [_without_places(lot) for lot in lots] == [
        _without_places(lot) for lot in plain
    ]


@pytest.mark.parametrize("block", [256, 300, 1000, 4096, 1 << 16])
def test_any_block_gives_the_same_places(block: int) -> None:
    """A lot that lies across blocks is put together with its true offsets."""
    data = b2_file(lots=5, invoices=4, line_end=b"\n")

    assert read_all(data, block=block) == read_all(data)


@pytest.mark.parametrize("norm", ["FR", "CP"])
def test_validating_says_what_reading_says(norm: str) -> None:
    """The fast way and the listing way agree on counts, totals and keys."""
    data = b2_file(norm=norm)
    _, summary = read_all(data)

    assert validate(io.BytesIO(data)) == summary


def test_a_stream_without_readinto_is_read_too() -> None:
    """A decrypting stream that only offers `read` gives the same lots."""

    class OnlyRead:
        def __init__(self, data: bytes) -> None:
            self._inner = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self._inner.read(min(size, 1000))

    data = b2_file()
    reading = read(OnlyRead(data))  # type: ignore[arg-type]

    assert list(reading.lots()) == read_all(data)[0]


def _without_places(lot: object) -> tuple[object, ...]:
    return (
        lot.position,  # type: ignore[attr-defined]
        lot.match_key,  # type: ignore[attr-defined]
        lot.problems,  # type: ignore[attr-defined]
        [claim._replace(offset=0, length=0) for claim in lot.claims],  # type: ignore[attr-defined]
    )

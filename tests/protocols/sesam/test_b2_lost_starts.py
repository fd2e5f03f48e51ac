"""A lot is told by its invoices and its end, even if its beginning is lost."""

from __future__ import annotations

import pytest

from tests.protocols.sesam.b2_files import RECORD, b2_file, read_all, records_of


@pytest.mark.parametrize("norm", ["FR", "CP"])
@pytest.mark.parametrize("how", ["destroyed", "missing", "first character"])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_lot_whose_first_record_is_lost_is_still_a_lot(
    norm: str, how: str, which: int
) -> None:
    """Its claims, number and professional are told; that nothing can answer it, too."""
    data = b2_file(norm=norm, seed=5)
    whole, _ = read_all(data)
    at = whole[which].offset
    instead = {
        "destroyed": b"?" * RECORD,
        "missing": b"",
        "first character": b"?" + data[at + 1 : at + RECORD],
    }[how]

    lots, summary = read_all(data[:at] + instead + data[at + RECORD :])

    assert [len(lot.claims) for lot in lots] == [len(lot.claims) for lot in whole]
    assert (summary.lots, summary.claims) == (3, sum(len(lot.claims) for lot in whole))
    assert [lot.number for lot in lots] == [lot.number for lot in whole]
    assert [lot.sender for lot in lots] == [lot.sender for lot in whole]
    assert [lot.valid for lot in lots] == [number != which for number in range(3)]
    lost = lots[which]
    assert (lost.date, lost.match_key) == ("", "")
    assert {claim.match_key for claim in lost.claims} == {""}
    assert [claim.number for claim in lost.claims] == [
        claim.number for claim in whole[which].claims
    ]
    told = [each for each in lost.problems if each.code == "lot-start-lost"]
    assert [each.record for each in told] == [lost.record]
    assert "no key" in told[0].message


def test_records_of_another_professional_make_no_lot() -> None:
    """An invoice and a lot's end that are strangers to one another stay outside."""
    records = records_of(b2_file(lots=1))
    end = records[-2][:1] + b"999999999" + records[-2][10:]

    lots, _ = read_all(b"".join([records[0], *records[2:-2], end, records[-1]]))

    assert lots == []

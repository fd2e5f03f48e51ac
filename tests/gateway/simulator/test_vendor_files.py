"""The files that simulated vendor software makes."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random

import pytest

from gateway.simulator.vendor_accounts import Account, NumberBook, invent
from gateway.simulator.vendor_files import REFUSED, Address, Bill, Kind, Typist
from protocols.sesam.network import SESAM
from tests.gateway.simulator.study import FRENCH

ACCOUNT = invent(1, 1, bytes, [FRENCH])
FUND = Address(network="sesam", code="01990", rules={})


def typist(folder: Path, account: Account = ACCOUNT, seed: int = 1) -> Typist:
    return Typist(
        account=account,
        simulated=[FRENCH],
        addresses=[FUND],
        numbers=NumberBook(folder / "numbers.json"),
        rng=Random(seed),
        today=lambda: "2026-11-22",
    )


def lots(bill: Bill) -> list[tuple[str, str]]:
    reading = SESAM.read(io.BytesIO(bill.content), "sesam.b2")
    return [(lot.sender, lot.match_key) for lot in reading.lots()]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_bad_file_is_bad_and_a_good_one_is_good(kind: Kind, tmp_path: Path) -> None:
    """What the software knows of its own file is what a reader finds in it."""
    bill = typist(tmp_path).make(kind, ACCOUNT.senders[0])
    found = SESAM.recognise(bill.content)
    if kind is Kind.NOISE:
        assert found is None
        return
    reading = SESAM.read(io.BytesIO(bill.content), "sesam.b2")
    claims = [claim for lot in reading.lots() for claim in lot.claims]

    assert found == "sesam.b2"
    assert reading.summary().valid is (kind not in REFUSED)
    if kind is Kind.GOOD:
        assert bill.asked.keys() == {claim.match_key for claim in claims}
        assert all(claim.asked in bill.asked[claim.match_key] for claim in claims)


def test_software_that_was_killed_never_uses_a_number_twice(tmp_path: Path) -> None:
    """Lots and invoices go on after the last that was ever begun."""
    seen: list[tuple[str, str]] = []
    invoices: list[str] = []
    for seed in range(3):
        maker = typist(tmp_path, seed=seed)
        for sender in ACCOUNT.senders:
            bill = maker.make(Kind.GOOD, sender)
            seen += lots(bill)
            invoices += bill.asked

    assert len(set(seen)) == len(seen)
    assert len(set(invoices)) == len(invoices)


def test_some_files_are_bad_and_most_are_good(tmp_path: Path) -> None:
    """Every kind is met within some hundred files, and good ones prevail."""
    maker = typist(tmp_path)
    kinds = [maker.next().kind for _ in range(300)]

    assert set(kinds) == set(Kind)
    assert kinds.count(Kind.GOOD) > 240


def test_channels_alternate() -> None:
    """With two clients or more, both doors are used."""
    channels = [invent(number, 1, bytes, [FRENCH]).channel for number in (1, 2)]

    assert channels == ["sftp", "https"]

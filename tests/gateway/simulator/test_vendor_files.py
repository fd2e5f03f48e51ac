"""The files that simulated vendor software makes."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from gateway.simulator.vendor_accounts import Account, NumberBook, invent
from gateway.simulator.vendor_files import REFUSED, Address, Bill, Kind, Typist
from protocols.sesam import pdf_child
from protocols.sesam.attachments import SCOR
from protocols.sesam.keys import normal_lot, normal_ps
from protocols.sesam.network import SESAM
from tests.gateway.simulator.study import FRENCH

ACCOUNT = invent(1, 1, bytes, [FRENCH])
FUND = Address(network="sesam", code="01990", rules={})


def typist(
    folder: Path,
    account: Account = ACCOUNT,
    seed: int = 1,
    addresses: Sequence[Address] = (FUND,),
) -> Typist:
    folder.mkdir(exist_ok=True)
    return Typist(
        account=account,
        simulated=[FRENCH],
        addresses=addresses,
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


def test_now_and_then_a_document_follows_a_file_for_a_payer_that_takes_some(
    tmp_path: Path,
) -> None:
    """It is named after the file's first claim, and sound; other payers get none."""
    fund = evolve(FUND, flows=("billing", "attachment"))
    maker = typist(tmp_path, addresses=[fund])
    bills = [maker.next() for _ in range(12)]
    documents = [
        (before, bill)
        for before, bill in pairwise(bills)
        if bill.name.startswith("scor_")
    ]
    assert documents
    for before, bill in documents:
        first = next(SESAM.read(io.BytesIO(before.content), "sesam.b2").lots())
        about = SCOR.about(bill.name)
        assert about is not None
        assert about.sender == normal_ps(first.sender)
        assert about.lot == normal_lot(first.number)
        assert first.claims[0].match_key.endswith(about.invoice)
        told = json.dumps(pdf_child.facts(bill.content)).encode()
        assert not SCOR.judge(told, size=len(bill.content))
    contents = {bill.content for _, bill in documents}
    assert len(contents) == len(documents)
    without = typist(tmp_path / "without")
    assert not any(without.next().name.startswith("scor_") for _ in range(12))

"""The sample maker and the numbers it invents."""

from __future__ import annotations

import io
import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sesam.reader import validate
from protocols.sesam.sample_maker import (
    NORMS,
    FileFacts,
    FundFacts,
    SenderFacts,
    make_file,
    make_sender,
    nir_key,
    with_luhn,
    write_file,
)

SENDER = SenderFacts(kind="TE", number=with_luhn("75000001"), name="CLINIQUE DU LAC")


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    norm=st.sampled_from(NORMS),
    lots=st.integers(1, 4),
    invoices=st.integers(1, 6),
    day=st.dates(date(2001, 1, 1), date(2078, 12, 31)),
)
def test_every_made_file_is_valid(
    seed: int, norm: str, lots: int, invoices: int, day: date
) -> None:
    """Whatever is asked of the maker, its file has no problem, not even a warning."""
    data = make_file(
        random.Random(seed),
        sender=SENDER,
        lots=lots,
        invoices_per_lot=invoices,
        day=str(day),
        norm=norm,
    )

    summary = validate(io.BytesIO(data))

    assert summary.problems == ()
    assert (summary.lots, summary.claims) == (lots, lots * invoices)


def test_lot_numbers_go_on_after_999() -> None:
    """More lots than numbers take the day before, so no lot is doubled."""
    facts = FileFacts(
        sender=SENDER, fund=FundFacts(), lots=1010, invoices_per_lot=1, day="2026-11-02"
    )
    into = io.BytesIO()
    size = write_file(random.Random(1), facts, into)
    into.seek(0)

    summary = validate(into)

    assert size == len(into.getvalue())
    assert summary.problems == ()
    assert summary.lots == 1010


def test_the_same_seed_gives_the_same_file() -> None:
    """A demo or a test can be run again with the same data."""
    made = {
        make_file(
            random.Random(3),
            sender=SENDER,
            lots=2,
            invoices_per_lot=2,
            day="2026-11-02",
        )
        for _ in range(2)
    }

    assert len(made) == 1


def test_an_unknown_norm_is_refused() -> None:
    """The error says which norms there are."""
    with pytest.raises(ValueError, match="the norm 'XX' is unknown"):
        make_file(
            random.Random(3),
            sender=SENDER,
            lots=1,
            invoices_per_lot=1,
            day="2026-11-02",
            norm="XX",
        )


def test_keys_of_national_numbers_know_corsica() -> None:
    """2A counts as 19 and 2B as 18, as the rule of 1,000,000 and 2,000,000 says."""
    for letters, less in (("2A", 1_000_000), ("2B", 2_000_000)):
        number = int(f"190012{0}004001") - less
        assert nir_key(f"19001{letters}004001"[:13]) == f"{97 - number % 97:02}"


@given(st.text("0123456789", min_size=1, max_size=20))
def test_luhn_keys_are_checked_by_doubling(digits: str) -> None:
    """The key makes the sum of digits, every second doubled, a multiple of ten."""
    values = [int(each) for each in reversed(with_luhn(digits))]

    total = sum(values[::2]) + sum(sum(divmod(2 * each, 10)) for each in values[1::2])

    assert total % 10 == 0


def test_senders_are_invented_with_right_keys() -> None:
    """An invented professional has nine digits that fit, and an invented name."""
    sender = make_sender(random.Random(9))

    assert with_luhn(sender.number[:-1]) == sender.number
    assert len(sender.number) == 9

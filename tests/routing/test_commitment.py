"""Which commitment serves care on a day, and why none does."""

from __future__ import annotations

import pytest

from routing.commitment import Promise, best, lack

OLD = Promise("300", "2026-10-01", "2026-10-31")
NEW = Promise("300", "2026-11-03", "2026-12-03", "2026-11-01", "2026-11-15")
OTHER = Promise("100", "2026-11-03", "2026-12-03")


def test_one_that_covers_the_day_comes_before_a_newer_one() -> None:
    assert best([OLD, NEW], payer_code="300", day="2026-10-20") == OLD
    assert best([OLD, NEW], payer_code="300", day="2026-11-10") == NEW
    assert best([OLD, NEW], payer_code="300", day="2026-12-24") == NEW
    assert best([OTHER], payer_code="300", day="2026-11-10") is None


@pytest.mark.parametrize(
    ("promises", "day", "words"),
    [
        ([NEW], "2026-11-15", ""),
        ([NEW], "2026-11-16", "the payment commitment of 2026-11-03 is for an insurance"),
        ([OLD], "2026-11-01", "the payment commitment of 2026-10-01 was valid until 2026-10-31"),
        ([OTHER], "2026-11-10", "the only payment commitments known are of 100"),
        ([], "2026-11-10", "no payment commitment is known"),
    ],
)  # fmt: skip
def test_what_is_lacking_is_said(promises: list[Promise], day: str, words: str) -> None:
    said = lack(promises, payer_code="300", day=day)
    assert said.startswith(words)
    assert bool(said) is bool(words)

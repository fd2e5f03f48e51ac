"""Dealing a study: the shares come out, and the same seed deals the same."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.simulator.study_faults import ALSO, MIX, read_faults
from gateway.simulator.study_plan import Plan, deal
from tests.gateway.simulator.study import FRENCH, IDS, faults, plan


def shares(of: Plan) -> dict[str, float]:
    hit: Counter[str] = Counter()
    for lot in of.lots:
        hit[lot.fault] += lot.claims
    return {name: hit[name] / of.claims for name in MIX}


def test_the_shares_come_out_as_the_file_says() -> None:
    """At full size each share is met to a tenth of a point, and all by a fifth."""
    default = read_faults(None, IDS)
    dealt = deal([FRENCH], claims=100_000, days=120, seed=3, faults=default)

    assert dealt.claims == 100_000
    for name, share in shares(dealt).items():
        assert share == pytest.approx(default.mix[name], abs=0.0015), name
    assert sum(shares(dealt).values()) == pytest.approx(0.30, abs=0.002)


def test_shares_of_everything_leave_nothing_untouched() -> None:
    """Where the shares add up to 1 every lot is hit."""
    dealt = plan(faults(lost_in_transit=0.5, not_enrolled=0.3, never_answered=0.2))

    assert all(lot.fault for lot in dealt.lots)


def test_a_sender_is_unknown_to_a_payer_for_all_its_lots() -> None:
    """Enrolment is a matter of sender and payer, not of a lot."""
    dealt = plan(faults(not_enrolled=0.3), claims=2000)
    hit = {(lot.sender, lot.payer) for lot in dealt.lots if lot.fault}

    assert hit == dealt.unregistered
    assert all(
        lot.fault == "not_enrolled"
        for lot in dealt.lots
        if (lot.sender, lot.payer) in hit
    )


def test_what_loses_nothing_is_dealt_beside_the_faults() -> None:
    """Shares of `also` are of all lots, whatever else hits them."""
    dealt = plan(faults(late=0.25, doubled=0.5, out_of_order=1.0, misrouted=0.5))

    for name, share in zip(ALSO, (0.25, 0.5, 1.0), strict=True):
        count = sum(bool(getattr(lot, name)) for lot in dealt.lots)
        assert count == pytest.approx(share * len(dealt.lots), abs=1), name


def test_lots_leave_time_for_their_answers() -> None:
    """A long study sends until 75 days before its end, on working days only."""
    dealt = plan(claims=4000, days=120)

    assert max(lot.day for lot in dealt.lots) < 45
    assert all(lot.date.weekday() < 5 for lot in dealt.lots)


def test_every_lot_has_a_key_of_its_own() -> None:
    """No two lots or invoices of a sender share their numbers."""
    dealt = plan(claims=4000, days=120)
    invoices = [
        (lot.sender, lot.first_invoice + offset)
        for lot in dealt.lots
        for offset in range(lot.claims)
    ]

    assert len(dealt.by_key) == len(dealt.lots)
    assert len(set(invoices)) == len(invoices) == dealt.claims


def test_the_same_seed_deals_the_same() -> None:
    """Both runs of a study, and a study repeated, meet the same faults."""
    mix = faults(lost_in_transit=0.2, late=0.2)

    assert plan(mix) == plan(mix)
    assert plan(mix) != plan(mix, seed=2)


@pytest.mark.parametrize("claims", [1, 3, 7])
def test_a_tiny_study_sends_what_was_asked_for(claims: int) -> None:
    """However few the claims, all are there."""
    assert plan(claims=claims).claims == claims

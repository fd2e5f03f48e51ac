"""The floor: what no remedy could have had answered before the end."""

from __future__ import annotations

from attrs import evolve

from gateway.simulator.study_faults import PayerFaults
from gateway.simulator.study_floor import answered_in_time, beyond_remedy
from gateway.simulator.study_plan import Plan
from gateway.simulator.study_timing import Timing
from tests.gateway.simulator.study import faults, plan, timings


def lost_of(of: Plan) -> frozenset[str]:
    return beyond_remedy(of, timings(of))


def test_what_can_be_mended_is_not_in_the_floor() -> None:
    """Only what its payer will never answer is beyond every remedy."""
    dealt = plan(
        faults(lost_in_transit=0.2, return_lost=0.2, misrouted=0.2, never_answered=0.1)
    )
    never = {lot.key for lot in dealt.lots if lot.fault == "never_answered"}

    assert never
    assert lost_of(dealt) == never


def test_an_enrolment_that_opens_too_late_is_in_the_floor() -> None:
    """A sender that cannot be known before the end has no answers by then."""
    mix = faults({"*": PayerFaults(enrolment_days=300)}, not_enrolled=0.2)
    dealt = plan(mix)

    assert lost_of(dealt) == {lot.key for lot in dealt.lots if lot.fault}


def test_an_enrolment_that_opens_in_time_is_not() -> None:
    """What a sender bills later goes out once it is known."""
    assert lost_of(plan(faults(not_enrolled=0.2))) == frozenset()


def test_an_outage_until_the_end_is_in_the_floor() -> None:
    """What would have come on a day of an outage comes after it, or too late."""
    silent = PayerFaults(outage_days=frozenset(range(60)))
    dealt = plan(faults({"caisse-sud": silent}))

    assert lost_of(dealt) == {
        lot.key for lot in dealt.lots if lot.payer == "caisse-sud"
    }


def test_an_outage_of_days_only_delays() -> None:
    """What is back before the end costs nothing."""
    short = PayerFaults(outage_days=frozenset(range(20, 30)))

    assert lost_of(plan(faults({"*": short}))) == frozenset()


def test_late_answers_are_in_the_floor_only_beyond_the_end() -> None:
    """A late answer counts as one if it comes before the study ends."""
    dealt = plan(faults(late=1.0))
    short = evolve(dealt, days=25)

    assert lost_of(dealt) == frozenset()
    assert len(lost_of(short)) > len(dealt.lots) / 2


def test_a_payer_without_faults_is_always_in_time() -> None:
    """Natural delays stay within what the payer promises."""
    dealt = plan(claims=4000, days=120)
    paces: dict[str, Timing] = {each.profile.id: each for each in timings(dealt)}

    assert all(answered_in_time(lot, paces[lot.payer]) for lot in dealt.lots)

"""The result of a study: every promised key, and shares that are of what they say."""

from __future__ import annotations

import pytest
from attrs import evolve

from gateway.simulator.study_faults import MIX
from gateway.simulator.study_report import Study
from tests.gateway.simulator.study import faults, measured, plan, timings

PLAN = plan(faults(lost_in_transit=0.25, never_answered=0.05, late=0.1))
HIT = frozenset(lot.key for lot in PLAN.lots if lot.fault)
NEVER = frozenset(lot.key for lot in PLAN.lots if lot.fault == "never_answered")
STUDY = Study(
    plan=PLAN,
    timings=timings(PLAN),
    untracked=measured(PLAN, unanswered=HIT),
    tracked=evolve(
        measured(PLAN, unanswered=NEVER), remedies={"resend": (40, 100)}, memory_mb=90.0
    ),
)


def test_the_json_object_has_the_keys_that_were_promised() -> None:
    """Programs built on `--json` find what the contract names."""
    found = STUDY.to_json(12.34)

    assert (found["seed"], found["days"], found["claims"]) == (1, 60, 400)
    assert found["untracked"]["no_response_ratio"] == pytest.approx(0.30, abs=0.01)
    assert found["tracked"]["no_response_ratio"] == found["floor"]
    assert found["floor"] == pytest.approx(0.05, abs=0.01)
    assert found["tracked"]["remedies"] == {"resend": {"tried": 40, "brought": 100}}
    assert set(found["by_cause"]) == set(MIX)
    assert found["seconds"] == 12.3


def test_causes_are_counted_by_the_claims_that_they_hit() -> None:
    """A cause says how many claims it hit, and how many of them lack an answer."""
    causes = STUDY.to_json(0)["by_cause"]

    assert causes["lost_in_transit"] == {"hit": 100, "untracked": 1.0, "tracked": 0.0}
    assert causes["never_answered"] == {"hit": 20, "untracked": 1.0, "tracked": 1.0}
    assert causes["misrouted"] == {"hit": 0, "untracked": 0.0, "tracked": 0.0}


def test_payers_add_up_to_the_whole() -> None:
    """Every claim is its payer's, and the rates agree with the whole."""
    found = STUDY.to_json(0)
    payers = found["by_payer"].values()
    lacking = sum(each["claims"] * each["untracked"] for each in payers)

    assert sum(each["claims"] for each in payers) == found["claims"]
    assert lacking == pytest.approx(
        found["claims"] * found["untracked"]["no_response_ratio"], abs=0.1
    )


def test_only_what_was_answered_in_time_is_a_false_alarm() -> None:
    """Calling a late or a lost claim missing is right."""
    punctual = next(lot for lot in PLAN.lots if not lot.fault and not lot.late)
    late = next(lot for lot in PLAN.lots if lot.late and not lot.fault)
    lost = next(lot for lot in PLAN.lots if lot.fault)
    called = {lot.key: lot.claims for lot in (punctual, late, lost)}
    found = evolve(STUDY, tracked=evolve(STUDY.tracked, missing=called)).to_json(0)

    assert found["false_alarms"]["claims"] == punctual.claims
    assert found["late_called_missing"] == late.claims


def test_the_curves_count_what_had_time_to_be_answered() -> None:
    """Each day looks at claims sent 20 days before or earlier."""
    curves = STUDY.curves()
    answered_on = 30

    assert curves[0][0] == 20
    assert all(off == on == 1.0 for day, off, on in curves if day < answered_on)
    assert curves[-1][1:] == (
        STUDY.to_json(0)["untracked"]["no_response_ratio"],
        STUDY.to_json(0)["floor"],
    )

"""A case that is put off comes back: in time, and at once when it gets worse."""

from __future__ import annotations

import pytest

from gateway.committing import Tx
from gateway.journal import anomalies, case_work, schema
from gateway.journal.case_work import CaseChanged, NotSnoozable
from routing.case import Extent, higher, worse
from tests.gateway.journal.desk import Desk

HOUR = 3600.0


def seen(tx: Tx, desk: Desk, claims: int = 0, severity: str = anomalies.WARNING) -> str:
    return anomalies.raise_(
        tx,
        desk.entropy,
        kind="claims-rejected",
        severity=severity,
        subject="s",
        words="w",
        claims=claims,
    )


def put_off(desk: Desk, case: str, seconds: float = HOUR) -> None:
    desk.write(lambda tx: case_work.snooze(tx, case, desk.at + seconds, by="lea"))


def stands(desk: Desk, case: str) -> tuple[str, str, float | None]:
    row = desk.row(schema.anomaly, schema.anomaly.c.id == case)
    return row.state, row.severity, row.snoozed_until


def test_it_sleeps_through_repeats_and_wakes_in_time(desk: Desk) -> None:
    """What goes on as before disturbs nobody until the hour that was said."""
    case = desk.write(seen, desk, 100)
    put_off(desk, case)
    desk.at += HOUR - 1
    desk.write(seen, desk, 10)
    assert desk.write(case_work.wake_due) == 0
    assert stands(desk, case)[0] == "snoozed"
    desk.at += 1
    assert desk.write(case_work.wake_due) == 1
    assert stands(desk, case) == ("open", "warning", None)
    assert desk.broken() == []


@pytest.mark.parametrize(
    ("claims", "severity", "state"),
    [
        pytest.param(49, "warning", "snoozed", id="somewhat-more"),
        pytest.param(50, "warning", "assigned", id="half-as-many-again"),
        pytest.param(0, "error", "assigned", id="higher-severity"),
    ],
)
def test_it_wakes_at_once_when_it_gets_worse(
    desk: Desk, claims: int, severity: str, state: str
) -> None:
    """And goes back to who had it."""
    case = desk.write(seen, desk, 100)
    desk.write(lambda tx: case_work.assign(tx, case, "lea", by="lea"))
    put_off(desk, case)
    desk.write(seen, desk, claims, severity)
    assert stands(desk, case)[:2] == (state, severity)


def test_little_more_by_little_wakes_it_too(desk: Desk) -> None:
    """It is compared with how it was when it was put off, not with yesterday."""
    case = desk.write(seen, desk, 100)
    put_off(desk, case)
    for _ in range(5):
        desk.write(seen, desk, 10)
    assert stands(desk, case)[0] == "open"


def test_a_few_claims_more_are_not_many(desk: Desk) -> None:
    """Twice as many as four are eight: no reason to wake anybody."""
    assert not worse(Extent("error", 4), Extent("error", 8))
    assert worse(Extent("error", 4), Extent("error", 14))
    assert not worse(Extent("error", 4), Extent("warning", 4))
    assert higher("error", "critical") == "critical"
    assert higher("unheard-of", "warning") == "warning"


def test_a_moment_that_has_passed_is_refused(desk: Desk) -> None:
    """So is one that is years away: nobody would ever see it again."""
    case = desk.write(seen, desk)
    for seconds in (0, -1, 367 * 24 * HOUR):
        with pytest.raises(NotSnoozable):
            put_off(desk, case, seconds)
    assert stands(desk, case)[0] == "open"


def test_acting_ends_the_sleep(desk: Desk) -> None:
    """Who takes or closes a case that was put off has it now."""
    case = desk.write(seen, desk)
    put_off(desk, case)
    desk.write(lambda tx: case_work.assign(tx, case, "lea", by="lea"))
    assert stands(desk, case) == ("assigned", "warning", None)
    put_off(desk, case)
    desk.write(lambda tx: case_work.resolve(tx, case, "done", by="lea"))
    assert stands(desk, case) == ("resolved", "warning", None)
    desk.write(seen, desk, 0, "error")
    assert stands(desk, case) == ("open", "error", None)


def test_what_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    """Who acts says how the case stood when they looked; repeats do not count."""
    case = desk.write(seen, desk)
    was = case_work.stamp(desk.row(schema.anomaly))
    desk.write(seen, desk)
    desk.write(lambda tx: case_work.assign(tx, case, "ann", by="ann", was=was))
    for act in (
        lambda tx: case_work.assign(tx, case, "bob", by="bob", was=was),
        lambda tx: case_work.resolve(tx, case, "w", by="bob", was=was),
        lambda tx: case_work.snooze(tx, case, desk.at + HOUR, by="bob", was=was),
    ):
        with pytest.raises(CaseChanged, match=r"assigned \(ann\)"):
            desk.write(act)

"""Palliative notifications: ten days back, thirty days to put a refusal right."""

from __future__ import annotations

from datetime import date

import pytest

from protocols.mycarenet.palliative import (
    Stand,
    accepted_after_all,
    earliest_start,
    may_start,
    open_until,
    stand,
)

NOTIFIED = date(2026, 11, 3)
REFUSED = date(2026, 11, 4)


@pytest.mark.parametrize(
    ("start", "allowed"),
    [
        (date(2026, 10, 23), False),
        (date(2026, 10, 24), True),
        (NOTIFIED, True),
        (date(2026, 11, 10), True),
    ],
)
def test_a_notification_reaches_back_ten_days_at_most(
    start: date, allowed: bool
) -> None:
    assert may_start(start, notified=NOTIFIED) is allowed
    assert earliest_start(NOTIFIED) == date(2026, 10, 24)


@pytest.mark.parametrize(
    ("result", "reason", "today", "where"),
    [
        ("1", "", REFUSED, Stand.ACCEPTED),
        ("5", "901", REFUSED, Stand.OPEN),
        ("5", "901", date(2026, 12, 4), Stand.OPEN),
        ("5", "901", date(2026, 12, 5), Stand.REFUSED),
        ("5", "902", REFUSED, Stand.REFUSED),
    ],
)
def test_a_refusal_for_the_doctors_notification_stays_open_thirty_days(
    result: str, reason: str, today: date, where: Stand
) -> None:
    found = stand(result=result, reason=reason, answered=REFUSED, today=today)
    assert found is where


@pytest.mark.parametrize(
    ("doctor", "accepted"),
    [
        (date(2026, 11, 3), False),  # it was there: refused for something else
        (REFUSED, True),
        (date(2026, 12, 4), True),
        (date(2026, 12, 5), False),
    ],
)
def test_the_doctor_puts_a_refusal_right_within_thirty_days(
    doctor: date, accepted: bool
) -> None:
    assert open_until(REFUSED) == date(2026, 12, 4)
    assert accepted_after_all(refused=REFUSED, doctor_notified=doctor) is accepted

"""What a payer owes after a sending."""

from __future__ import annotations

from datetime import UTC, datetime

from config.directory_records import CalendarEntry, Expects, Within
from routing.calendar import WorkCalendar
from routing.envelope import Level
from routing.expectation import owed

SENT = datetime(2026, 11, 24, 9, tzinfo=UTC).timestamp()
EXPECTS = (
    Expects("payment", "claim", "", Within(7, 0), Within(5, 0)),
    Expects("arl", "lot", "billing", Within(2, 0), Within(3, 0)),
    Expects("rights", "claim", "eligibility", Within(0, 60.0), Within(0, 60.0)),
)


def day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def test_each_answer_of_the_flow_is_owed_soonest_first() -> None:
    """Acknowledgement for the lot, payment for each claim, in working days."""
    calendar = WorkCalendar(CalendarEntry(country="FR"), "UTC")
    found = owed(EXPECTS, flow="billing", sent_at=SENT, calendar=calendar)
    assert [
        (each.kind, each.level, day(each.due_at), day(each.missing_at))
        for each in found
    ] == [
        ("arl", Level.LOT, "2026-11-26", "2026-12-01"),
        ("payment", Level.CLAIM, "2026-12-03", "2026-12-10"),
    ]


def test_a_flow_owes_only_its_own_answers() -> None:
    """Eligibility is answered within the minute, and owes no acknowledgement."""
    calendar = WorkCalendar(CalendarEntry(country="FR"), "UTC")
    found = owed(EXPECTS, flow="eligibility", sent_at=SENT, calendar=calendar)
    assert [each.kind for each in found] == ["rights", "payment"]
    assert found[0].due_at == SENT + 60
    assert found[0].missing_at == SENT + 120


def test_what_is_usual_postpones_missing_and_never_advances_it() -> None:
    """Late goes by the payer's ways; missing by contract, or later."""
    calendar = WorkCalendar(CalendarEntry(country="FR"), "UTC")

    def of(usual_at: float) -> tuple[str, str, str]:
        (payment,) = owed(
            EXPECTS[:1],
            flow="billing",
            sent_at=SENT,
            calendar=calendar,
            usual=lambda _kind, _due_at: usual_at,
        )
        return day(payment.late_at), day(payment.due_at), day(payment.missing_at)

    late_by = 86_400.0
    assert of(SENT + 2 * late_by) == ("2026-11-26", "2026-12-03", "2026-12-10")
    assert of(SENT + 14 * late_by) == ("2026-12-08", "2026-12-03", "2026-12-15")

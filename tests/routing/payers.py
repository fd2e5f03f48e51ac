"""Payers of a directory, made for a test."""

from __future__ import annotations

from datetime import date

from config.directory_records import (
    CalendarEntry,
    CodeEntry,
    Delivery,
    Gather,
    PayerEntry,
    Retry,
)


def payer(id: str, network: str, name: str, *, code: str = "") -> PayerEntry:
    """Make a payer; without a code it has 011, which ended for 012, and 013."""
    return PayerEntry(
        id=id,
        name=name,
        network=network,
        country="FR",
        time_zone="Europe/Paris",
        codes=(
            (CodeEntry(code, None, None, None),)
            if code
            else (
                CodeEntry("011", None, date(2025, 12, 31), "012"),
                CodeEntry("013", date(2026, 1, 1), None, None),
            )
        ),
        endpoint=None,
        flows=("billing",),
        enrolment=True,
        rules={},
        gather=Gather(1, 1, 1, 0),
        delivery=Delivery(
            windows=(), concurrency=1, retry=Retry(1, 2, 3, 4), resend_same_number=False
        ),
        expects=(),
        calendar=CalendarEntry(),
    )

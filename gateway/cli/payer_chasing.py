"""What `octway payer show` says of missing answers: desk, playbook, announced outages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.directory_records import PayerEntry, RemedyEntry
from gateway.wording import money
from routing.remedy import WORDS, Remedy


def shown_chasing(payer: PayerEntry) -> list[tuple[str, str]]:
    """Return names and values for people."""
    book = payer.playbook
    pairs = [
        ("desk", _desk(payer)),
        ("a remedy tried", "if an answer is late, in turn"),
    ]
    pairs += [(each.do, _remedy(each)) for each in book.remedies]
    above = (
        "never asked"
        if book.approve_above is None
        else f"asked above {money(book.approve_above)}"
    )
    pairs += [
        ("second person", above),
        ("patience", f"{book.patience} for a lot that it has and has not decided"),
    ]
    pairs += [
        (
            "outage",
            f"{_time(each.first)} to {_time(each.last)}, {each.why}".rstrip(", "),
        )
        for each in payer.calendar.outages
    ]
    return pairs


def chasing_as_json(payer: PayerEntry) -> dict[str, Any]:
    """Return the same for programs; `approve_above` is in cents, null is never."""
    book = payer.playbook
    return {
        "desk": list(payer.desk.answers),
        "playbook": {
            "approve_above": book.approve_above,
            "patience": str(book.patience),
            "remedies": [
                {"do": each.do, "most": each.most, "wait": str(each.wait)}
                for each in book.remedies
            ],
        },
        "outages": [
            {
                "from": each.first.isoformat(),
                "to": each.last.isoformat(),
                "why": each.why,
            }
            for each in payer.calendar.outages
        ],
    }


def _desk(payer: PayerEntry) -> str:
    if not payer.desk.answers:
        return "answers nothing"
    return f"answers {', '.join(payer.desk.answers)}"


def _remedy(remedy: RemedyEntry) -> str:
    words = WORDS[Remedy(remedy.do)]
    if remedy.do == Remedy.PERSON:
        return words
    often = "once" if remedy.most == 1 else f"{remedy.most} times at most"
    return f"{words}; {often}, then waits {remedy.wait}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"

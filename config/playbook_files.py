"""A payer's `[desk]` and its playbook: what may be done about missing answers.

Without `[[remedy]]` the playbook is the default one, less what the payer does not
support.  A remedy that it does not support is a mistake in its file, and so is a
playbook that does not end with a person: what no remedy brings must be seen.
"""

from __future__ import annotations

from config import times
from config.directory_records import (
    DESK_ANSWERS,
    REMEDIES,
    Delivery,
    DeskEntry,
    Playbook,
    RemedyEntry,
    Within,
)
from config.reader import Table

NEEDS = {
    "ask-status": "status",
    "ask-return": "return",
    "ask-enrolment": "enrolment",
    "complain": "complaint",
}
"""What a payer's desk must answer for a remedy, by remedy."""

_LAST = "person"

_DAY = Within(1, 0.0)
DEFAULT = (
    RemedyEntry("look-again", 1, Within(0, 3600.0)),
    RemedyEntry("match-again", 1, Within(0, 3600.0)),
    RemedyEntry("ask-status", 24, _DAY),
    RemedyEntry("follow-merger", 3, Within(2, 0.0)),
    RemedyEntry("ask-enrolment", 3, Within(2, 0.0)),
    RemedyEntry("resend", 10, Within(2, 0.0)),
    RemedyEntry("ask-return", 10, Within(2, 0.0)),
    RemedyEntry("complain", 1, Within(10, 0.0)),
    RemedyEntry("person", 1, Within(0, 0.0)),
)
"""The playbook of a payer that has none of its own."""


def read_desk(table: Table) -> DeskEntry:
    """Read a payer's `[desk]`."""
    answers = table.texts("answers")
    for each in answers:
        if each not in DESK_ANSWERS:
            table.wrong(
                "answers", f"holds {each!r}; wanted some of {', '.join(DESK_ANSWERS)}"
            )
    table.done()
    return DeskEntry(answers=tuple(answers))


def read_playbook(root: Table, desk: DeskEntry, delivery: Delivery) -> Playbook:
    """Read a payer's `[[remedy]]` tables and its `[playbook]`."""
    table = root.table("playbook")
    above = table.get("approve_above", int, -1)
    patience = times.read_within(table, "patience", "4 working days")
    table.done()
    if above < 0 and "approve_above" in table.data:
        table.wrong("approve_above", f"is {above}; wanted cents, 0 or more")
    own = tuple(_remedy(each, desk, delivery) for each in root.tables("remedy"))
    for number, each in enumerate(own):
        if (each.do == _LAST) is not (number == len(own) - 1):
            root.wrong(
                f"remedy[{number}].do",
                f"is {each.do!r}; wanted {_LAST!r} as the last remedy and only there",
            )
    remedies = own or tuple(
        each for each in DEFAULT if not _missing(each.do, desk, delivery)
    )
    return Playbook(
        remedies=remedies,
        approve_above=None if above < 0 else above,
        patience=patience,
    )


def _remedy(table: Table, desk: DeskEntry, delivery: Delivery) -> RemedyEntry:
    found = RemedyEntry(
        do=table.choice("do", REMEDIES),
        most=table.get("most", int, 1),
        wait=times.read_within(table, "wait", "2 working days"),
    )
    table.done()
    if found.most < 1:
        table.wrong("most", f"is {found.most}; wanted 1 or more")
    if found.most > 1 and found.wait == Within(0, 0.0) and "wait" in table.data:
        table.wrong("wait", "is no time between tries; wanted some, such as '4h'")
    missing = _missing(found.do, desk, delivery)
    if missing:
        table.wrong(
            "do",
            f"is {found.do!r}, which this payer does not support; wanted "
            f"{missing}, or another remedy",
        )
    return found


def _missing(remedy: str, desk: DeskEntry, delivery: Delivery) -> str:
    """Say what a payer's file lacks for a remedy; empty: nothing."""
    if remedy == "resend":
        safe = delivery.resend_same_number or "status" in desk.answers
        return (
            "" if safe else "delivery.resend_same_number, or 'status' in desk.answers"
        )
    needed = NEEDS.get(remedy)
    if needed is None or needed in desk.answers:
        return ""
    return f"{needed!r} in desk.answers"

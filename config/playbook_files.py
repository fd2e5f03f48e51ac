"""A payer's `[desk]` and its playbook: what may be done about missing answers.

Without `[[remedy]]` the playbook is the default one, less what the payer's desk
does not answer.  A remedy that the payer does not support is a mistake in its file.
"""

from __future__ import annotations

from config import times
from config.directory_records import (
    DESK_ANSWERS,
    REMEDIES,
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

_DAY = Within(1, 0.0)
DEFAULT = (
    RemedyEntry("look-again", 1, Within(0, 3600.0)),
    RemedyEntry("match-again", 1, Within(0, 3600.0)),
    RemedyEntry("ask-status", 8, _DAY),
    RemedyEntry("follow-merger", 3, Within(2, 0.0)),
    RemedyEntry("ask-enrolment", 3, Within(2, 0.0)),
    RemedyEntry("resend", 6, Within(2, 0.0)),
    RemedyEntry("ask-return", 6, Within(2, 0.0)),
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


def read_playbook(root: Table, desk: DeskEntry) -> Playbook:
    """Read a payer's `[[remedy]]` tables and its `[playbook]`."""
    table = root.table("playbook")
    above = table.get("approve_above", int, -1)
    table.done()
    if above < 0 and "approve_above" in table.data:
        table.wrong("approve_above", f"is {above}; wanted cents, 0 or more")
    own = tuple(_remedy(each, desk) for each in root.tables("remedy"))
    remedies = own or tuple(each for each in DEFAULT if _supported(each.do, desk))
    return Playbook(remedies=remedies, approve_above=None if above < 0 else above)


def _remedy(table: Table, desk: DeskEntry) -> RemedyEntry:
    found = RemedyEntry(
        do=table.choice("do", REMEDIES),
        most=table.get("most", int, 1),
        wait=times.read_within(table, "wait", "2 working days"),
    )
    table.done()
    if found.most < 1:
        table.wrong("most", f"is {found.most}; wanted 1 or more")
    if not _supported(found.do, desk):
        table.wrong(
            "do",
            f"is {found.do!r}, which this payer does not support; wanted "
            f"{NEEDS[found.do]!r} in desk.answers, or another remedy",
        )
    return found


def _supported(remedy: str, desk: DeskEntry) -> bool:
    return NEEDS.get(remedy) is None or NEEDS[remedy] in desk.answers

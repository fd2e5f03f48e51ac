"""A payer's `[desk]` and its playbook: what may be done about missing answers.

Without `[[remedy]]` the playbook is the default one, less what the payer does not
support.  A remedy that it does not support is a mistake in its file, and so is a
playbook that does not end with a person: what no remedy brings must be seen.  So is
what nobody can mean: a payer asked by the minute, or a lot chased for years.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from config import times
from config.directory_records import (
    DESK_ANSWERS,
    REMEDIES,
    Delivery,
    DeskEntry,
    Expects,
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
_MOST = 100  # tries of one remedy for one lot
_MOST_CENTS = 10**12
_MOST_DAYS = 90  # of patience, or before the next remedy
_WHOLE_DAYS = 400  # until a person has the lot at the latest
_SPACING = 600.0
"""Seconds between tries that nobody asks for less of, but from a payer that answers faster:
there a tenth of its shortest deadline counts."""

_SECONDS_A_DAY = 86_400.0
_NO_TIME = re.compile(r"0+(s|m|h|d| working days?)")

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


def read_playbook(
    root: Table, desk: DeskEntry, delivery: Delivery, expects: Sequence[Expects]
) -> Playbook:
    """Read a payer's `[[remedy]]` tables and its `[playbook]`."""
    table = root.table("playbook")
    above = table.get("approve_above", int, -1)
    patience = times.read_within(table, "patience", "4 working days")
    table.done()
    if "approve_above" in table.data and not 0 <= above <= _MOST_CENTS:
        table.wrong(
            "approve_above",
            f"is {above}; wanted cents, from 0 to {_MOST_CENTS}, or none where nobody "
            "need agree",
        )
    spacing = _spacing(expects)
    _check_length(table, "patience", patience, spacing)
    own = tuple(
        _remedy(each, desk, delivery, spacing) for each in root.tables("remedy")
    )
    _check_order(root, own)
    _check_whole(root, own)
    remedies = own or tuple(
        each for each in DEFAULT if not _missing(each.do, desk, delivery)
    )
    return Playbook(
        remedies=remedies,
        approve_above=None if above < 0 else above,
        patience=patience,
    )


def _spacing(expects: Sequence[Expects]) -> float:
    """Return how many seconds apart two tries must be at the least."""
    delays = [
        each.within.working_days * _SECONDS_A_DAY + each.within.seconds
        for each in expects
        if isinstance(each.within, Within)
    ]
    return min([_SPACING, *(each / 10 for each in delays if each)])


def _remedy(
    table: Table, desk: DeskEntry, delivery: Delivery, spacing: float
) -> RemedyEntry:
    found = RemedyEntry(
        do=table.choice("do", REMEDIES),
        most=table.get("most", int, 1),
        wait=times.read_within(table, "wait", "2 working days"),
    )
    table.done()
    most = 1 if found.do == _LAST else _MOST
    if not 1 <= found.most <= most:
        wanted = "1, or nothing" if most == 1 else f"from 1 to {most}"
        table.wrong("most", f"is {found.most}; wanted {wanted}")
    _check_length(table, "wait", found.wait, spacing if found.most > 1 else 0.0)
    missing = _missing(found.do, desk, delivery)
    if missing:
        table.wrong(
            "do",
            f"is {found.do!r}, which this payer does not support; wanted "
            f"{missing}, or another remedy",
        )
    return found


def _check_length(table: Table, key: str, found: Within, least: float) -> None:
    """Note a time that is too short to be meant, or too long."""
    text = table.data.get(key)
    if not isinstance(text, str):
        return  # its default counts, or it is noted already
    if _seconds(found) > _MOST_DAYS * _SECONDS_A_DAY:
        table.wrong(key, f"is {text!r}; wanted {_MOST_DAYS} days at most")
    elif _seconds(found) < least and (_seconds(found) or _NO_TIME.fullmatch(text)):
        wanted = f"{least / 60:.0f}m" if least >= 60 else f"{math.ceil(least)}s"  # noqa: PLR2004
        table.wrong(
            key,
            f"is {text!r}, so the payer would be asked without a pause; wanted "
            f"{wanted!r} or more",
        )


def _check_order(root: Table, own: Sequence[RemedyEntry]) -> None:
    """Note a person that is not last, and a remedy that stands there twice."""
    seen: set[str] = set()
    for number, each in enumerate(own):
        key = f"remedy[{number}].do"
        if (each.do == _LAST) is not (number == len(own) - 1):
            root.wrong(
                key,
                f"is {each.do!r}; wanted {_LAST!r} as the last remedy and only there",
            )
        elif each.do in seen:
            root.wrong(key, f"is {each.do!r} again; wanted each remedy once")
        seen.add(each.do)


def _check_whole(root: Table, own: Sequence[RemedyEntry]) -> None:
    """Note a playbook that would chase a lot for longer than anybody means to."""
    lengths = [each.most * _seconds(each.wait) / _SECONDS_A_DAY for each in own]
    days = sum(lengths)
    if days > _WHOLE_DAYS:
        longest = lengths.index(max(lengths))
        root.wrong(
            f"remedy[{longest}].most",
            f"is {own[longest].most}: with it a person has a lot only after "
            f"{days:,.0f} days; wanted {_WHOLE_DAYS} days at most for all remedies",
        )


def _seconds(found: Within) -> float:
    return found.working_days * _SECONDS_A_DAY + found.seconds


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

"""What no answer could ever meet in a payer's profile, though each value is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from config.directory_records import Deadline, Expects, PayerEntry, Within
from routing.calendar import WorkCalendar
from routing.envelope import AnswerKind

_DAY_MINUTES: Final = 24 * 60
_SOME_DAY: Final = datetime(2026, 9, 7)  # noqa: DTZ001 - a Monday of the payer's clock
_SENDINGS: Final = tuple(
    _SOME_DAY + timedelta(days=day, minutes=minutes)
    for day in range(14)
    for minutes in (0, 9 * 60, 17 * 60, 22 * 60, _DAY_MINUTES - 1)
)

_Problem = tuple[str, str]  # a key of the payer's file, and what is wrong


def problems(payer: PayerEntry, kinds: Sequence[AnswerKind]) -> Iterator[_Problem]:
    """Say what is wrong in a payer's `[[expects]]`; `kinds` are its network's."""
    for number, each in enumerate(payer.expects):
        key = f"expects[{number}]"
        earlier = payer.expects[:number]
        wrong = _kind(each, payer, kinds) or _time(each, payer)
        if wrong is not None:
            yield f"{key}.{wrong[0]}", wrong[1]
        elif any(_same(each, other) for other in earlier):
            yield (
                f"{key}.kind",
                f"is {each.kind!r} of a {each.level} for a flow that has it already; "
                "wanted each answer once",
            )
    if all(_kind(each, payer, kinds) is None for each in payer.expects):
        yield from _order(payer, kinds)


def _kind(
    each: Expects, payer: PayerEntry, kinds: Sequence[AnswerKind]
) -> _Problem | None:
    levels = {kind: str(level) for kind, level, _ in kinds}
    if each.kind not in levels:
        known = ", ".join(f"{kind} of a {level}" for kind, level, _ in kinds) or "none"
        return (
            "kind",
            f"is {each.kind!r}, which payers of {payer.network} never give; "
            f"wanted one of: {known}",
        )
    if each.level != levels[each.kind]:
        return (
            "level",
            f"is {each.level!r}, but each {each.kind} of {payer.network} speaks of a "
            f"{levels[each.kind]}; wanted that",
        )
    return None


def _time(each: Expects, payer: PayerEntry) -> _Problem | None:
    due = each.within
    if isinstance(due, Within):
        if due.seconds <= 0 and due.working_days <= 0:
            return "within", "is no time at all; wanted a delay that can be met"
        return None
    cut_off = payer.calendar.cut_off if due.cut_off is None else due.cut_off
    if due.days == 0 and due.minute < (_DAY_MINUTES if cut_off is None else cut_off):
        return (
            "by",
            f"is {str(due)!r}, before the day's last sendings come; wanted a cut_off "
            "before that time, or a later day",
        )
    return None


def _same(one: Expects, other: Expects) -> bool:
    same_flow = one.flow == other.flow or "" in {one.flow, other.flow}
    return same_flow and one.kind == other.kind


def _order(payer: PayerEntry, kinds: Sequence[AnswerKind]) -> Iterator[_Problem]:
    """Find answers that would be due before one that comes before them."""
    place = {each.kind: number for number, each in enumerate(kinds)}
    calendar: WorkCalendar | None = None
    for number, later in enumerate(payer.expects):
        for first in payer.expects:
            share_flow = "" in {first.flow, later.flow} or first.flow == later.flow
            if place[first.kind] >= place[later.kind] or not share_flow:
                continue
            calendar = calendar or WorkCalendar(payer.calendar, payer.time_zone)
            if _overtakes(later, first, calendar):
                name = "by" if isinstance(later.within, Deadline) else "within"
                yield (
                    f"expects[{number}].{name}",
                    f"is {str(later.within)!r}: its {later.kind} would be due before the "
                    f"{first.kind} that comes first ({first.within}); wanted it later",
                )


def _overtakes(later: Expects, first: Expects, calendar: WorkCalendar) -> bool:
    """Say whether the later answer would ever be due before the first one."""
    one, other = later.within, first.within
    if (
        isinstance(one, Within)
        and isinstance(other, Within)
        and bool(one.seconds) is bool(other.seconds)
    ):
        return one < other
    sent = [each.replace(tzinfo=calendar.zone).timestamp() for each in _SENDINGS]
    return any(calendar.due(at, one) < calendar.due(at, other) for at in sent)

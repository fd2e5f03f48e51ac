"""The no-response rate: of the claims sent on a day, how many have no closing answer.

A rate is of a cohort and an age: what was sent on a day, looked at once D+k is over
everywhere.  What is younger is told, and not counted; what came later than D+k does
not count for that age.  A claim may owe several answers: the closing one is the kind
that is owed for most claims, and of equals the one that lacks more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from attrs import define, field

from routing.delay import wilson
from routing.delays import Counted
from routing.directory import Directory
from routing.errors import NoRoute

_LAST_ZONE: Final = 12 * 3600.0  # behind UTC: a day is over once it is over there

_LONGEST: Final = 400  # days that an answer may take by contract

OBJECTIVE: Final[Mapping[int, float]] = {10: 0.20, 30: 0.05, 60: 0.03}
"""Which share may have no closing answer so many days later, at most.

The alert rules of `deploy/prometheus` hold the same; a test compares them.
"""


class Rate(NamedTuple):
    """Claims sent that are old enough, those of them without an answer, and young ones."""

    sent: int
    lacking: int
    young: int

    @property
    def share(self) -> float | None:
        """The share without an answer; None while nothing is old enough."""
        return self.lacking / self.sent if self.sent else None

    @property
    def interval(self) -> tuple[float, float]:
        """Between which shares it lies, with 95 % confidence."""
        return wilson(self.lacking, self.sent)


class Week(NamedTuple):
    """What was sent in a week, from its Monday, and the rate at each age."""

    monday: date
    rates: Mapping[int, Rate]


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


@define
class Sending:
    """What a payer was sent of a flow on a day, and its closing answers by day after."""

    payer: str
    flow: str
    sent_on: str
    kind: str = ""
    claims: int = 0
    answers: dict[int, int] = field(factory=dict)

    def answered(self, after: int | None = None) -> int:
        """Count what is answered, or was so many days later."""
        return sum(
            claims
            for days, claims in self.answers.items()
            if after is None or days <= after
        )


def over_until(now: float) -> date:
    """Return the last day that is over in every time zone."""
    local = datetime.fromtimestamp(now - _LAST_ZONE, UTC).date()
    return local - timedelta(days=1)


def due_until(
    directory: Directory, payer: str, flow: str, kind: str, now: float
) -> date:
    """Return the last day of sending of which all answers of a kind are due by now.

    A payer that has left the directory, or owes that kind no more, owes at once.
    """
    day = over_until(now)
    try:
        calendar = directory.calendar(payer)
        expects = directory.payer(payer).expects
    except NoRoute:
        return day
    within = [
        each.within for each in expects if each.kind == kind and each.flow in ("", flow)
    ]
    for _ in range(_LONGEST if within else 0):
        if calendar.due(calendar.ends(day), within[0]) < now:
            break
        day -= timedelta(days=1)
    return day


def sendings(rows: Iterable[Counted]) -> list[Sending]:
    """Put cohorts together, each with the answers of its closing kind, in their order."""
    kinds: dict[tuple[str, str, str], dict[str, Sending]] = {}
    for row in rows:
        its = (row.sent_on, row.payer_id, row.flow)
        of_kind = kinds.setdefault(its, {})
        found = of_kind.get(row.kind)
        if found is None:
            found = of_kind[row.kind] = Sending(
                row.payer_id, row.flow, row.sent_on, row.kind
            )
        if row.after < 0:
            found.claims += row.claims
        else:
            found.answers[row.after] = found.answers.get(row.after, 0) + row.claims
    return [_closing(kinds[its].values()) for its in sorted(kinds)]


def rates(
    found: Iterable[Sending], *, after: int, over: date, by: Callable[[Sending], str]
) -> dict[str, Rate]:
    """Return the rate at D+`after` of each group, in the order in which they begin.

    `over` is the last day that is over.
    """
    made: dict[str, Rate] = {}
    for each in found:
        name = by(each)
        before = made.get(name, Rate(0, 0, 0))
        ripe_on = date.fromisoformat(each.sent_on) + timedelta(days=after)
        if ripe_on > over:
            made[name] = before._replace(young=before.young + each.claims)
        else:
            made[name] = before._replace(
                sent=before.sent + each.claims,
                lacking=before.lacking + each.claims - each.answered(after),
            )
    return made


def _closing(kinds: Iterable[Sending]) -> Sending:
    return max(kinds, key=lambda each: (each.claims, -each.answered()))

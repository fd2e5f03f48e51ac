"""A payer's delays as seen against those promised, and its no-response rate by week.

Both are counted from the cohorts, as `octway report delays` and `no-response` do;
here they are of one payer, with the points of the lines that a page draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from attrs import frozen

from config.directory_records import Deadline, Expects, Within
from gateway.database import Database
from gateway.journal import cohorts
from gateway.learning import learn
from gateway.plots import Point
from routing.delay import Curve
from routing.delays import Delays, Key, Learned
from routing.directory import Directory
from routing.drift import Drift
from routing.no_response import (
    OBJECTIVE,
    Rate,
    Sending,
    Week,
    monday_of,
    over_until,
    rates,
    sendings,
)

_DRAWN: Final = 3  # kinds of answers in a plot; each has two lines
_LONGEST: Final = 60  # working days that are drawn
_SECONDS: Final = 86_400.0
_BACK: Final = 180  # days of sending
_DAY: Final = timedelta(days=1)
NEARLY_ALL: Final = 0.995


@frozen(kw_only=True)
class Delay:
    """One kind of answer of a flow: what was promised, and what was seen.

    `promised` and `grace` are the directory's, None if it names none; `half`, `most`
    (95 %) and `nearly` (99 %) are working days of its own answers, None without any;
    `learned` is after when one is late, None where the contract alone counts.
    """

    flow: str
    kind: str
    promised: Expects | None
    answers: int
    learned: Learned | None
    half: float | None
    most: float | None
    nearly: float | None
    drift: Drift | None


def delays(
    database: Database, directory: Directory, payer: str, now: float
) -> tuple[list[Delay], Delays]:
    """Tell the delays of a payer, also of kinds that it promised and never gave.

    Of the other payers of its network only where its own answers are too few.
    """
    found = learn(database, directory, now, {payer})
    entry = directory.payer(payer)
    seen = [key for key in found.seen() if key.payer == payer]
    if any(found.learned(key) is None for key in seen):
        family = {e.id for e in directory.payers() if e.network == entry.network}
        found = learn(database, directory, now, family)
    keys = dict.fromkeys(seen)
    for each in entry.expects:
        for flow in (each.flow,) if each.flow else entry.flows:
            keys.setdefault(Key(payer, flow, each.kind))
    return [_delay(found, key, entry.expects) for key in sorted(keys)], found


def delay_lines(
    found: Sequence[Delay], learned: Delays, payer: str, *, promised: str
) -> dict[str, list[Point]]:
    """Draw which share of the answers came by each working day, and the promise.

    A promise is an upright line at its day; `promised` is its name, with `{}` for
    the answer.
    """
    lines: dict[str, list[Point]] = {}
    shown = sorted((e for e in found if e.answers), key=lambda e: -e.answers)[:_DRAWN]
    for each in shown:
        name = f"{each.flow} · {each.kind}"
        curve = Curve(learned.table(Key(payer, each.flow, each.kind)))
        last = min(_LONGEST, (curve.day(NEARLY_ALL) or 0) + 2)
        lines[name] = [(float(d), curve.within(d)) for d in range(last + 1)]
        if each.promised is not None:
            at = days_of(each.promised.within)
            lines[promised.format(name)] = [(at, 0.0), (at, 1.0)]
    return lines


def days_of(within: Within | Deadline) -> float:
    """Return a promise in days of the plot: working days, or parts of one."""
    if isinstance(within, Deadline):
        return float(max(within.days, 1))
    return within.working_days + within.seconds / _SECONDS


def weeks(database: Database, payer: str, now: float) -> list[Week]:
    """Tell the no-response rate of each week's sendings of the last half year."""
    over = over_until(now)
    rows = database.read(
        cohorts.read, (over - _BACK * _DAY).isoformat(), payers={payer}
    )
    found = sendings(rows)
    by_age = {
        age: rates(found, after=age, over=over, by=_monday_of) for age in OBJECTIVE
    }
    mondays = sorted({name for of_age in by_age.values() for name in of_age})
    nothing = Rate(0, 0, 0)
    return [
        Week(
            monday=date.fromisoformat(name),
            rates={age: by_age[age].get(name, nothing) for age in OBJECTIVE},
        )
        for name in mondays
    ]


def rate_lines(
    found: Sequence[Week], *, seen: str, objective: str
) -> dict[str, list[Point]]:
    """Draw the rates over the weeks of sending, and the objective of each age.

    `seen` and `objective` name the lines, with `{}` for the days.
    """
    lines: dict[str, list[Point]] = {}
    for age, most in OBJECTIVE.items():
        points: list[Point] = [
            (each.monday, each.rates[age].share or 0.0)
            for each in found
            if each.rates[age].sent
        ]
        if points:
            lines[seen.format(age)] = points
            ends = (found[0].monday, found[-1].monday)
            lines[objective.format(age)] = [(end, most) for end in ends]
    return lines


def _delay(found: Delays, key: Key, expects: Sequence[Expects]) -> Delay:
    curve = Curve(found.table(key))
    half, most, nearly = (curve.quantile(share) for share in (0.5, 0.95, 0.99))
    fitting = [e for e in expects if e.kind == key.kind and e.flow in ("", key.flow)]
    return Delay(
        flow=key.flow,
        kind=key.kind,
        promised=fitting[0] if fitting else None,
        answers=round(curve.table.answers),
        learned=found.learned(key),
        half=half,
        most=most,
        nearly=nearly,
        drift=found.drift(key) if key in found.seen() else None,
    )


def _monday_of(sending: Sending) -> str:
    return monday_of(date.fromisoformat(sending.sent_on)).isoformat()

"""The floor of a study: what no remedy could have had answered before its end.

Worked out from what the world knows, as if every fault were mended the moment it
strikes: a lot that was lost is there at once, a sender whom a payer does not know is
asked for with its very first lot.  What even then is answered after the end, or never,
is the floor.
"""

from __future__ import annotations

from datetime import timedelta

from gateway.simulator.study_payers import FIRST_DAY
from gateway.simulator.study_plan import Plan, PlannedLot
from gateway.simulator.study_timing import OPENS_AT, SENDS_AT, Timing, moment


def beyond_remedy(plan: Plan, timings: list[Timing]) -> frozenset[str]:
    """Return the keys of the lots that make the floor."""
    paces = {each.profile.id: each for each in timings}
    first: dict[tuple[int, str], PlannedLot] = {}
    for lot in sorted(plan.lots, key=lambda each: (each.day, each.turn)):
        first.setdefault((lot.sender, lot.payer), lot)
    last = FIRST_DAY + timedelta(days=plan.days - 1)
    found = set()
    for lot in plan.lots:
        pace = paces[lot.payer]
        if lot.fault == "refused_silently":
            heard = pace.acknowledges_on(sent_at(lot))  # its desk says so
        elif lot.fault == "not_enrolled":
            at = _known_at(pace, first[lot.sender, lot.payer])
            heard = pace.answers_on(lot, max(at, sent_at(lot)), first=True)
        else:
            heard = pace.answers_on(lot, sent_at(lot), first=True)
        if lot.fault == "never_answered" or pace.leaves_on(heard) > last:
            found.add(lot.key)
    return frozenset(found)


def answered_in_time(lot: PlannedLot, pace: Timing) -> bool:
    """Say whether a lot that nothing hits is answered by its payer's due date."""
    if lot.fault or lot.late:
        return False
    answered = pace.leaves_on(pace.answers_on(lot, sent_at(lot), first=True))
    due = pace.answers_by(sent_at(lot))
    return answered <= due


def sent_at(lot: PlannedLot) -> float:
    """Return when a lot is handed over at the earliest."""
    return moment(lot.day, SENDS_AT[lot.turn])


def _known_at(pace: Timing, first: PlannedLot) -> float:
    """Return when a sender is known that was asked for with its first lot."""
    asked = pace.calendar.day(sent_at(first))
    known = pace.registered_on(asked)
    return moment((known - FIRST_DAY).days, OPENS_AT)

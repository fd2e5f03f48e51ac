"""Many cases at once: a page that says what will happen, and a page that says what did.

The first changes nothing.  It carries how each case stood, so that one which somebody
changed in between is told and left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from attrs import evolve

from gateway.api.routes import Answer
from gateway.console.acting import mend_all, reason_of
from gateway.console.case_words import CAUSES, CHORES, REASONS
from gateway.console.cases import kept_of, people, wanted_of
from gateway.console.pages import Page, get, post
from gateway.console.putting_off import PRESETS, until_of
from gateway.console.templates import link
from gateway.console.visit import Visit
from gateway.journal import case_work, cases
from gateway.steps import bulk, second_person
from gateway.steps.bulk import MOST_CASES, MOST_THINGS, Chore, Order, Plan
from gateway.steps.mending import Wish

_LIST: Final = "/console/anomalies"
_SHOWN: Final = 20
_WAITS: Final = "It waits for a second person’s word."
_WAITS_IN_PART: Final = "It waits for a second person’s word; cases that were changed meanwhile are not in it."


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        get("/anomalies/bulk", back_to_list),
        post("/anomalies/bulk", propose),
        get("/anomalies/bulk/do", back_to_list),
        post("/anomalies/bulk/do", carry_out),
    ]


async def back_to_list(visit: Visit) -> Answer:
    """Lead to the list who loads a page again that only a form can make."""
    return visit.go(_LIST)


async def propose(visit: Visit) -> Answer:
    """Say what would happen, and change nothing."""
    chore = visit.form.get("chore")
    if chore not in CHORES:
        return visit.go(
            link(_LIST, **kept_of(visit.form)), "Choose what shall be done."
        )
    if visit.form.get("which") == "all":
        wanted = wanted_of(visit, visit.form)
        rows = await visit.ask(cases.listed, wanted, None, MOST_CASES + 1)
    else:
        names = visit.form.every("case")[:MOST_CASES]
        rows = await visit.ask(cases.chosen, names)
    if not rows:
        address = link(_LIST, **kept_of(visit.form))
        return visit.go(address, "No case was chosen.")
    order = Order(chore=Chore(chore), by=visit.who.id)
    plan = await visit.ask(bulk.plan, rows, order)
    return await _shown(visit, plan)


async def carry_out(visit: Visit) -> Answer:
    """Do what was shown; what has changed since is left as it is, and told."""
    stamps = bulk.read_stamped(visit.form.get("cases"))
    rows = await visit.ask(cases.chosen, list(stamps))
    chore = visit.form.get("chore")
    if chore not in CHORES or not rows:
        return visit.go(_LIST, "No case was chosen.")
    order = await _order(visit, Chore(chore))
    wrong = _missing(visit, order)
    if wrong:
        plan = await visit.ask(bulk.plan, rows, order)
        return await _shown(visit, plan, wrong, status=422)
    failed: dict[str, str] = {}
    if order.action is None:
        for some in bulk.chunks(stamps):
            do = partial(bulk.work, order=order, cases=some)
            failed |= await visit.write("bulk", do)
        return _told(visit, order, len(stamps), failed)
    planned = await visit.ask(bulk.plan, rows, order)
    return await _carry_out_things(visit, *planned.as_seen(stamps))


async def _carry_out_things(
    visit: Visit, plan: Plan, changed: dict[str, str]
) -> Answer:
    house, order = visit.premises.house, plan.order
    assert order.action is not None  # noqa: S101 - the caller looked
    wish = Wish(action=order.action, by=order.by, why=order.why)
    if plan.needs_second(house.settings.console.second_person_above):
        asked = await visit.write(
            "ask", lambda tx: second_person.ask(tx, house.entropy, plan.things, wish)
        )
        return visit.go(f"{_LIST}/{asked}", _WAITS_IN_PART if changed else _WAITS)
    failed = changed | await mend_all(visit, [each.id for each in plan.things], wish)
    return _told(visit, order, len(plan.things) + len(changed), failed)


async def _order(visit: Visit, chore: Chore) -> Order:
    to = visit.form.get("to")
    until = until_of(visit.form, visit.now, visit.premises.zone)
    return Order(
        chore=chore,
        by=visit.who.id,
        to=to if to in await people(visit) else "",
        until=until or 0.0,
        why=reason_of(visit),
    )


def _missing(visit: Visit, order: Order) -> str:
    """Say what a person must still say; empty: nothing."""
    if order.chore is Chore.ASSIGN and not order.to:
        return "Choose a person who may work."
    if order.chore is Chore.SNOOZE:
        latest = visit.now + case_work.LONGEST
        if not visit.now < order.until <= latest:
            return "Choose a moment that is to come, within a year."
    if order.chore in {Chore.RESOLVE, Chore.WITHDRAW} and not order.why:
        return "Say why, by a choice or in your words."
    return ""


async def _shown(
    visit: Visit, plan: Plan, wrong: str = "", status: int = 200
) -> Answer:
    above = visit.premises.house.settings.console.second_person_above
    kept = kept_of(visit.form)
    back = link(_LIST, **kept)
    return evolve(visit, here=back).page(
        "bulk.html",
        status=status,
        kept=kept,
        back=back,
        plan=plan,
        chores=CHORES,
        causes=CAUSES,
        people=await people(visit),
        presets=PRESETS,
        reasons=REASONS,
        above=above,
        second=plan.needs_second(above),
        most_cases=MOST_CASES,
        most_things=MOST_THINGS,
        shown=_SHOWN,
        typed=visit.form,
        wrong=visit.language.say(wrong),
    )


def _told(visit: Visit, order: Order, count: int, failed: Mapping[str, str]) -> Answer:
    back = link(_LIST, **kept_of(visit.form))
    return evolve(visit, here=back).page(
        "bulk_done.html",
        back=back,
        order=order,
        chores=CHORES,
        done=count - len(failed),
        failed=failed,
    )

"""What a person does with one case, and with the things behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection
from twisted.python.failure import Failure

from gateway.api.routes import Answer
from gateway.committing import Tx
from gateway.console.case import THINGS, shown
from gateway.console.case_words import REASONS
from gateway.console.cases import people
from gateway.console.pages import Page, post
from gateway.console.putting_off import until_of
from gateway.console.visit import Visit
from gateway.journal import (
    anomalies,
    anomaly_comments,
    anomaly_items,
    case_things,
    case_work,
)
from gateway.steps import second_person
from gateway.steps.mending import SENDS_OR_TAKES_BACK, Action, Wish
from routing.errors import GatewayError

_LONGEST: Final = 2000
_ALL: Final = 2 * anomaly_items.MOST  # more than are kept of one case
_NOT_BEHIND: Final = "Not behind this case, or not any more: %(names)s. Nothing was done; look at it again."
_NEED_WHY: Final = frozenset({Action.WITHDRAW, Action.DELIVERED})


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        post("/anomalies/{id}/assign", assign),
        post("/anomalies/{id}/unassign", give_back),
        post("/anomalies/{id}/comment", comment),
        post("/anomalies/{id}/snooze", snooze),
        post("/anomalies/{id}/resolve", resolve),
        post("/anomalies/{id}/reopen", reopen),
        post("/anomalies/{id}/things", things),
        post("/anomalies/{id}/agree", agree),
        post("/anomalies/{id}/refuse", refuse),
    ]


async def assign(visit: Visit) -> Answer:
    """Give the case to a person."""
    to = visit.form.get("to")
    if to not in await people(visit):
        return await _wrong(visit, "assign", "Choose a person who may work.")
    return await _do(visit, "assign", "The case was given.", case_work.assign, to)


async def give_back(visit: Visit) -> Answer:
    """Let go of the case."""
    words = "The case is nobody’s now."
    return await _do(visit, "assign", words, case_work.give_back)


async def comment(visit: Visit) -> Answer:
    """Write about the case."""
    words = visit.form.get("words")[:_LONGEST]
    if not words:
        return await _wrong(visit, "comment", "Write something.")
    case, by = visit.places["id"], visit.who.id
    await shown(visit, case)  # it must be there
    await visit.write(
        "comment", lambda tx: anomaly_comments.add(tx, case, by=by, words=words)
    )
    return visit.go(_address(case), "Your comment is kept.")


async def snooze(visit: Visit) -> Answer:
    """Put the case off."""
    until = until_of(visit.form, visit.now, visit.premises.zone)
    if until is None or not visit.now < until <= visit.now + case_work.LONGEST:
        return await _wrong(
            visit, "snooze", "Choose a moment that is to come, within a year."
        )
    return await _do(visit, "snooze", "The case is put off.", case_work.snooze, until)


async def resolve(visit: Visit) -> Answer:
    """Close the case for a reason."""
    why = reason_of(visit)
    if not why:
        return await _wrong(visit, "resolve", "Say why, by a choice or in your words.")
    return await _do(visit, "resolve", "The case is resolved.", case_work.resolve, why)


async def reopen(visit: Visit) -> Answer:
    """Open the case again."""
    why = visit.form.get("why")[:_LONGEST]
    if not why:
        return await _wrong(visit, "reopen", "Say why, in your words.")
    return await _do(visit, "reopen", "The case is open again.", case_work.reopen, why)


def reason_of(visit: Visit) -> str:
    """Read why a person closes a case: a choice, own words, or both; empty: neither."""
    chosen = visit.form.get("reason")
    parts = (chosen if chosen in REASONS else "", visit.form.get("why")[:_LONGEST])
    return ": ".join(part for part in parts if part)


async def things(visit: Visit) -> Answer:
    """Do something with the things behind the case that were ticked."""
    case, form = visit.places["id"], visit.form
    names = list(dict.fromkeys(form.every("thing")))[:THINGS]
    if form.get("action") not in set(Action) or not names:
        return await _wrong(visit, "things", "Tick what it shall be done with.")
    action = Action(form.get("action"))
    wish = Wish(
        action=action,
        by=visit.who.id,
        why=form.get("why")[:_LONGEST] or ("" if action in _NEED_WHY else case),
        proof=form.get("evidence")[:_LONGEST],
    )
    if wrong := _missing(wish, sure=bool(form.get("sure"))):
        return await _wrong(visit, "things", wrong)
    strangers = await visit.ask(_not_behind, case, names)
    if strangers:
        words = visit.language.say(_NOT_BEHIND) % {"names": ", ".join(strangers)}
        return await shown(visit, case, wrong={"things": words}, status=409)
    asked = await _ask_second(visit, names, wish)
    if asked:
        return visit.go(_address(asked), "It waits for a second person’s word.")
    failed = await mend_all(visit, names, wish)
    return await told(visit, case, "things", len(names), failed)


def _missing(wish: Wish, *, sure: bool) -> str:
    """Say what a person must still say; empty: nothing."""
    if not wish.why:
        return "Say why, in your words."
    if wish.action is Action.DELIVERED and not wish.proof:
        return "Say what proves it: the number of a receipt, a name."
    if wish.action is Action.RESEND and not sure:
        return "Tick that the payer does not have it, or do not send it."
    return ""


def _not_behind(connection: Connection, case: str, names: Sequence[str]) -> list[str]:
    """Return the names of what is not behind a case; with no such case, all."""
    row = anomalies.find(connection, case)
    found = () if row is None else case_things.behind(connection, row, _ALL)[0]
    there = {each.id for each in found}
    return [name for name in names if name not in there]


async def told(
    visit: Visit, case: str, form: str, count: int, failed: Mapping[str, str]
) -> Answer:
    """Go back to a case after several things were done; tell what could not be."""
    if not failed:
        return visit.go(_address(case), "It is done; the gateway goes on with it.")
    words = "; ".join(map(visit.tell, failed.values()))
    return await shown(visit, case, wrong={form: words}, status=409)


async def mend_all(visit: Visit, names: Sequence[str], wish: Wish) -> dict[str, str]:
    """Do with each thing what a person wants; return what could not be, with why."""
    directory = visit.premises.house.directory()

    def make(name: str) -> Callable[[Tx], Any]:
        return lambda tx: second_person.by_hand(tx, name, wish, directory)

    return await each_alone(visit, {name: make(name) for name in names})


async def each_alone(
    visit: Visit, calls: Mapping[str, Callable[[Tx], Any]]
) -> dict[str, str]:
    """Write each by itself, as one line of the writer; return what failed, with why."""
    written: dict[str, Awaitable[Any]] = {}
    for name, call in calls.items():
        deferred = visit.write("mend", call)
        deferred.addErrback(_expected)
        written[name] = deferred
    found = {name: await each for name, each in written.items()}
    return {
        name: str(result)
        for name, result in found.items()
        if isinstance(result, GatewayError)
    }


def _expected(failure: Failure) -> GatewayError:
    """Return the refusal of the journal as a value; anything else goes on as it is."""
    failure.trap(GatewayError)
    assert isinstance(failure.value, GatewayError)  # noqa: S101 - trapped
    return failure.value


async def _ask_second(visit: Visit, names: Sequence[str], wish: Wish) -> str:
    """Have a second person asked if there are many claims; return the case of it."""
    if wish.action not in SENDS_OR_TAKES_BACK:
        return ""
    found = await visit.ask(case_things.by_ids, names)
    above = visit.premises.house.settings.console.second_person_above
    if sum(each.claims for each in found.values()) <= above:
        return ""
    entropy = visit.premises.house.entropy
    taken = await visit.ask(second_person.waiting, names)
    chosen = [each for each in found.values() if each.id not in taken]
    if not chosen:
        return next(iter(taken.values()))
    return await visit.write(
        "ask", lambda tx: second_person.ask(tx, entropy, chosen, wish)
    )


async def agree(visit: Visit) -> Answer:
    """Agree, as a second person, to what a case wants done; it is done at once."""
    case, by = visit.places["id"], visit.who.id
    directory = visit.premises.house.directory()
    try:
        names = await visit.write(
            "agree", lambda tx: second_person.agree(tx, case, by=by)
        )
    except GatewayError as error:
        return await shown(visit, case, wrong={"agree": visit.tell(error)}, status=409)

    def make(name: str) -> Callable[[Tx], Any]:
        return lambda tx: second_person.do_one(tx, case, name, directory)

    failed = await each_alone(visit, {name: make(name) for name in names})
    done = len(names) - len(failed)
    await visit.write(
        "agreed", lambda tx: second_person.end(tx, case, done, failed, by=by)
    )
    return await told(visit, case, "agree", len(names), failed)


async def refuse(visit: Visit) -> Answer:
    """Refuse what a case wants done."""
    why = visit.form.get("why")[:_LONGEST]
    if not why:
        return await _wrong(visit, "agree", "Say why, in your words.")
    case, by = visit.places["id"], visit.who.id
    try:
        await visit.write(
            "refuse", lambda tx: second_person.refuse(tx, case, why, by=by)
        )
    except GatewayError as error:
        return await shown(visit, case, wrong={"agree": visit.tell(error)}, status=409)
    return visit.go(_address(case), "It is refused; nothing was done.")


async def _do(
    visit: Visit, form: str, said: str, call: Callable[..., None], *args: Any
) -> Answer:
    """Do something with the case as it was seen; show it again if that cannot be."""
    case, by, was = visit.places["id"], visit.who.id, visit.form.get("was")
    try:
        await visit.write(form, lambda tx: call(tx, case, *args, by=by, was=was))
    except GatewayError as error:
        return await shown(visit, case, wrong={form: visit.tell(error)}, status=409)
    return visit.go(_address(case), said)


async def _wrong(visit: Visit, form: str, words: str) -> Answer:
    """Show the case again with what a person must put right."""
    wrong = {form: visit.language.say(words)}
    return await shown(visit, visit.places["id"], wrong=wrong, status=422)


def _address(case: str) -> str:
    return f"/console/anomalies/{case}"

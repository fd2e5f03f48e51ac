"""*One thing's life*: a deposit, lot, invoice, dispatch or return, from vendor to money."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from attrs import frozen
from sqlalchemy import Connection, Row

from gateway import pursuit
from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.console.answers import download
from gateway.console.pages import Page, get
from gateway.console.places import place
from gateway.console.rights import Right
from gateway.console.visit import Visit
from gateway.console.voice import Spoken
from gateway.journal import life, lists, looks, search, trace, two_parts
from gateway.journal.life import Happened, Life
from gateway.journal.trace import CLAIM, DEPOSIT, DISPATCH, LOT, RETURN, Found
from gateway.pursuit import Pursuit
from gateway.steps.cases import without_numbers
from gateway.telling import chase, coming, events, parts, standing
from gateway.telling.labels import explained, words_of
from gateway.telling.payment import payment_words
from routing.parts import NAMES
from routing.remedy import WORDS

SCREEN: Final = 50
KINDS: Final = {
    "deposits": DEPOSIT,
    "lots": LOT,
    "dispatches": DISPATCH,
    "returns": RETURN,
}
"""The folders of things that have an id of their own."""
_TITLES: Final = {
    DEPOSIT: "Deposit",
    LOT: "Lot",
    CLAIM: "Invoice",
    DISPATCH: "Dispatch",
    RETURN: "Return",
}
_BAD: Final = ("refused", "unreadable", "missing", "failed", "lost", "denied")
_WARN: Final = ("held", "late", "retry", "given-up", "anomaly.raised", "partly")


class Remarked(NamedTuple):
    """A code that a payer gave, its own words for it, and the official ones."""

    code: str
    label: str
    official: str
    language: str


@frozen(kw_only=True)
class Answered:
    """What a return says of a lot or an invoice."""

    row: Row[*tuple[Any, ...]]
    remarks: tuple[Remarked, ...]


class Step(NamedTuple):
    """A step of the timeline; `about` and `address` are empty where it is the thing."""

    at: float
    words: str
    about: str
    address: str
    tone: str


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        *(get(f"/{folder}/{{id}}", show) for folder in KINDS),
        get("/claims/{id}/{seq}", show),
        get("/deposits/{id}/receipt", receipt),
    ]


def title_of(found: Found) -> str:
    """Return what a kind of thing is called, above its page."""
    return _TITLES[found.kind]


async def find(visit: Visit) -> Found:
    """Find the thing that an address names, or raise `Refusal`."""
    folder = visit.path.split("/")[2]
    name, seq = visit.places["id"], visit.places.get("seq", "")
    found: Found | None = None
    if folder == "claims" and seq.isascii() and seq.isdigit():
        found = await visit.ask(search.claim, name, int(seq[:12]))
    elif folder in KINDS:
        found = await visit.ask(trace.by_id, name)
        if found is not None and (found.kind, found.id) != (KINDS[folder], name):
            found = None
    if found is None:
        raise Refusal("not-found", _NOTHING)
    return found


async def show(visit: Visit) -> Answer:
    """Show a life."""
    found = await find(visit)
    house, voice = visit.premises.house, Spoken(visit)
    told = await visit.ask(life.read, found)
    chased = await visit.run(
        lambda: pursuit.read(
            house.database, found, house.directory, house.networks, visit.now
        )
    )
    after = visit.query.number("after", 0, most=10**9)
    answers = await visit.ask(_answers, found, after)
    claims = await _claims(visit, found, after)
    seen = []
    if visit.who.may(Right.AUDIT):
        seen = await visit.ask(looks.of, found.id)
    today = visit.language.moment(visit.now, visit.premises.zone, form="yyyy-MM-dd")
    return visit.page(
        "life.html",
        found=found,
        title=_TITLES[found.kind],
        place=place,
        address=visit.path,
        life=told,
        state=_state(told),
        headline=standing.headline(told, voice),
        todo=standing.todo(told, chased, voice),
        coming=coming.next_steps(told, chased, visit.now, voice),
        late=chase.standing(chased, voice) if chased.states or chased.late else [],
        tries=[(each, chase.brought(each, voice)) for each in chased.tries],
        enrolments=_enrolments(chased, voice),
        remedies=WORDS,
        numbers=chased.numbers,
        payments=[payment_words(row, today, voice) for row in told.payments],
        account_words=standing.account_words,
        names=NAMES,
        parts=[(each, parts.standing(each, voice)) for each in told.parts],
        routed=_routed(told, voice),
        steps=list(_steps(told, voice)),
        answers=[_answered(visit, row) for row in answers[:SCREEN]],
        claims=claims[:SCREEN],
        next_after=_further(found, answers, claims),
        problems_in_all=_problems_in_all(told),
        looks=seen,
        purposes=looks.PURPOSES,
        size=voice.size,
    )


async def receipt(visit: Visit) -> Answer:
    """Give the receipt that the client was given."""
    found = await find(visit)
    content = await visit.ask(lists.receipt, found.id)
    return download(content or b"", f"{found.id}.json", "application/json")


def _answers(connection: Connection, found: Found, after: int) -> lists.Rows:
    if found.kind == RETURN:
        return lists.answers(connection, found.id, limit=SCREEN + 1, after=after)
    if found.kind == CLAIM and found.seq is not None:
        parts_of_it = two_parts.of_claim(connection, found.id, found.seq)
        places = {each.lot_id for each in parts_of_it} or {found.id}
        return [
            row
            for lot in sorted(places)
            for row in lists.answers_about(connection, lot, found.seq, limit=SCREEN)
        ]
    if found.kind == LOT:
        return lists.answers_about(connection, found.id, found.seq, limit=SCREEN)
    return []


async def _claims(visit: Visit, found: Found, after: int) -> lists.Rows:
    if found.kind != LOT:
        return []
    return await visit.ask(lists.claims, found.id, limit=SCREEN + 1, after=after)


def _further(found: Found, answers: lists.Rows, claims: lists.Rows) -> int:
    """Return where the next screen of the long list begins; 0: there is none."""
    rows = answers if found.kind == RETURN else claims
    return int(rows[SCREEN - 1].seq) if len(rows) > SCREEN else 0


def _state(told: Life) -> str:
    if told.claim is not None:
        return str(told.claim.account)
    for row in (told.payer_return, told.dispatch):
        if row is not None:
            return str(row.state)
    if told.found.kind == LOT and told.lots:
        return str(told.lots[0].state)
    return str(told.deposit.state) if told.deposit is not None else ""


def _problems_in_all(told: Life) -> int:
    row = told.deposit
    return 0 if row is None else int(row.errors + row.warnings)


def _enrolments(chased: Pursuit, voice: Spoken) -> list[tuple[str, list[Step]]]:
    return [
        (
            chase.enrolment(each, voice),
            [
                Step(event.at, events.words(life.once(event), voice), "", "", "")
                for event in each.events
            ],
        )
        for each in chased.enrolments
    ]


def _answered(visit: Visit, row: Row[*tuple[Any, ...]]) -> Answered:
    """Put official labels to the codes of an answer; what names a patient stays away."""
    house = visit.premises.house
    said: Sequence[Sequence[str]] = json.loads(row.remarks) if row.remarks else ()
    remarks = []
    for code, label, *_more in said:
        known = explained(house.directory(), house.networks, row.payer_id or "", code)
        words = words_of(known, visit.language.code) if known else ("", "")
        remarks.append(Remarked(code, without_numbers(label), *words))
    return Answered(row=row, remarks=tuple(remarks))


def _routed(told: Life, voice: Spoken) -> list[tuple[Row[*tuple[Any, ...]], list[str]]]:
    """Pair lots with the looks into tables that led to their payers."""
    if told.found.kind not in {CLAIM, LOT}:
        return []
    pairs = ((row, parts.steps(row.routing, voice)) for row in told.lots)
    return [(row, steps) for row, steps in pairs if steps]


def _steps(told: Life, voice: Spoken) -> Iterator[Step]:
    for each in told.happened:
        about, address = _about(told, each, voice)
        yield Step(each.first, events.words(each, voice), about, address, _tone(each))


def _tone(happened: Happened) -> str:
    kind = happened.kind
    if any(word in kind for word in _BAD):
        return "bad"
    return "warn" if any(word in kind for word in _WARN) else ""


def _about(told: Life, happened: Happened, voice: Spoken) -> tuple[str, str]:
    """Say which of the things of a life an event is about, and where that is shown."""
    if happened.times > 1 or happened.subject == told.found.id:
        return "", ""
    deposits = () if told.deposit is None else (told.deposit,)
    for rows, kind, words, column in (
        (deposits, DEPOSIT, "deposit {name}", "filename"),
        (told.lots, LOT, "lot {name}", "number"),
        (told.dispatches, DISPATCH, "dispatch {name}", "number"),
        (told.returns, RETURN, "return {name}", "remote_name"),
        (told.handbacks, "", "{name}", "filename"),
    ):
        for row in rows:
            if row.id == happened.subject:
                name = getattr(row, column)
                if kind == LOT:
                    name = parts.lot_name(row, voice)
                about = voice.say(words, name=name)
                return about, place(kind, row.id) if kind else ""
    return "", ""


_NOTHING: Final = "Nothing has that id; search for it by another name that it has."

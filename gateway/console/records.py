"""The records behind a thing, and its bytes: patients masked, unless for a purpose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from gateway import reading_room
from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.console import lives
from gateway.console.forms import Fields
from gateway.console.pages import Page, get, post
from gateway.console.rights import Right
from gateway.console.visit import Visit
from gateway.intake.downloads import Payload
from gateway.journal import looks, purges
from gateway.journal.trace import Found
from gateway.reading_room import DEEPEST, SCREEN, Source

MASK: Final = "•••"
_FOLDERS: Final = (*(f"/{each}/{{id}}" for each in lives.KINDS), "/claims/{id}/{seq}")


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        *(get(f"{each}/records", show) for each in _FOLDERS),
        *(post(f"{each}/records", look, Right.PATIENTS) for each in _FOLDERS),
    ]


async def show(visit: Visit) -> Answer:
    """Show records with patients masked."""
    found = await lives.find(visit)
    return await _page(visit, found, plain=False, after=visit.query)


async def look(visit: Visit) -> Answer:
    """Show patients too, or give the bytes, once it is journaled what for."""
    found = await lives.find(visit)
    purpose, words = visit.form.get("purpose"), visit.form.get("words")
    what = visit.form.get("what")
    wrong = wrong_purpose(purpose, words)
    if what not in {"records", "bytes"}:
        raise Refusal("bad-parameter", "the form does not say what is wanted")
    if wrong:
        return await _page(visit, found, plain=False, after=visit.form, wrong=wrong)
    part = "" if found.seq is None else f"{found.seq}"
    await visit.write(
        "look",
        lambda tx: looks.note(
            tx,
            found.id,
            by=visit.who.id,
            what=what,
            purpose=purpose,
            words=words,
            part=part,
        ),
    )
    if what == "bytes":
        return await _bytes(visit, found)
    return await _page(visit, found, plain=True, after=visit.form)


def wrong_purpose(purpose: str, words: str) -> str:
    """Say what is wrong with a purpose; nothing if it can be journaled."""
    if purpose not in looks.PURPOSES:
        return _NO_PURPOSE
    return "" if looks.say_something(words) else _NO_WORDS


_NO_PURPOSE: Final = "Choose what it is for."
_NO_WORDS: Final = "Say in a few words what it is for; it is kept with your name."
_NO_FILE: Final = "There is no file behind it yet."
_PURGED: Final = (
    "The file was purged on %(day)s, as its retention was over. What it said is kept."
)


async def _page(
    visit: Visit, found: Found, *, plain: bool, after: Fields, wrong: str = ""
) -> Answer:
    of = await _source(visit, found)
    house = visit.premises.house
    begin = after.number("after", 0, most=DEEPEST)
    read = await visit.run(
        lambda: reading_room.read(
            house.database, house.payloads, house.catalog, house.networks, of, begin
        )
    )
    return visit.page(
        "records.html",
        status=422 if wrong else 200,
        found=found,
        title=lives.title_of(found),
        address=visit.path.removesuffix("/records"),
        of=of,
        read=read,
        plain=plain,
        mask=MASK,
        before=max(0, begin - SCREEN) if begin else None,
        behind=begin + SCREEN if read.more and begin + SCREEN <= DEEPEST else None,
        purposes=looks.PURPOSES,
        wrong=wrong,
    )


async def _source(visit: Visit, found: Found) -> Source:
    of = await visit.ask(reading_room.source, found)
    if of is None:
        raise Refusal("not-found", _NO_FILE)
    gone = await visit.ask(purges.purged_at, of.payload)
    if gone is not None:
        day = visit.language.date(datetime.fromtimestamp(gone, UTC).date())
        raise Refusal("purged", visit.language.say(_PURGED) % {"day": day})
    return of


async def _bytes(visit: Visit, found: Found) -> Answer:
    """Give the bytes as they are; a browser keeps them and shows nothing of them."""
    of = await _source(visit, found)
    house = visit.premises.house
    stream = await visit.run(
        lambda: reading_room.open_bytes(house.database, house.payloads, of)
    )
    name = f"{found.id}{'' if found.seq is None else f'-{found.seq}'}.bin"
    return Answer(
        content_type="application/octet-stream",
        headers=((b"Content-Disposition", f'attachment; filename="{name}"'.encode()),),
        download=Payload(stream, of.size, visit.premises.run_in_thread),
    )

"""My account: password, second factor, and where I am logged in."""

from __future__ import annotations

from typing import Any, Final

import segno
from sqlalchemy import Row

from gateway.api.routes import Answer
from gateway.committing import Tx
from gateway.console import totp
from gateway.console.login import WAIT, guessed
from gateway.console.pages import Page, get, post
from gateway.console.rights import Right
from gateway.console.visit import Visit
from gateway.intake.credentials import (
    LEAST_PASSWORD,
    hash_password,
    password_fits,
)
from gateway.intake.turnstile import Crowded
from gateway.journal import sessions, staff
from gateway.storage import secrets

_HERE: Final = "/console/account"
_LONGEST: Final = 1024
_ASKED: Final = "a second factor that is being set up"


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        get("/account", show),
        post("/account/password", set_password, Right.SEE),
        get("/account/code", offer_code),
        post("/account/code", set_code, Right.SEE),
        post("/account/code/off", drop_code, Right.SEE),
        post("/account/sessions/end", end_sessions, Right.SEE),
    ]


async def show(visit: Visit) -> Answer:
    """Show it."""
    return await _page(visit)


async def set_password(visit: Visit) -> Answer:
    """Give another password; every other session of the account ends."""
    row = await _mine(visit)
    old, new = visit.form.get("old"), visit.form.get("new")
    if wrong := await _not_mine(visit, row, old):
        return await _page(visit, wrong=wrong)
    if len(new) < LEAST_PASSWORD:
        return await _page(visit, wrong=_TOO_SHORT)
    if new != visit.form.get("again"):
        return await _page(visit, wrong=_DIFFERENT)
    hashed = await visit.hash(lambda: hash_password(new))
    who = visit.who

    def write(tx: Tx) -> None:
        staff.set_password(tx, who.id, hashed, by=who.id)
        sessions.end_all(tx, who.id, by=who.id, but=who.session)

    await visit.write("password", write)
    return visit.go(_HERE, "Your password is changed; your other sessions are ended.")


async def offer_code(visit: Visit) -> Answer:
    """Show a new secret as a QR code, and ask for a first code of it."""
    secret = totp.new_secret(visit.premises.house.entropy)
    return _offer(visit, secret)


async def set_code(visit: Visit) -> Answer:
    """Take the second factor into use, and show the recovery codes once."""
    ring, who = visit.premises.house.payloads.keys, visit.who
    secret = secrets.opened(ring, _about(visit), visit.form.get("kept")).decode()
    row = await _mine(visit)
    password = visit.form.get("password")
    step = totp.step_of(secret, visit.form.get("code"), visit.now)
    if step is None:
        return _offer(visit, secret, wrong=_CODE_WRONG)
    if not row.subject and (wrong := await _not_mine(visit, row, password)):
        return _offer(visit, secret, wrong=wrong)
    codes = totp.new_recovery(visit.premises.house.entropy)

    def write(tx: Tx) -> None:
        staff.set_code(
            tx,
            who.id,
            totp=totp.sealed(ring, who.id, secret),
            recovery=[totp.recovery_hash(each) for each in codes],
            by=who.id,
        )
        staff.take_step(tx, who.id, step)
        sessions.end_all(tx, who.id, by=who.id, but=who.session)

    await visit.write("code", write)
    return visit.page("recovery.html", codes=codes)


async def drop_code(visit: Visit) -> Answer:
    """Do without a second factor again."""
    row, who, password = await _mine(visit), visit.who, visit.form.get("password")
    if wrong := await _not_mine(visit, row, password):
        return await _page(visit, wrong=wrong)
    await visit.write("code", lambda tx: staff.drop_code(tx, who.id, by=who.id))
    return visit.go(_HERE, "The second factor is off.")


async def end_sessions(visit: Visit) -> Answer:
    """End every other session of mine."""
    who = visit.who
    await visit.write(
        "sessions",
        lambda tx: sessions.end_all(tx, who.id, by=who.id, but=who.session),
    )
    return visit.go(_HERE, "Your other sessions are ended.")


_OLD_WRONG: Final = "That is not your password."
_TOO_SHORT: Final = "The new password is too short; take ten characters or more."
_DIFFERENT: Final = "The new password was typed in two ways."
_CODE_WRONG: Final = "The code is not right; look whether the clock of your device is."


async def _not_mine(visit: Visit, row: Row[tuple[Any, ...]], password: str) -> str:
    """Say why a password is not taken for the account's; nothing if it is.

    An open session does not allow to guess it: wrong ones are journaled and counted.
    """
    guesses = visit.premises.guesses
    guess = guesses.inside(visit.who.session)
    if guess is None:
        return WAIT
    given = password[:_LONGEST].encode()
    try:
        fits = await visit.hash(lambda: password_fits(given, row.password_hash))
    except Crowded:
        guesses.unseen(guess)
        return WAIT
    if not fits:
        await visit.write("account", lambda tx: guessed(tx, visit, row))
        return _OLD_WRONG
    guesses.right(guess)
    return ""


def _status(wrong: str) -> int:
    """Return the status of a page that says what was wrong."""
    return 429 if wrong == WAIT else 422 if wrong else 200


async def _page(visit: Visit, *, wrong: str = "") -> Answer:
    row, now = await _mine(visit), visit.now
    rows = await visit.ask(sessions.listed, now)
    mine = [each for each in rows if each.staff_id == visit.who.id]
    return visit.page(
        "account.html",
        status=_status(wrong),
        row=row,
        rows=mine,
        wrong=wrong,
    )


async def _mine(visit: Visit) -> Row[tuple[Any, ...]]:
    row = await visit.ask(staff.login, visit.who.id)
    assert row is not None  # noqa: S101 - a session ends with its account
    return row


def _offer(visit: Visit, secret: str, *, wrong: str = "") -> Answer:
    """Show a secret; it comes back sealed, so that no row holds it before it is used."""
    ring = visit.premises.house.payloads.keys
    code = segno.make(totp.address(secret, visit.who.id), error="m")
    return visit.page(
        "second.html",
        status=_status(wrong),
        picture=code.svg_data_uri(scale=5, border=3, light="#fff", dark="#000"),
        secret=totp.grouped(secret),
        kept=secrets.sealed(ring, _about(visit), secret.encode()),
        wrong=wrong,
    )


def _about(visit: Visit) -> str:
    return f"{_ASKED}: {visit.who.session}"

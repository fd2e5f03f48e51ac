"""Logging in and out, and choosing a language."""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve, frozen
from sqlalchemy import Row

from gateway.api.routes import Answer
from gateway.committing import Tx
from gateway.console import cookies, totp
from gateway.console.answers import redirect
from gateway.console.languages import LANGUAGES
from gateway.console.pages import Page, get, post
from gateway.console.visit import Visit
from gateway.intake.backoff import network_of
from gateway.intake.credentials import password_fits
from gateway.intake.turnstile import Crowded
from gateway.journal import sessions, staff

_HOME: Final = "/console"
_LONGEST: Final = 1024
_NAME: Final = 64
_CODE: Final = "/console/login/code"


@frozen
class Login:
    """The pages of it; `openid` says whether there is another way in."""

    openid: str = ""
    passwords: bool = True

    def pages(self) -> list[Page]:
        """List them."""
        return [
            get("/login", self.show, None),
            post("/login", self.take, None),
            get("/login/code", self.ask_code, None),
            post("/login/code", self.take_code, None),
            post("/logout", leave, None),
            post("/language", choose_language, None),
        ]

    async def show(self, visit: Visit) -> Answer:
        """Ask for name and password."""
        if visit.person is not None:
            return redirect(next_of(visit.query.get("next")))
        return self._form(visit, "", next_of(visit.query.get("next")))

    async def take(self, visit: Visit) -> Answer:
        """Begin a session, or ask again without saying what was wrong."""
        name = visit.form.get("name")[:_NAME]
        target = next_of(visit.form.get("next"))
        device = visit.cookies.get(cookies.DEVICE, "")
        if not self.passwords:
            return self._form(visit, name, target, wrong=_NO_PASSWORDS, status=403)
        guesses = visit.premises.guesses
        guess = guesses.password(name, visit.address, device)
        if guess is None and await _at_home(visit, name):
            guess = guesses.password(name, visit.address, device, at_home=True)
        if guess is None:
            return self._form(visit, name, target, wrong=WAIT, status=429)
        password = visit.form.get("password")[:_LONGEST]
        row = await visit.ask(staff.login, name)
        kept = row.password_hash if row is not None else ""
        try:  # names that are not there cost as much as those that are
            fits = await visit.hash(lambda: password_fits(password.encode(), kept))
        except Crowded:
            guesses.unseen(guess)
            return self._form(visit, name, target, wrong=WAIT, status=429)
        if row is None or not fits:
            await visit.write("login", lambda tx: guessed(tx, visit, row))
            return self._form(visit, name, target, wrong=_WRONG, status=401)
        guesses.right(guess)
        return await enter(visit, row, means="password", target=target)

    async def ask_code(self, visit: Visit) -> Answer:
        """Ask for the second factor of who gave the right password."""
        half = await _waiting(visit)
        if half is None:
            return redirect("/console/login")
        return visit.page("code.html", wrong="", next=next_of(visit.query.get("next")))

    async def take_code(self, visit: Visit) -> Answer:
        """Begin the session if the code is right."""
        half = await _waiting(visit)
        if half is None:
            return redirect("/console/login", said=visit.language.say(_TOO_LATE))
        target = next_of(visit.form.get("next"))
        row = await visit.ask(staff.login, half.staff_id)
        code, ring = visit.form.get("code")[:_NAME], visit.premises.house.payloads.keys
        guesses, device = visit.premises.guesses, visit.cookies.get(cookies.DEVICE, "")
        guess = guesses.code(half.staff_id, visit.address, device)
        if guess is None and not (row is not None and totp.recovers(row, code)):
            return visit.page("code.html", status=429, wrong=WAIT, next=target)
        right = row is not None and await visit.write(
            "code", lambda tx: totp.fits(tx, ring, row, code, visit.now)
        )
        if row is None or not right:
            await visit.write("login", lambda tx: guessed(tx, visit, row))
            return visit.page("code.html", status=401, wrong=_WRONG_CODE, next=target)
        if guess is not None:
            guesses.right(guess)
        if not await visit.write("code", lambda tx: _tie_and_end(tx, half)):
            return redirect("/console/login", said=visit.language.say(NO_ACCOUNT))
        return await begin(visit, row.id, means="code", target=target)

    def _form(
        self,
        visit: Visit,
        name: str,
        target: str,
        *,
        wrong: str = "",
        status: int = 200,
    ) -> Answer:
        return visit.page(
            "login.html",
            status=status,
            name=name,
            next=target,
            wrong=wrong,
            openid=self.openid,
            passwords=self.passwords,
        )


_UNNAMED: Final = "(no account)"
_WRONG: Final = "Name or password are not right."
_WRONG_CODE: Final = "The code is not right, or was used before."
_NO_PASSWORDS: Final = "Passwords are not taken here."
WAIT: Final = "Too many tries; wait a little, then try again."
_TOO_LATE: Final = "That took too long; log in again."
NO_ACCOUNT: Final = "There is no account here for that person; ask an administrator."
_GOODBYE: Final = "You are logged out."


async def enter(
    visit: Visit,
    row: Row[tuple[Any, ...]],
    *,
    means: str,
    target: str,
    tie: str = "",
) -> Answer:
    """Begin the session of who proved to be somebody, or ask for the second factor.

    The account is tied to `tie`, its person at the OpenID provider, by the right code.
    """
    if row.totp:
        return await _half(visit, row.id, f"{means} {tie}".rstrip(), target)
    return await begin(visit, row.id, means=means, target=target)


async def begin(visit: Visit, name: str, *, means: str, target: str) -> Answer:
    """Begin a session that is whole, and go where the person wanted."""
    guesses = visit.premises.guesses
    token = await _session(visit, name, sessions.WHOLE, means)
    nonce = cookies.new_token(visit.premises.house.entropy)
    return evolve(
        redirect(target),
        headers=(
            (b"Location", target.encode()),
            cookies.session_cookie(token),
            cookies.device_cookie(guesses.device(name, nonce)),
        ),
    )


async def leave(visit: Visit) -> Answer:
    """End the session, here and in the journal."""
    if visit.person is not None:
        who = visit.person
        await visit.write("logout", lambda tx: sessions.end(tx, who.session, by=who.id))
    answer = redirect("/console/login", said=visit.language.say(_GOODBYE))
    return evolve(answer, headers=(*answer.headers, cookies.no_session_cookie()))


async def choose_language(visit: Visit) -> Answer:
    """Keep a language, and stay where the person is."""
    answer = redirect(next_of(visit.form.get("next")))
    code = visit.form.get("language")
    if code not in LANGUAGES:
        return answer
    return evolve(answer, headers=(*answer.headers, cookies.language_cookie(code)))


def next_of(given: str) -> str:
    """Return where to go after a login: a page of the console, whatever was asked."""
    inside = given == _HOME or given.startswith((f"{_HOME}/", f"{_HOME}?"))
    clean = given.isascii() and given.isprintable() and " " not in given
    return given if inside and clean else _HOME


async def _half(visit: Visit, name: str, means: str, target: str) -> Answer:
    """Begin a session that is of use for the second factor only."""
    token = await _session(visit, name, sessions.CODE, means)
    address = f"{_CODE}?next={target}" if target != _HOME else _CODE
    answer = redirect(address)
    return evolve(answer, headers=(*answer.headers, cookies.session_cookie(token)))


async def _session(visit: Visit, name: str, stage: str, means: str) -> str:
    token = cookies.new_token(visit.premises.house.entropy)

    def write(tx: Tx) -> None:
        sessions.begin(
            tx,
            cookies.token_hash(token),
            staff=name,
            stage=stage,
            means=means,
            address=visit.address,
            agent=visit.agent,
        )

    await visit.write("login", write)
    return token


async def _waiting(visit: Visit) -> Row[tuple[Any, ...]] | None:
    """Find the session that waits for its second factor."""
    token = visit.cookies.get(cookies.SESSION, "")
    if not token:
        return None
    name, now = cookies.token_hash(token), visit.now
    row = await visit.ask(sessions.find, name, now, stage=sessions.CODE)
    if row is None or row.created_at < now - sessions.CODE_WITHIN:
        return None
    return row


async def _at_home(visit: Visit, name: str) -> bool:
    """Say whether an account has logged in from here, and this network may try."""
    if visit.premises.guesses.backoff.wait(visit.address) > 0:
        return False
    known = await visit.ask(sessions.addresses, name)
    return network_of(visit.address) in {network_of(each) for each in known}


def _tie_and_end(tx: Tx, half: Row[tuple[Any, ...]]) -> bool:
    """End a session whose code was right, and tie what waited for it.

    False: meanwhile the account became that of another person at the provider.
    """
    sessions.end(tx, half.id, by=half.staff_id)
    _, _, subject = half.means.partition(" ")
    return not subject or staff.bind(tx, half.staff_id, subject)


def guessed(tx: Tx, visit: Visit, row: Row[tuple[Any, ...]] | None) -> None:
    """Journal a failed try; a name that is no account's is not kept.

    It is journaled all the same, or the time that it takes would tell them apart.
    """
    tx.say("staff.guessed", _UNNAMED if row is None else row.id, address=visit.address)

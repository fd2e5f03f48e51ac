"""Logging in and out, and choosing a language."""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

from gateway.api.routes import Answer
from gateway.console import cookies
from gateway.console.answers import redirect
from gateway.console.languages import LANGUAGES
from gateway.console.pages import Page, get, post
from gateway.console.visit import Visit
from gateway.intake.credentials import password_fits
from gateway.intake.ssh_backoff import AddressBackoff
from gateway.journal import sessions, staff

_HOME: Final = "/console"
_LONGEST: Final = 1024


@frozen
class Login:
    """The pages of it; `backoff` is shared with the other doors."""

    backoff: AddressBackoff

    def pages(self) -> list[Page]:
        """List them."""
        return [
            get("/login", self.show, None),
            post("/login", self.take, None),
            post("/logout", self.leave, None),
            post("/language", choose_language, None),
        ]

    async def show(self, visit: Visit) -> Answer:
        """Ask for name and password."""
        if visit.person is not None:
            return redirect(next_of(visit.query.get("next")))
        return visit.page(
            "login.html", name="", wrong="", next=next_of(visit.query.get("next"))
        )

    async def take(self, visit: Visit) -> Answer:
        """Begin a session, or ask again without saying what was wrong."""
        name, target = visit.form.get("name")[:64], next_of(visit.form.get("next"))
        wait = self.backoff.wait(visit.address)
        if wait > 0:
            return _again(visit, name, target, _WAIT, status=429)
        password = visit.form.get("password")[:_LONGEST]
        row = await visit.ask(staff.login, name)
        fits = await visit.run(
            lambda: password_fits(password.encode(), row.password_hash if row else "")
        )
        if row is None or not fits:
            self.backoff.failed(visit.address)
            return _again(visit, name, target, _WRONG, status=401)
        return await begin(visit, name, means="password", target=target)

    async def leave(self, visit: Visit) -> Answer:
        """End the session, here and in the journal."""
        if visit.person is not None:
            who = visit.person
            await visit.write(
                "logout", lambda tx: sessions.end(tx, who.session, by=who.id)
            )
        answer = redirect("/console/login", said=visit.language.say(_GOODBYE))
        return evolve(answer, headers=(*answer.headers, cookies.no_session_cookie()))


_WRONG: Final = "Name or password are not right."
_WAIT: Final = "Too many tries from your network; wait a little, then try again."
_GOODBYE: Final = "You are logged out."


async def begin(visit: Visit, name: str, *, means: str, target: str) -> Answer:
    """Begin a session that is whole, and go where the person wanted."""
    token = cookies.new_token(visit.premises.house.entropy)
    await visit.write(
        "login",
        lambda tx: sessions.begin(
            tx,
            cookies.token_hash(token),
            staff=name,
            means=means,
            address=visit.address,
            agent=visit.agent,
        ),
    )
    answer = redirect(target)
    return evolve(answer, headers=(*answer.headers, cookies.session_cookie(token)))


def next_of(given: str) -> str:
    """Return where to go after a login: a page of the console, whatever was asked."""
    inside = given == _HOME or given.startswith((f"{_HOME}/", f"{_HOME}?"))
    clean = given.isascii() and given.isprintable() and " " not in given
    return given if inside and clean else _HOME


async def choose_language(visit: Visit) -> Answer:
    """Keep a language, and stay where the person is."""
    answer = redirect(next_of(visit.form.get("next")))
    code = visit.form.get("language")
    if code not in LANGUAGES:
        return answer
    return evolve(answer, headers=(*answer.headers, cookies.language_cookie(code)))


def _again(visit: Visit, name: str, target: str, wrong: str, *, status: int) -> Answer:
    return visit.page("login.html", status=status, name=name, next=target, wrong=wrong)

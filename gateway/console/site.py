"""The console as the HTTPS door sees it: one request in, one page out.

In this order: the address, the person, the right, the form, the view.  A person
without the right is refused before anything is looked up, and that is journaled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote

from attrs import evolve
from twisted.logger import Logger

from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Asked, BodyCut, Match, RouteTable
from gateway.console import cookies
from gateway.console.answers import redirect
from gateway.console.cookies import proves
from gateway.console.forms import Fields, read_form, read_query
from gateway.console.languages import LANGUAGES, language, preferred
from gateway.console.pages import Page
from gateway.console.rights import RIGHTS
from gateway.console.visit import Person, Premises, Visit
from gateway.errors import StorageUnavailable
from gateway.intake.turnstile import Crowded
from gateway.journal import sessions
from routing.errors import GatewayError

_HOME: Final = "/console"
_LOGIN: Final = "/console/login"
_FILES: Final = "/console/static/"
_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"Content-Security-Policy", _POLICY),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
    (b"Permissions-Policy", b"camera=(), geolocation=(), microphone=()"),
    (b"Vary", b"Cookie, HX-Request"),
)


class Console:
    """Answers everything under `/console`."""

    _log = Logger()

    def __init__(self, premises: Premises, pages: Iterable[Page]) -> None:
        self._premises = premises
        self._pages = RouteTable(pages)

    async def __call__(self, asked: Asked) -> Answer:
        """Answer a request; every refusal is a page, too."""
        jar = cookies.read(asked.headers)
        visit = self._stranger(asked, jar)
        route = "/console"
        try:
            visit = await self._known(visit, jar.get(cookies.SESSION, ""))
            match = self._pages.find(asked.method, asked.path.rstrip("/"))
            if match is None:
                answer = _refused(visit, Refusal("not-found", _NOTHING))
            else:
                route = match.route.path
                answer = await self._serve(asked, visit, match)
        except BodyCut:
            raise
        except Refusal as refusal:
            answer = _refused(visit, refusal)
        except StorageUnavailable as error:
            answer = _refused(visit, Refusal("storage-unavailable", str(error)))
        except Crowded as error:
            answer = _failed(visit, 429, "This could not be done", str(error))
        except GatewayError as error:
            answer = _failed(visit, 409, "This could not be done", str(error))
        except Exception:
            self._log.failure("a page failed: {route}", route=route)
            words = "It has been noted in the gateway's log. Nothing was changed."
            answer = _failed(visit, 500, "Something went wrong here", words)
        if visit.said and answer.status == 200:  # noqa: PLR2004 - it was told
            answer = evolve(answer, headers=(*answer.headers, cookies.no_said_cookie()))
        return evolve(answer, headers=(*_HEADERS, *answer.headers), route=route)

    def _stranger(self, asked: Asked, jar: Mapping[str, str]) -> Visit:
        """Make the visit of somebody who is not known yet."""
        kept = jar.get(cookies.LANGUAGE, "")
        code = (
            kept
            if kept in LANGUAGES
            else preferred(asked.headers.get("accept-language"))
        )
        return Visit(
            premises=self._premises,
            path=asked.path,
            here=self._here(asked),
            places={},
            query=Fields(),
            form=Fields(),
            language=language(code),
            host=asked.headers.get("host"),
            address=asked.address,
            agent=asked.headers.get("user-agent")[:200],
            cookies=jar,
            person=None,
            proof="",
            boosted=asked.headers.get("hx-request") == "true",
            said=cookies.said_of(jar),
        )

    def _here(self, asked: Asked) -> str:
        """Return the address to come back to: of a form's answer, a page above it."""
        if asked.method in {"GET", "HEAD"}:
            return _asked_for(asked)
        path = asked.path.rstrip("/")
        while path.startswith(f"{_HOME}/") and not self._shows(path):
            path = path.rpartition("/")[0]
        return path

    def _shows(self, path: str) -> bool:
        try:
            return self._pages.find("GET", path) is not None
        except Refusal:
            return False

    async def _known(self, visit: Visit, token: str) -> Visit:
        """Make the visit that of a person, if a session that is of use is shown."""
        if not token or visit.path.startswith(_FILES):
            return visit
        name = cookies.token_hash(token)
        row = await visit.ask(sessions.find, name, visit.now)
        if row is None:
            return visit
        if visit.now - row.seen_at >= sessions.TOUCH_AFTER:
            await visit.write("session", lambda tx: sessions.touch(tx, name))
        person = Person(id=row.staff_id, role=row.role, session=name)
        return evolve(visit, person=person, proof=cookies.proof_of(token))

    async def _serve(self, asked: Asked, visit: Visit, match: Match[Page]) -> Answer:
        page = match.route
        visit = evolve(visit, places=match.places, query=read_query(asked))
        if page.right is not None:
            if visit.person is None:
                return self._to_login(asked, visit)
            if page.right not in RIGHTS[visit.person.role]:
                return await self._not_permitted(visit, page)
        if page.method == "POST":
            form = await read_form(asked)
            if not _same_origin(asked):
                return _failed(visit, 403, "This form came from elsewhere", _ELSEWHERE)
            if visit.person is not None and not proves(visit.proof, form.get("proof")):
                return _failed(visit, 403, "This form has expired", _EXPIRED)
            visit = evolve(visit, form=form)
        return await page.view(visit)

    def _to_login(self, asked: Asked, visit: Visit) -> Answer:
        back = _asked_for(asked) if asked.method in {"GET", "HEAD"} else _HOME
        address = f"{_LOGIN}?next={quote(unquote(back), safe='')}"
        if visit.boosted:  # htmx would put the login page into a part of this one
            return Answer(headers=((b"HX-Redirect", address.encode()),))
        return redirect(address)

    async def _not_permitted(self, visit: Visit, page: Page) -> Answer:
        who, right = visit.who, str(page.right)
        await visit.write(
            "refused",
            lambda tx: tx.say("staff.refused", who.id, page=page.path, right=right),
        )
        return _refused(visit, Refusal("not-permitted", _RIGHT.format(role=who.role)))


_RIGHT: Final = (
    "the role {role} has not the right to it; that it was asked for is noted"
)
_NOTHING: Final = "there is no page under this address"
_ELSEWHERE: Final = "Open the console itself, and send the form from there."
_EXPIRED: Final = "Load the page again, and send it once more. Nothing was changed."


def _asked_for(asked: Asked) -> str:
    return asked.path + (f"?{asked.query}" if asked.query else "")


def _same_origin(asked: Asked) -> bool:
    """Say whether a form came from a page of this console, as the browser tells it."""
    site = asked.headers.get("sec-fetch-site")
    if site:
        return site == "same-origin"
    return asked.headers.get("origin") == f"https://{asked.headers.get('host')}"


def _refused(visit: Visit, refusal: Refusal) -> Answer:
    answer = _failed(visit, refusal.kind.status, refusal.kind.title, refusal.detail)
    return evolve(answer, headers=refusal.headers)


def _failed(visit: Visit, status: int, title: str, words: str) -> Answer:
    return visit.page("refused.html", status=status, title=title, words=words)

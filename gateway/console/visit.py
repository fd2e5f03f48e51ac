"""One look at a page: who looks, what was asked for, and how to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from attrs import frozen
from sqlalchemy import Connection
from twisted.internet.defer import Deferred

from gateway.api.routes import Answer
from gateway.committing import Tx
from gateway.console.answers import html, redirect
from gateway.console.forms import Fields
from gateway.console.guesses import Guesses
from gateway.console.languages import Language
from gateway.console.rights import RIGHTS, Right
from gateway.console.templates import Templates
from gateway.console.written import in_language
from gateway.house import House
from gateway.intake.backoff import network_of
from gateway.intake.reception import RunInThread
from gateway.intake.turnstile import Turnstile
from gateway.journal.snapshot import Snapshot

P = ParamSpec("P")
T = TypeVar("T")


@frozen(kw_only=True)
class Premises:
    """What all pages share: the house, its threads, the newest counts, the look."""

    house: House
    run_in_thread: RunInThread
    counts: Callable[[], Snapshot | None]
    guesses: Guesses
    hashing: Turnstile
    templates: Templates
    zone: ZoneInfo
    version: str


@frozen(kw_only=True)
class Person:
    """Who is logged in."""

    id: str
    role: str
    session: str

    def may(self, right: str) -> bool:
        """Say whether the role has a right."""
        return Right(right) in RIGHTS[self.role]


@frozen(kw_only=True)
class Visit:
    """A request as a view sees it; `places` are those of the page's path."""

    premises: Premises
    path: str
    places: Mapping[str, str]
    query: Fields
    form: Fields
    language: Language
    host: str
    address: str
    agent: str
    cookies: Mapping[str, str]
    person: Person | None
    proof: str
    """What a form of this session must carry."""
    boosted: bool
    """Whether htmx asked, which swaps what it gets into the page."""
    here: str = ""
    """The address of this page with its query; behind a form, the page nearest to it."""
    said: str = ""
    """What the last form of this person led to, shown once."""

    @property
    def who(self) -> Person:
        """Return the person of a page that needs one."""
        assert self.person is not None  # noqa: S101 - pages with a right have one
        return self.person

    @property
    def now(self) -> float:
        """Return epoch seconds."""
        return self.premises.house.now()

    def ask(
        self,
        call: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Deferred[T]:
        """Ask the journal in a thread."""
        database = self.premises.house.database
        return self.premises.run_in_thread(lambda: database.read(call, *args, **kwargs))

    def run(self, call: Callable[[], T]) -> Deferred[T]:
        """Do something that takes its time in a thread."""
        return self.premises.run_in_thread(call)

    async def hash(self, call: Callable[[], T]) -> T:
        """Hash or check a password when it is its turn; `Crowded` if that is far."""
        return await self.premises.hashing.run(network_of(self.address), call)

    def write(self, name: str, call: Callable[[Tx], T]) -> Deferred[T]:
        """Change the journal; fires after the commit."""
        return self.premises.house.database.submit(f"console.{name}", call)

    def tell(self, words: object) -> str:
        """Say a sentence of the gateway, facts and all; what has no form stays."""
        said = in_language(self.language.code, str(words))
        return str(words) if said is None else said

    def page(self, template: str, *, status: int = 200, **facts: Any) -> Answer:
        """Render a template."""
        body = self.premises.templates.render(template, self, facts)
        return html(body, status=status)

    def go(self, address: str, said: str = "") -> Answer:
        """Send the browser to another page, which tells what was done."""
        return redirect(address, said=self.language.say(said) if said else "")

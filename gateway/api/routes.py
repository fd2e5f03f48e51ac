"""The table of routes: what answers a request, and what documents it, are one.

`/openapi.json` and `/docs` are made from the table that serves, so nothing can
be served that is not documented.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from gateway.api.leaving import Leaving
from gateway.api.problems import EVERYWHERE, LOGGED_IN, Refusal
from gateway.intake.interface import Client, Download

JSON: Final = "application/json"
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class Body(Protocol):
    """The body of a request, on its way in."""

    length: int | None  # as the client said; None for one in chunks

    def each(self, take: Callable[[bytes], object]) -> Awaitable[None]:
        """Hand every piece to `take`; returns after the last one.

        Raises what `take` raises, or `BodyCut` if the line was lost before.
        """
        ...


class Heading(Protocol):
    """The header lines of a request; names in any case."""

    def get(self, name: str, default: str = "", /) -> str:
        """Return the last value of a header."""
        ...


class BodyCut(Exception):
    """The line was lost before the body was whole; nobody is there to be told."""


@frozen(kw_only=True)
class Call:
    """One request, as a handler sees it.

    `path` and `query` hold what the route declares, `query` with defaults
    applied.
    """

    client: Client
    path: Mapping[str, str]
    query: Mapping[str, Any]
    headers: Heading
    body: Body


@frozen(kw_only=True)
class Answer:
    """What a handler answers: bytes, or a download that is streamed.

    `route` is what the log calls it where no route of the API answered.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    cache: bytes = b"no-store"
    download: Download | None = None
    route: str = "-"


@frozen(kw_only=True)
class Asked:
    """One request that no route of the API answers, as it came.

    `path` and `query` are raw, `address` is the caller's; of the body `most`
    bytes are to be taken.
    """

    method: str
    path: str
    query: str
    headers: Heading
    body: Body
    address: str
    most: int


Elsewhere = Callable[[Asked], Awaitable[Answer]]
"""Answers what is no route of the API; raises `Refusal`."""

Handler = Callable[[Call], Awaitable[Answer]]


@frozen(kw_only=True)
class Param:
    """A parameter of a route; `where` is query, path, header or body.

    One of the body is a member of its JSON object, a text or a list of `strings`.
    """

    name: str
    words: str
    where: str = "query"
    kind: str = "string"  # or integer, or strings
    format: str = ""  # of a string, as JSON Schema names it
    required: bool = False
    default: Any = None
    of: tuple[str, ...] = ()
    least: int = 0
    most: int = 0


@frozen(kw_only=True)
class Reply:
    """An answer that a route may give; `shape` names a schema, empty for bytes."""

    status: int
    words: str
    shape: str = ""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@frozen(kw_only=True)
class Route:
    """One method on one path, its handler and its documentation."""

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    words: str = ""
    group: str = ""
    params: tuple[Param, ...] = ()
    replies: tuple[Reply, ...] = ()
    problems: tuple[str, ...] = ()
    takes_file: bool = False
    public: bool = False
    leaving: Leaving | None = None
    _asked: Mapping[str, Param] = field(init=False)  # what a query may hold
    _usual: Mapping[str, Any] = field(init=False)  # what it holds if nothing is said

    @property
    def refusals(self) -> tuple[str, ...]:
        """Codes of all problems that it may answer with."""
        some = self.problems if self.public else (*self.problems, *LOGGED_IN)
        return tuple(dict.fromkeys((*some, *EVERYWHERE)))

    @_asked.default
    def _its_query(self) -> Mapping[str, Param]:
        return {each.name: each for each in self.params if each.where == "query"}

    @_usual.default
    def _its_defaults(self) -> Mapping[str, Any]:
        return {name: each.default for name, each in self._asked.items()}

    def read_query(self, raw: str) -> dict[str, Any]:
        """Read a query string as declared; raises `Refusal`."""
        found = dict(self._usual)
        given = _pairs(raw)
        if len(dict(given)) < len(given):
            raise Refusal(
                "bad-parameter", "a parameter is given twice; give each of them once"
            )
        for name, text in given:
            param = self._asked.get(name)
            if param is None:
                names = ", ".join(self._asked) or "none"
                raise Refusal(
                    "bad-parameter",
                    f"{name!r} is no parameter here; there are: {names}",
                )
            found[name] = _value(param, text)
        return found


class Placed(Protocol):
    """What a table finds: a method on a path with places, `/v1/things/{id}`."""

    @property
    def method(self) -> str:
        """Return the method."""
        ...

    @property
    def path(self) -> str:
        """Return the path."""
        ...


R = TypeVar("R", bound=Placed)


@frozen
class Match(Generic[R]):
    """A route, and what stands in the places of its path."""

    route: R
    places: Mapping[str, str]


class RouteTable(Generic[R]):
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[R]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[str, dict[str, R]] = {}
        self._open: list[tuple[tuple[str, ...], dict[str, R]]] = []
        for route in self.routes:
            self._methods(route.path)[route.method] = route

    def find(self, method: str, path: str) -> Match[R] | None:
        """Find the route of a method and a raw path.

        None means that the path is none of the API's; a path of the API with
        another method raises the refusal that lists what is allowed.
        """
        methods = self._fixed.get(path)
        places: Mapping[str, str] = {}
        if methods is None:
            parts = path.split("/")
            for pattern, candidates in self._open:
                found = _match(pattern, parts)
                if found is not None:
                    methods, places = candidates, found
                    break
            else:
                return None
        route = methods.get("GET" if method == "HEAD" else method)
        if route is None:
            raise Refusal(
                "method-not-allowed",
                f"{method} means nothing on {path}; it takes {allowed(methods)}",
                headers=((b"Allow", allowed(methods).encode()),),
            )
        return Match(route, places)

    def methods_of(self, path: str) -> str:
        """List the methods of a path, for OPTIONS; empty if there is none.

        The path `*` stands for all that is served.
        """
        if path == "*":
            return allowed({route.method for route in self.routes})
        parts = path.split("/")
        found = self._fixed.get(path) or next(
            (methods for pattern, methods in self._open if _match(pattern, parts)), {}
        )
        return allowed(found) if found else ""

    def _methods(self, path: str) -> dict[str, R]:
        if "{" not in path:
            return self._fixed.setdefault(path, {})
        pattern = tuple(path.split("/"))
        for known, methods in self._open:
            if known == pattern:
                return methods
        self._open.append((pattern, {}))
        return self._open[-1][1]


def allowed(methods: Iterable[str]) -> str:
    """Write an Allow header for what a path answers to."""
    found = {*methods, "OPTIONS"}
    if "GET" in found:
        found.add("HEAD")
    return ", ".join(sorted(found))


def _pairs(raw: str) -> list[tuple[str, str]]:
    try:
        found = parse_qsl(raw, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        found = None
    if found is None or any("\0" in text for _, text in found):
        raise Refusal(
            "bad-parameter",
            "a value in the address is no text; wanted UTF-8 without NUL, "
            "percent-encoded: é is %C3%A9",
        )
    return found


def _value(param: Param, text: str) -> Any:
    if param.of and text not in param.of:
        wanted = ", ".join(param.of)
        raise Refusal(
            "bad-parameter", f"{param.name} is {text!r}; wanted one of {wanted}"
        )
    if param.kind == "string":
        return text
    value = int(text) if _NUMBER.fullmatch(text) else -1
    if not param.least <= value <= (param.most or value):
        bounds = f"from {param.least} to {param.most}" if param.most else "from 0 on"
        raise Refusal(
            "bad-parameter", f"{param.name} is {text!r}; wanted a number {bounds}"
        )
    return value


def _match(pattern: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    found = {}
    for wanted, part in zip(pattern, parts, strict=True):
        if wanted.startswith("{"):
            if not part:
                return None
            found[wanted[1:-1]] = unquote(part).replace(
                "\0", "\N{REPLACEMENT CHARACTER}"
            )
        elif wanted != part:
            return None
    return found

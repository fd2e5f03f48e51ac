"""The pages of the console as one table: the only list of what can be looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import frozen

from gateway.api.routes import Answer
from gateway.console.rights import Right
from gateway.console.visit import Visit

View = Callable[[Visit], Awaitable[Answer]]


@frozen(kw_only=True)
class Page:
    """One method on one path; `right` is None where nobody has to be logged in."""

    method: str
    path: str
    view: View
    right: Right | None = Right.SEE


def get(path: str, view: View, right: Right | None = Right.SEE) -> Page:
    """Make a page to look at."""
    return Page(method="GET", path=f"/console{path}", view=view, right=right)


def post(path: str, view: View, right: Right | None = Right.WORK) -> Page:
    """Make what a form is sent to."""
    return Page(method="POST", path=f"/console{path}", view=view, right=right)

"""The files that pages load: style, script, icon; each under its version, for ever."""

from __future__ import annotations

from typing import Final

from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.console.pages import Page, get
from gateway.console.templates import static_file
from gateway.console.visit import Visit

_KINDS: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("/static/{name}", show, None)]


async def show(visit: Visit) -> Answer:
    """Give a file; browsers keep it, since another version has another address."""
    name = visit.places["name"]
    try:
        content, version = static_file(name)
    except KeyError:
        raise Refusal("not-found", "there is no such file") from None
    fresh = visit.query.get("v") == version
    return Answer(
        body=content,
        content_type=_KINDS[name.rpartition(".")[2]],
        cache=b"public, max-age=31536000, immutable" if fresh else b"no-cache",
    )

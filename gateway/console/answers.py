"""What a view answers with: a page, or the way to another one."""

from __future__ import annotations

import re
from typing import Final

from gateway.api.routes import Answer
from gateway.console.cookies import said_cookie

_FURTHER: Final = 303  # whatever came before, GET what is there


def html(body: str, *, status: int = 200) -> Answer:
    """Answer with a page."""
    return Answer(
        status=status, body=body.encode(), content_type="text/html; charset=utf-8"
    )


def redirect(address: str, *, said: str = "") -> Answer:
    """Send the browser on, so that going back does not send a form again."""
    headers = [(b"Location", address.encode("ascii"))]
    if said:
        headers.append(said_cookie(said))
    return Answer(status=_FURTHER, headers=tuple(headers))


def download(body: bytes, name: str, kind: str) -> Answer:
    """Answer with a file to keep; whatever is in it, a browser does not show it."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return Answer(
        body=body,
        content_type=kind,
        headers=((b"Content-Disposition", f'attachment; filename="{safe}"'.encode()),),
    )

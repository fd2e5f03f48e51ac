"""The API about itself: OpenAPI, a page to read, and what each problem means.

The pages are whole as they are: no script, nothing loaded from anywhere, and a
content security policy that forbids both.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from html import escape
from itertools import groupby
from typing import Final

from gateway.api import shapes
from gateway.api.openapi import document
from gateway.api.problems import PROBLEM_CODES, Refusal
from gateway.api.routes import Answer, Call, Param, Route
from gateway.api.shape_list import SHAPES
from gateway.api.shapes import Shape
from gateway.intake.reception import RunInThread

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; }
h3 { margin-top: 2.5rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .92em; }
pre { padding: .8rem; overflow-x: auto; border: 1px solid #8886; border-radius: 4px; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0;
         border-bottom: 1px solid #8884; }
.method { font-weight: 600; }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_EXAMPLE: Final = """\
curl --data-binary @LOTS.b2 -H "Authorization: Bearer $TOKEN" \\
     -H "Content-Type: application/octet-stream" \\
     "https://HOST/v1/deposits?filename=LOTS.b2"
"""


class DocumentViews:
    """Handlers of `/openapi.json`, `/docs` and `/problems/{code}`."""

    def __init__(self, version: str, run_in_thread: RunInThread) -> None:
        self._version = version
        self._run_in_thread = run_in_thread
        self._routes: Sequence[Route] = ()

    def describe(self, routes: Sequence[Route]) -> None:
        """Take the table that serves; the documents are made when first asked for."""
        self._routes = routes

    async def openapi(self, call: Call) -> Answer:
        """Give the OpenAPI document."""
        return Answer(body=await self._run_in_thread(lambda: self._openapi))

    async def page(self, call: Call) -> Answer:
        """Give the page to read."""
        return _page_answer(await self._run_in_thread(lambda: self._page))

    @cached_property
    def _openapi(self) -> bytes:
        return shapes.to_bytes(document(self._routes, self._version))

    @cached_property
    def _page(self) -> bytes:
        return _html("Octway API", _contents(self._routes))

    async def problem(self, call: Call) -> Answer:
        """Say what a problem means."""
        code = call.path["code"]
        kind = PROBLEM_CODES.get(code)
        if kind is None:
            raise Refusal("not-found", f"there is no problem {code!r}")
        body = (
            f"<p><code>{escape(code)}</code>, status {kind.status}</p>"
            f"<p>{escape(kind.words)}</p>"
            '<p><a href="/docs">All of the API</a></p>'
        )
        return _page_answer(_html(kind.title, body))


def _page_answer(body: bytes) -> Answer:
    return Answer(
        body=body,
        content_type="text/html; charset=utf-8",
        headers=((b"Content-Security-Policy", _POLICY.encode()),),
    )


def _html(title: str, body: str) -> bytes:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    ).encode()


def _contents(routes: Sequence[Route]) -> str:
    parts = [
        "<p>Log in with <code>Authorization: Bearer TOKEN</code> or a client "
        "certificate. Amounts are exact decimal texts, times are UTC. Errors are "
        '<a href="#problems">problem details</a> (RFC 9457). The same in a form for '
        'programs: <a href="/openapi.json">openapi.json</a>.</p>',
        f"<pre>{escape(_EXAMPLE)}</pre>",
    ]
    for group, members in groupby(routes, key=lambda route: route.group):
        parts.append(f"<h2>{escape(group)}</h2>")
        parts.extend(_route(route) for route in members)
    parts.append("<h2>Shapes</h2>")
    parts.extend(_shape(name, shape) for name, shape in SHAPES.items())
    parts.append('<h2 id="problems">Problems</h2>')
    rows = [
        (f"<code>{escape(code)}</code>", str(kind.status), escape(kind.words))
        for code, kind in PROBLEM_CODES.items()
    ]
    parts.append(_table(("code", "status", "meaning"), rows))
    return "".join(parts)


def _route(route: Route) -> str:
    parts = [
        f'<h3><span class="method">{route.method}</span> '
        f"<code>{escape(route.path)}</code></h3>",
        f"<p>{escape(route.summary)}.</p>",
    ]
    if route.leaving is not None:
        parts.append(f"<p><strong>{_with_code(route.leaving.words)}</strong></p>")
    if route.words:
        parts.append(f"<p>{_with_code(route.words)}</p>")
    if route.params:
        rows = [_param(each) for each in route.params]
        parts.append(_table(("parameter", "in", "meaning"), rows))
    answers = [(str(each.status), escape(each.words)) for each in route.replies]
    answers += [
        (
            str(PROBLEM_CODES[code].status),
            f'<a href="/problems/{code}"><code>{code}</code></a>',
        )
        for code in route.refusals
    ]
    parts.append(_table(("status", "answer"), answers))
    return "".join(parts)


def _param(param: Param) -> tuple[str, str, str]:
    words = escape(param.words)
    if param.of:
        listed = ", ".join(f"<code>{escape(each)}</code>" for each in param.of)
        words += f": {listed}"
    if param.default is not None:
        words += f" (default {escape(str(param.default))})"
    return f"<code>{escape(param.name)}</code>", param.where, words


def _shape(name: str, shape: Shape) -> str:
    rows = [
        (f"<code>{escape(key)}</code>", escape(member.kind), escape(member.words))
        for key, member in shape.items()
    ]
    return f"<h3>{escape(name)}</h3>" + _table(("member", "type", "meaning"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _with_code(words: str) -> str:
    pieces = escape(words).split("`")
    return "".join(
        f"<code>{piece}</code>" if number % 2 else piece
        for number, piece in enumerate(pieces)
    )

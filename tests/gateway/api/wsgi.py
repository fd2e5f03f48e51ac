"""The HTTPS door in memory as an application that programs for WSGI can call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from tests.gateway.api.door import Door

_BARE = {"CONTENT_TYPE": "Content-Type"}


def application(door: Door) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """Wrap a door: each call is one connection with one request, byte for byte."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        body = environ["wsgi.input"].read()
        headers = {
            name[5:].replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") and name != "HTTP_HOST"
        }
        headers |= {_BARE[name]: environ[name] for name in _BARE if environ.get(name)}
        path, query = environ["REQUEST_URI"].partition("?")[0], environ["QUERY_STRING"]
        target = f"{path}?{query}" if query else path
        got = door.line().request(method, target, body, headers)
        status = HTTPStatus(got.status)
        start_response(f"{status.value} {status.phrase}", list(got.headers.items()))
        return [got.body]

    return call

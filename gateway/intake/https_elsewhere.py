"""What is served beside the API: whatever is put here, and nothing else."""

from __future__ import annotations

from twisted.web.iweb import IRequest
from twisted.web.resource import Resource

from gateway.api.problems import CONTENT_TYPE, Refusal


class Elsewhere(Resource):
    """The root of all that is no route of the API; the console is put here.

    The root itself sends a browser to `home`.
    """

    def __init__(self, *, home: str = "/docs") -> None:
        super().__init__()
        self._home = home.encode()

    def getChild(self, path: bytes, request: IRequest) -> Resource:
        """Find the root itself, or nothing."""
        if path == b"" and len(request.prepath) == 1:
            return _Home(self._home)
        return _Nothing()


class _Home(Resource):
    isLeaf = True

    def __init__(self, home: bytes) -> None:
        super().__init__()
        self._home = home

    def render(self, request: IRequest) -> bytes:
        if request.method in {b"GET", b"HEAD"}:
            request.setResponseCode(302)
            request.setHeader(b"Location", self._home)
            return b""
        method = request.method.decode("latin-1")
        return _refused(
            request,
            Refusal(
                "method-not-allowed",
                f"{method} means nothing on /; it takes GET, HEAD",
                headers=((b"Allow", b"GET, HEAD"),),
            ),
        )


class _Nothing(Resource):
    isLeaf = True

    def render(self, request: IRequest) -> bytes:
        return _refused(
            request, Refusal("not-found", "there is nothing under this address")
        )


def _refused(request: IRequest, refusal: Refusal) -> bytes:
    request.setResponseCode(refusal.kind.status)
    for name, value in refusal.headers:
        request.setHeader(name, value)
    request.setHeader(b"Content-Type", CONTENT_TYPE.encode())
    return refusal.body()

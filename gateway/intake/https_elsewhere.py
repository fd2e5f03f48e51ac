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

    def render_GET(self, request: IRequest) -> bytes:
        request.setResponseCode(302)
        request.setHeader(b"Location", self._home)
        return b""


class _Nothing(Resource):
    isLeaf = True

    def render(self, request: IRequest) -> bytes:
        refusal = Refusal("not-found", "there is nothing under this address")
        request.setResponseCode(refusal.kind.status)
        request.setHeader(b"Content-Type", CONTENT_TYPE.encode())
        return refusal.body()

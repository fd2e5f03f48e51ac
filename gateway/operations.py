"""The listener for operators: `/metrics`, `/healthz`, `/readyz`.

It is a listener of its own so that it can stay inside, without TLS or login;
nothing here names a client.  `/readyz` asks each part within a bound: a part
that does not answer in time is not ready, and the answer says which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from attrs import frozen
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import Connection, inspect, select, text
from twisted.internet.defer import (
    CancelledError,
    Deferred,
    DeferredList,
    maybeDeferred,
)
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from gateway.database import Database
from gateway.errors import StorageUnavailable
from gateway.intake.reception import RunInThread
from gateway.journal import schema
from gateway.storage.local import LocalStorage
from gateway.supervise import StepRunner

_ANSWER_WITHIN: Final = 5.0
_OK, _UNAVAILABLE, _NOT_FOUND = 200, 503, 404


@frozen(kw_only=True)
class Check:
    """One thing that must be right; `look` returns words, or raises `NotReady`."""

    name: str
    look: Callable[[], Deferred[str]]


class NotReady(Exception):
    """A part cannot do its work now; the text says why."""


class Readiness:
    """Asks all parts at once."""

    _log = Logger()

    def __init__(self, checks: list[Check], *, clock: IReactorTime) -> None:
        self._checks = checks
        self._clock = clock
        self.draining = False

    async def report(self) -> tuple[bool, Mapping[str, Any]]:
        """Return whether all is right, and what each part says."""
        looks = [self._look(check) for check in self._checks]
        parts = {}
        for check, (_, said) in zip(
            self._checks, await DeferredList(looks), strict=True
        ):
            parts[check.name] = said
        if self.draining:
            parts["node"] = {"ready": False, "words": "is stopping"}
        ready = all(part["ready"] for part in parts.values())
        return ready, {"ready": ready, "parts": parts}

    def _look(self, check: Check) -> Deferred[dict[str, Any]]:
        look = check.look()
        look.addTimeout(_ANSWER_WITHIN, self._clock)
        return look.addCallbacks(
            lambda words: {"ready": True, "words": words},
            lambda failure: {"ready": False, "words": self._why(check, failure)},
        )

    def _why(self, check: Check, failure: Failure) -> str:
        if failure.check(DeferredTimeout, CancelledError):
            return f"gave no answer within {_ANSWER_WITHIN:g} s"
        if failure.check(NotReady, StorageUnavailable):
            return failure.getErrorMessage()
        name = type(failure.value).__name__
        self._log.warn("a readiness check failed", part=check.name, error=name)
        return f"fails ({name})"


def database_check(database: Database, run_in_thread: RunInThread) -> Check:
    """Check that the journal answers, and is of this program's version."""
    return Check(
        name="database",
        look=lambda: run_in_thread(lambda: database.read(_schema_words)),
    )


def storage_check(storage: LocalStorage, run_in_thread: RunInThread) -> Check:
    """Check that storage can be written."""

    def look() -> str:
        probe = storage.staging("readyz.probe")
        try:
            probe.write_bytes(b"octway")
            probe.unlink()
        except OSError as error:
            raise NotReady(f"cannot be written: {error.strerror}") from error
        return "can be written"

    return Check(name="storage", look=lambda: run_in_thread(look))


def disk_check(
    storage: LocalStorage, run_in_thread: RunInThread, least_free: int
) -> Check:
    """Check that the disk has the free space without which no deposit is taken."""

    def look() -> str:
        free = storage.free_bytes()
        if free < least_free:
            raise NotReady(f"{free} bytes are free; {least_free} are needed")
        return f"{free} bytes are free"

    return Check(name="disk", look=lambda: run_in_thread(look))


def steps_check(runners: Iterable[StepRunner]) -> Check:
    """Check that every worker of every step runs: none died without a word."""

    def look() -> str:
        lacking = [str(each.name) for each in runners if each.lacks()]
        if lacking:
            raise NotReady(f"{', '.join(lacking)}: has ended; restart the node")
        return "all run"

    return Check(name="steps", look=lambda: maybeDeferred(look))


def _schema_words(connection: Connection) -> str:
    connection.execute(select(schema.event_chain.c.chain).limit(1))
    if not inspect(connection).has_table("alembic_version"):
        raise NotReady("has no version; run `octway migrate`")
    query = text("SELECT version_num FROM alembic_version")
    found = connection.execute(query).scalar_one_or_none()
    if found != schema.SCHEMA_VERSION:
        raise NotReady(
            f"is at version {found}; this program works with {schema.SCHEMA_VERSION}; "
            "run `octway migrate`"
        )
    return f"version {found}"


class _Page(Resource):
    """A page that is made by a coroutine: (status, content type, body)."""

    isLeaf = True
    _log = Logger()

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__()
        self._make = make

    def render_GET(self, request: Request) -> int:
        gone = request.notifyFinish()
        gone.addErrback(lambda _: None)
        Deferred.fromCoroutine(self._render(request, gone)).addErrback(
            lambda failure: self._log.failure("a page was not given", failure)
        )
        return NOT_DONE_YET

    async def _render(self, request: Request, gone: Deferred[None]) -> None:
        try:
            status, content_type, body = await self._make()
        except Exception:
            self._log.failure("a page failed")
            status, content_type, body = 500, "text/plain", b"failed\n"
        if gone.called:
            return
        request.setResponseCode(status)
        request.setHeader(b"Content-Type", content_type.encode())
        request.setHeader(b"Content-Length", b"%d" % len(body))
        request.setHeader(b"Cache-Control", b"no-store")
        request.write(body)
        request.finish()


class _Root(Resource):
    def getChild(self, path: bytes, request: IRequest) -> Resource:
        return _Page(_nothing)


async def _nothing() -> tuple[int, str, bytes]:
    return _NOT_FOUND, "text/plain", b"/metrics, /healthz and /readyz are here\n"


class _NamelessRequest(Request):
    """A request whose answer does not say which software serves it."""

    def setHeader(self, name: bytes | str, value: bytes | str) -> None:
        if name not in {b"Server", b"server"}:
            super().setHeader(name, value)


class Operations(Site):
    """The site of the operations' listener."""

    noisy = False

    def __init__(
        self,
        *,
        registry: CollectorRegistry,
        readiness: Readiness,
        run_in_thread: RunInThread,
        clock: IReactorTime,
    ) -> None:
        self._registry = registry
        self._readiness = readiness
        self._run = run_in_thread
        root = _Root()
        root.putChild(b"metrics", _Page(self._metrics))
        root.putChild(b"healthz", _Page(self._health))
        root.putChild(b"readyz", _Page(self._ready))
        super().__init__(root, _NamelessRequest, reactor=clock)

    def startFactory(self) -> None:
        """Start nothing: no access log is kept here."""

    def stopFactory(self) -> None:
        """Nothing was started."""

    async def _metrics(self) -> tuple[int, str, bytes]:
        body = await self._run(lambda: generate_latest(self._registry))
        return _OK, CONTENT_TYPE_LATEST, body

    async def _health(self) -> tuple[int, str, bytes]:
        return _OK, "text/plain", b"alive\n"

    async def _ready(self) -> tuple[int, str, bytes]:
        ready, said = await self._readiness.report()
        body = (json.dumps(said, indent=2) + "\n").encode()
        return _OK if ready else _UNAVAILABLE, "application/json", body

"""One HTTP request: from its head to its answer.

An address of the API is answered from the table of routes; any other one by what
is put beside it (the console), whose bodies are bounded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, cast

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request

from gateway.api.problems import Refusal, refusal_of
from gateway.api.routes import Answer, Asked, BodyCut, Call, Match, Route
from gateway.intake.https_answer import Outflow, answer_of, head_of
from gateway.intake.https_body import RequestBody
from gateway.intake.https_head import Heading
from gateway.intake.https_tls import peer_fingerprint
from gateway.intake.interface import Client, Download

if TYPE_CHECKING:
    from gateway.intake.https_channel import DoorChannel

NOBODY: Final = Client(
    id="", name="", max_file_size=0, max_open_uploads=0, max_bytes_per_second=0
)
"""The client of routes that anyone may call."""

_MOST_SMALL: Final = 64 * 1024  # a body of the console, or of a call without a file
_SWALLOW: Final = 1024 * 1024  # a refused body up to this size is read to its end


class DoorRequest(Request):
    """A request of the door; see the module that serves it."""

    _log = Logger()
    channel: DoorChannel
    answered_early = False
    defaultContentType = b"text/html; charset=utf-8"
    _clock: IReactorTime
    _heading: Heading
    _handler: Callable[[], Awaitable[Answer]]
    _body: RequestBody | None = None  # None before its head came
    _match: Match[Route] | None = None
    _client = NOBODY
    _began = 0.0
    _sent = 0
    _elsewhere = "-"  # what answered that is no route of the API
    _waits_for_end = False
    _outflow: Outflow | None = None

    def headed(
        self,
        method: bytes,
        uri: bytes,
        version: bytes,
        heading: Heading,
        *,
        length: int | None,
        here: bool,
    ) -> None:
        """Begin; the head is here, and nothing of the body was handed over yet.

        `here` tells that the body came whole with its head: it is handed over at
        once, and nobody has to wait for it.
        """
        self.method, self.uri, self.clientproto = method, uri, version
        self._heading = heading
        self._clock = self.channel.site.clock
        self._began = self._clock.seconds()
        self.path, _, self._query = uri.partition(b"?")
        self.content = None
        self._waits_for_end = here
        waits = (
            not here
            and version == b"HTTP/1.1"
            and self._heading.get("expect").lower() == "100-continue"
        )
        self._handler = self._choose()
        self._body = RequestBody(self.channel, length, waits=waits)
        if not here:
            self._start()

    def _choose(self) -> Callable[[], Awaitable[Answer]]:
        """Find what answers the path."""
        routes = self.channel.site.routes
        method, path = self.method.decode("latin-1"), self.path.decode("latin-1")
        if method == "OPTIONS" and routes.methods_of(path):
            return self._options
        try:
            self._match = routes.find(method, path)
        except Refusal as refusal:
            return _refuse_with(refusal)
        return self._ask_elsewhere if self._match is None else self._handle

    def handleContentChunk(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self._body is not None:
            if self._waits_for_end:
                self._body.put(data)
            else:
                self._body.take(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Take note that the body is over."""
        cast(RequestBody, self._body).end()
        if self._waits_for_end:
            self._start()

    def connectionLost(self, reason: Failure) -> None:
        """Tell whoever reads the body, or writes the answer, that the line is gone."""
        super().connectionLost(reason)
        if self._body is not None:
            self._body.cut()
        if self._outflow is not None:
            self._outflow.cut()

    # An answer of the API

    def _start(self) -> None:
        Deferred.fromCoroutine(self._serve()).addErrback(
            lambda failure: self._log.failure("a request was not answered", failure)
        )

    async def _serve(self) -> None:
        try:
            answer = await self._handler()
        except BodyCut:
            self._note(0)
            return
        except Exception as error:
            refusal = refusal_of(error)
            if refusal is None:
                self._log.failure("a request failed: {route}", route=self._route)
                refusal = Refusal("internal", "something went wrong on our side")
            answer = answer_of(refusal)
        await self._give(self._with_notice(answer))

    def _with_notice(self, answer: Answer) -> Answer:
        """Tell in the answer that the route is on its way out, if it is."""
        leaving = self._match.route.leaving if self._match is not None else None
        if leaving is None:
            return answer
        return evolve(answer, headers=answer.headers + leaving.headers)

    async def _handle(self) -> Answer:
        match, body = cast(Match[Route], self._match), cast(RequestBody, self._body)
        route = match.route
        if not route.public:
            self._client = await self.channel.site.doorkeeper.client(
                self._heading.get("authorization"), self._fingerprint()
            )
        if not route.takes_file and (body.length or 0) > _MOST_SMALL:
            raise Refusal(
                "too-large",
                f"{route.method} {route.path} takes {_MOST_SMALL} bytes at most, and "
                f"{body.length} were announced; files go to POST /v1/deposits",
            )
        call = Call(
            client=self._client,
            path=match.places,
            query=route.read_query(self._query.decode("latin-1")),
            headers=self._heading,
            body=body,
        )
        return await route.handler(call)

    async def _ask_elsewhere(self) -> Answer:
        body = cast(RequestBody, self._body)
        if (body.length or 0) > _MOST_SMALL:
            raise Refusal(
                "too-large", f"a body here may have {_MOST_SMALL} bytes at most"
            )
        asked = Asked(
            method=self.method.decode("latin-1"),
            path=self.path.decode("latin-1"),
            query=self._query.decode("latin-1"),
            headers=self._heading,
            body=body,
            address=getattr(self.channel.getPeer(), "host", ""),
            most=_MOST_SMALL,
        )
        answer = await self.channel.site.elsewhere(asked)
        self._elsewhere = answer.route
        return answer

    async def _options(self) -> Answer:
        methods = self.channel.site.routes.methods_of(self.path.decode("latin-1"))
        return Answer(status=204, headers=((b"Allow", methods.encode()),))

    async def _give(self, answer: Answer) -> None:
        early = await self._is_early()
        if self._disconnected:
            if answer.download is not None:
                await answer.download.close(whole=False)
            self._note(0)
            return
        self.answered_early = early
        if early:
            self.channel.persistent = 0
        length = answer.download.size if answer.download else len(answer.body)
        head = head_of(
            answer,
            length,
            self.channel.site.date(),
            closing=not self.channel.persistent,
        )
        self.startedWriting = 1
        self.code = answer.status
        if answer.download is not None:
            self.channel.write(head)
            await self._stream(answer.download)
        elif self.method == b"HEAD":
            self.channel.write(head)
        else:
            self.channel.write(head + answer.body)
            self._sent = length
        self._note(answer.status)
        if not self._disconnected:
            self.finish()

    async def _is_early(self) -> bool:
        """Say whether the answer comes before the body; a small rest is awaited."""
        body = cast(RequestBody, self._body)
        if not body.over and body.small_rest(_SWALLOW):
            try:
                await body.swallow()
            except BodyCut:
                return True
        return not body.over

    async def _stream(self, download: Download) -> None:
        """Hand a download out; to HEAD only its length is told."""
        if self.method == b"HEAD":
            await download.close(whole=False)
            return
        self._outflow = outflow = Outflow(download, self.channel.write)
        self.registerProducer(outflow, True)
        await outflow.run()
        self._sent = outflow.sent
        if not self._disconnected:
            self.unregisterProducer()
            if self._sent < download.size:
                self.channel.persistent = 0  # told by the missing bytes

    def _fingerprint(self) -> str:
        channel = self.channel
        if channel.fingerprint is None:
            channel.fingerprint = peer_fingerprint(channel.transport)
        return channel.fingerprint

    @property
    def _route(self) -> str:
        return self._match.route.path if self._match is not None else self._elsewhere

    def _note(self, status: int) -> None:
        """Log the request; 0 as status means that the line was lost before."""
        body = self._body
        self._log.info(
            "request",
            client=self._client.id,
            method=self.method.decode("latin-1")[:16],
            route=self._route,
            status=status,
            taken=body.taken if body is not None else 0,
            sent=self._sent,
            ms=round((self._clock.seconds() - self._began) * 1000, 1),
        )


def _refuse_with(refusal: Refusal) -> Callable[[], Awaitable[Answer]]:
    async def refuse() -> Answer:
        raise refusal

    return refuse

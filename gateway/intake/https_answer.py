"""The answer to a request: its head as bytes, and a download on its way out."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from gateway.api.problems import CONTENT_TYPE, Refusal
from gateway.api.routes import Answer
from gateway.intake.interface import Download

SECURITY: Final = (
    b"X-Content-Type-Options: nosniff\r\n"
    b"Referrer-Policy: no-referrer\r\n"
    b"Strict-Transport-Security: max-age=31536000\r\n"
    b"X-Frame-Options: DENY\r\n"
)
_PHRASES: Final = {each.value: each.phrase.encode() for each in HTTPStatus}
_WITHOUT_BODY: Final = (204, 304)
_CHUNK: Final = 256 * 1024


def answer_of(refusal: Refusal) -> Answer:
    """Make the answer that tells of a refusal."""
    return Answer(
        status=refusal.kind.status,
        body=refusal.body(),
        content_type=CONTENT_TYPE,
        headers=refusal.headers,
    )


def head_of(answer: Answer, length: int, date: bytes, *, closing: bool) -> bytes:
    """Write the head of an answer whose body has that length."""
    lines = [
        b"HTTP/1.1 %d %s\r\n" % (answer.status, _PHRASES[answer.status]),
        SECURITY,
        b"Date: ",
        date,
        b"\r\nCache-Control: %s\r\n" % answer.cache,
    ]
    if answer.status not in _WITHOUT_BODY:
        lines.append(
            b"Content-Type: %s\r\nContent-Length: %d\r\n"
            % (answer.content_type.encode(), length)
        )
    lines.extend(b"%s: %s\r\n" % pair for pair in answer.headers)
    lines.append(b"Connection: close\r\n\r\n" if closing else b"\r\n")
    return b"".join(lines)


@implementer(IPushProducer)
class Outflow:
    """A download that goes out as fast as the client takes it."""

    def __init__(self, download: Download, write: Callable[[bytes], object]) -> None:
        self.sent = 0
        self._download = download
        self._write = write
        self._cut = False
        self._resumed: Deferred[None] | None = None

    async def run(self) -> None:
        """Send what there is until the line is cut, then close the download.

        It is told to be whole only if its last byte was sent.
        """
        size = self._download.size
        try:
            while self.sent < size and not self._cut:
                data = await self._download.read(self.sent, _CHUNK)
                if not data or self._cut:
                    break
                self._write(data)
                self.sent += len(data)
                if self._resumed is not None:
                    await self._resumed
        finally:
            await self._download.close(whole=self.sent == size and not self._cut)

    def cut(self) -> None:
        """Take note that the line is gone."""
        self._cut = True
        self.resumeProducing()

    def pauseProducing(self) -> None:
        """The client takes no more for now."""
        if self._resumed is None:
            self._resumed = Deferred()

    def resumeProducing(self) -> None:
        """The client takes more, or is gone."""
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            resumed.callback(None)

    def stopProducing(self) -> None:
        """The line is being closed."""
        self.cut()

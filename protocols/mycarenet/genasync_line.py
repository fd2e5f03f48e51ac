"""One HTTPS exchange with MyCareNet: mutual TLS, one request, one bounded answer.

A line is made for each exchange and given up after it: there are few of them, and
so nothing is ever said on a line that the other side has already left.  What is
raised says how far the request came, which decides whether it may be repeated.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from typing import Final, NamedTuple, Protocol

from protocols.errors import (
    CredentialsRefused,
    PayerUnavailable,
    TransferError,
    UntrustedHost,
)
from protocols.mycarenet.genasync_attachments import Package
from protocols.mycarenet.genasync_settings import GenAsyncSettings

_BLOCK: Final = 1 << 16
_LOOK_FOR_ALERT: Final = 1.0
_NOT_LET_IN: Final = ("UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")


class NoAnswer(Exception):
    """The request went out whole and no whole answer came; the words say why."""

    def __init__(self, words: str, *, in_time: bool = True) -> None:
        super().__init__(words)
        self.in_time = in_time


class TooLong(NoAnswer):
    """The answer was longer than we read."""


class Answer(NamedTuple):
    """What came back; `package` where it is a multipart message."""

    status: int
    body: bytes
    package: Package | None = None


class Exchanges(Protocol):
    """What carries requests there and answers back."""

    def exchange(self, doing: str, action: str, request: bytes) -> Answer:
        """Send a request and return its answer.

        Raises `NoAnswer` once the last byte is out; before that a `TransferError`
        with nothing handed over, which names what was being done.
        """
        ...

    def close(self) -> None:
        """End every exchange under way, and make no more."""
        ...


class Line:
    """Makes exchanges with one endpoint.  Thread-safe; holds no line open."""

    def __init__(
        self, settings: GenAsyncSettings, *, monotonic: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closed = False

    def exchange(self, doing: str, action: str, request: bytes) -> Answer:
        """Send a request and return its answer, on a line of its own."""
        connection = HTTPSConnection(
            self._settings.host,
            self._settings.port,
            timeout=self._settings.connect_timeout,
            context=self._settings.tls,
        )
        try:
            with self._connected(doing, connection) as sock:
                self._send(doing, connection, sock, action, request)
                return self._receive(doing, connection, sock)
        finally:
            connection.close()

    def close(self) -> None:
        """End every exchange under way, and make no more."""
        with self._lock:
            self._closed = True
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _connected(
        self, doing: str, connection: HTTPSConnection
    ) -> Iterator[socket.socket]:
        with self._lock:
            if self._closed:
                raise PayerUnavailable(f"{doing}: the channel was closed")
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise UntrustedHost(
                f"{doing}: the certificate shown there is not to be trusted:"
                f" {error.verify_message}; wanted one of {self._settings.host} under"
                " ca_file. Nothing was said to it: ask MyCareNet by another way"
            ) from error
        except OSError as error:
            raise _refused(doing, error) or _away(doing, error) from error
        sock: socket.socket = connection.sock
        sock.settimeout(self._settings.answer_timeout)
        with self._lock:
            self._open.add(sock)
        try:
            yield sock
        finally:
            with self._lock:
                self._open.discard(sock)

    def _send(
        self,
        doing: str,
        connection: HTTPSConnection,
        sock: socket.socket,
        action: str,
        request: bytes,
    ) -> None:
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{action}"',
            "Accept": "text/xml, multipart/related",
            "User-Agent": "Octway",
            "Connection": "close",
        }
        try:
            connection.request("POST", self._settings.path, request, headers)
        except OSError as error:
            # Why it was hung up on us may lie there still unread.
            raise (
                _refused(doing, error)
                or _refused(doing, _alert(sock))
                or _away(doing, error)
            ) from error

    def _receive(
        self, doing: str, connection: HTTPSConnection, sock: socket.socket
    ) -> Answer:
        until = self._monotonic() + self._settings.answer_timeout
        try:
            with connection.getresponse() as response:
                body = self._read(response, sock, until)
                return Answer(response.status, body, _package(response.headers))
        except TimeoutError as error:
            raise NoAnswer("no answer in time", in_time=False) from error
        except (OSError, HTTPException) as error:
            turned_away = _refused(doing, error)
            if turned_away is not None:
                raise turned_away from error
            raise NoAnswer(f"the line broke: {_why(error)}") from error

    def _read(self, response: HTTPResponse, sock: socket.socket, until: float) -> bytes:
        taken = bytearray()
        while True:
            left = until - self._monotonic()
            if left <= 0:
                raise NoAnswer("the answer did not end in time", in_time=False)
            sock.settimeout(left)
            block = response.read1(_BLOCK)  # one at a time, for the time that is left
            if not block:
                break
            taken += block
            if len(taken) > self._settings.max_answer:
                raise TooLong(
                    f"the answer has more than max_answer ({self._settings.max_answer}"
                    " bytes)"
                )
        if response.length:
            raise NoAnswer(f"the line broke with {response.length} bytes still to come")
        return bytes(taken)


def _package(headers: HTTPMessage) -> Package | None:
    if headers.get_content_type() != "multipart/related":
        return None
    start = headers.get_param("start", "")
    return Package(
        boundary=headers.get_boundary("") or "",
        start=start if isinstance(start, str) else "",
    )


def _alert(sock: socket.socket) -> Exception | None:
    try:
        sock.settimeout(_LOOK_FOR_ALERT)
        sock.recv(1)
    except OSError as error:
        return error
    return None


def _refused(doing: str, error: Exception | None) -> TransferError | None:
    """Say that we were not let in, where a TLS alert is about our certificate."""
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    if "ALERT" not in reason:
        return None
    if "CERTIFICATE" not in reason and not reason.endswith(_NOT_LET_IN):
        return None
    return CredentialsRefused(
        f"{doing}: our certificate was refused ({reason}); wanted one that MyCareNet"
        " knows: see certificate_file, its last day, and our registration there"
    )


def _away(doing: str, error: Exception) -> PayerUnavailable:
    return PayerUnavailable(
        f"{doing}: {_why(error)}; nothing was handed over, it may be tried again"
    )


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return error.reason or "TLS failed"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__

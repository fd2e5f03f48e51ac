"""One call of an endpoint: a POST to an address that was checked, and its status.

No redirect is followed, no proxy is used, and nothing is read but the head of the
answer.  However slowly the other side speaks, a call ends within its time.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, NamedTuple, Protocol

from gateway.webhooks.addresses import Addresses, AddressRefused, Target

_MOST_TRIED: Final = 3  # addresses of one name
_GOOD: Final = range(200, 300)
_ELSEWHERE: Final = range(300, 400)
_GONE: Final = 410


class Outcome(NamedTuple):
    """What came of a call: the status of the answer, or None and why there was none."""

    status: int | None
    words: str = ""

    @property
    def good(self) -> bool:
        """Whether the endpoint has taken it."""
        return self.status in _GOOD

    @property
    def gone(self) -> bool:
        """Whether the endpoint says that it wants nothing any more."""
        return self.status == _GONE


class Calls(Protocol):
    """What calls endpoints."""

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """POST a body; never raises for what the other side does."""
        ...


class Line:
    """Calls endpoints; thread-safe, and holds no connection open."""

    def __init__(
        self,
        *,
        addresses: Addresses,
        tls: Callable[[], ssl.SSLContext],
        seconds: float,
    ) -> None:
        self._addresses = addresses
        self._tls = tls
        self._seconds = seconds

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """POST a body; never raises for what the other side does."""
        try:
            target = self._addresses.target(url)
            found = self._addresses.of(target)
        except AddressRefused as error:
            return Outcome(None, f"not called: {error}")
        except (OSError, UnicodeError):
            return Outcome(None, "its name cannot be resolved")
        if target.secure:
            connection: HTTPConnection = HTTPSConnection(target.host, target.port)
        else:
            connection = HTTPConnection(target.host, target.port)
        over = threading.Event()
        try:
            with self._connected(target, found, over) as sock:
                connection.sock = sock
                connection.request("POST", target.path, body, self._head(headers))
                with connection.getresponse() as response:
                    status = response.status
        except ssl.SSLCertVerificationError as error:
            return Outcome(
                None, f"its certificate is not to be trusted: {error.verify_message}"
            )
        except TimeoutError:
            over.set()
        except (OSError, HTTPException) as error:
            if not over.is_set():
                return Outcome(None, _why(error))
        else:
            if not over.is_set():
                return _outcome(status)
        finally:
            connection.close()
        return Outcome(None, f"no whole answer within {self._seconds:g} s")

    def _head(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": "Octway",
            "Connection": "close",
            **headers,
        }

    @contextmanager
    def _connected(
        self, target: Target, found: list[Any], over: threading.Event
    ) -> Iterator[socket.socket]:
        """Connect, and see to it that what follows ends in time."""
        sock = self._reach(found[:_MOST_TRIED])
        if target.secure:
            sock = self._tls().wrap_socket(
                sock, server_hostname=target.host, do_handshake_on_connect=False
            )
        timer = threading.Timer(self._seconds, _break, (sock, over))
        timer.daemon = True
        timer.start()
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            yield sock
        finally:
            timer.cancel()
            sock.close()

    def _reach(self, found: list[Any]) -> socket.socket:
        failed: OSError | None = None
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(self._seconds / len(found))
            try:
                sock.connect(address)
            except OSError as error:
                sock.close()
                failed = error
            else:
                sock.settimeout(self._seconds)
                return sock
        raise failed or OSError("it has no address")


def _break(sock: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _outcome(status: int) -> Outcome:
    if status in _GOOD:
        return Outcome(status)
    if status in _ELSEWHERE:
        return Outcome(status, f"it answered {status}; redirects are not followed")
    return Outcome(status, f"it answered {status}; wanted 2xx")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'no reason is given'}"
    if isinstance(error, OSError) and error.strerror:
        return f"the line broke: {error.strerror}"
    return "the line broke before there was an answer"

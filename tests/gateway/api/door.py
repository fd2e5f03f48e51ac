"""The HTTPS door in memory: a test speaks HTTP to it byte for byte."""

from __future__ import annotations

import json
from typing import Any

from attrs import field, frozen
from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gateway.api.application import build
from gateway.api.cards import Decode
from gateway.api.deposits import Pages
from gateway.api.routes import Elsewhere
from gateway.api.webhooks import WebhookRules, WebhookViews
from gateway.intake.https_channel import DoorChannel
from gateway.intake.https_elsewhere import Beside
from gateway.intake.https_login import Doorkeeper
from gateway.intake.https_server import HttpsDoor, HttpsLimits
from gateway.intake.https_upload import Uploads
from gateway.webhooks.addresses import Addresses
from tests.gateway.house import House

RULES = WebhookRules(addresses=Addresses(), most=10, old_secret=86_400.0)


def as_text(image: bytes) -> list[str]:
    """Take an image for its own text, so that no process is started."""
    return [image.decode("utf-8", "replace")]


class DoorSeen:
    """Remembers what the door reports."""

    def __init__(self) -> None:
        self.open = 0
        self.logins: list[str] = []
        self.rejections: list[str] = []

    def connection_opened(self) -> None:
        self.open += 1

    def connection_closed(self) -> None:
        self.open -= 1

    def login(self, outcome: str) -> None:
        self.logins.append(outcome)

    def rejection(self, limit: str) -> None:
        self.rejections.append(limit)


@frozen
class Got:
    """One answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """One connection to the door."""

    def __init__(self, door: HttpsDoor, peer: str = "192.168.1.1") -> None:
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", peer, 54321))
        self.channel: DoorChannel = door.buildProtocol(None)
        self.channel.makeConnection(self.transport)

    def send(self, data: bytes) -> None:
        self.channel.dataReceived(data)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Got:
        """Send a whole request and return its answer."""
        self.send(head(method, path, len(body), headers or {}) + body)
        return self.answer(method)

    def answer(self, method: str = "GET") -> Got:
        """Take one whole answer off the line."""
        raw = self.transport.value()
        text, _, rest = raw.partition(b"\r\n\r\n")
        first, *lines = text.decode("latin-1").split("\r\n")
        found = dict(line.split(": ", 1) for line in lines)
        length = 0 if method == "HEAD" else int(found.get("Content-Length", "0"))
        assert len(rest) >= length, (raw[:500], length)
        self.transport.clear()
        self.transport.write(rest[length:])
        return Got(int(first.split()[1]), found, rest[:length])

    def cut(self) -> None:
        """Lose the connection."""
        self.channel.connectionLost(Failure(ConnectionDone()))


def head(method: str, path: str, length: int, headers: dict[str, str]) -> bytes:
    """Write the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: door"]
    if length or method == "POST":
        lines.append(f"Content-Length: {length}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Door:
    """The door of a house."""

    def __init__(
        self,
        house: House,
        *,
        limits: HttpsLimits | None = None,
        elsewhere: Elsewhere | None = None,
        believe_seconds: float = 5.0,
        rules: WebhookRules = RULES,
        decode: Decode = as_text,
    ) -> None:
        self.house = house
        self.seen = DoorSeen()
        self.pages = Pages(
            database=house.database,
            run_in_thread=maybeDeferred,
            now=house.now,
        )
        self.routes = build(
            take_deposit=Uploads(reception=house.reception).deposit,
            pages=self.pages,
            payloads=house.payloads,
            versions=house.versions,
            webhooks=WebhookViews(self.pages, house.keys, house.entropy, rules),
            decode=decode,
            version="test",
        )
        self.site = HttpsDoor(
            routes=self.routes,
            doorkeeper=Doorkeeper(
                credentials=house.credentials,
                now=house.now,
                believe_seconds=believe_seconds,
                observe=self.seen,
            ),
            elsewhere=elsewhere or Beside(),
            clock=house.clock,
            limits=limits or HttpsLimits(),
            observe=self.seen,
        )

    def line(self) -> Line:
        """Open a connection."""
        return Line(self.site)

    def get(self, path: str, token: str = "", **headers: str) -> Got:
        """GET on a connection of its own."""
        return self.line().request("GET", path, headers=login(token) | headers)

    def post(self, path: str, body: bytes, token: str = "", **headers: str) -> Got:
        """POST on a connection of its own."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.line().request("POST", path, body, login(token) | named)


def login(token: str) -> dict[str, str]:
    """Write the header that logs in."""
    return {"Authorization": f"Bearer {token}"} if token else {}

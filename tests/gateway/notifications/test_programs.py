"""Messages to chats and to programs, against a real HTTP server on loopback."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from config.notification_records import (
    MessageChannel,
    Notifications,
    Recipient,
    Secret,
)
from gateway.notifications import chat, webhook
from gateway.notifications.content import Content
from gateway.notifications.errors import NotTaken
from gateway.notifications.letter import Letter, letter
from gateway.notifications.postman import Postman
from tests.gateway.notifications.lines import line

AT = 1_795_000_000.0

# Apprise looks for a module of Python that goes with version 3.13.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


class Server(ThreadingHTTPServer):
    """Keeps what is posted, and answers with a status; or holds its answer back."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.goes_on = threading.Event()
        self.goes_on.set()

    @property
    def place(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.posted.append((headers, body))
        self.server.goes_on.wait(10)
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", f"http://{self.server.place}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.goes_on.set()
    made.shutdown()
    thread.join()
    made.server_close()


def written(recipient: Recipient) -> Letter:
    content = Content(at=AT, lines=(line(),), more={"lot-held": 213})
    return letter("n1", "urgent", recipient, content, "https://octway.example/console")


def hook(server: Server, folder: Path, secret: str = "hush") -> Recipient:
    file = folder / "hook.secret"
    file.write_text(f"{secret}\n")
    return Recipient(
        name="hook",
        channel=MessageChannel.WEBHOOK,
        address=f"http://{server.place}/in",
        secret=Secret(file=file),
    )


def room(**secret: Any) -> Recipient:
    return Recipient(name="room", channel=MessageChannel.CHAT, secret=Secret(**secret))


@pytest.mark.parametrize(
    ("secret", "key"),
    [("hush", b"hush"), ("whsec_" + base64.b64encode(b"k" * 24).decode(), b"k" * 24)],
    ids=["plain", "standard"],
)
def test_a_webhook_gets_facts_that_it_can_trust(
    server: Server, tmp_path: Path, secret: str, key: bytes
) -> None:
    """Id, time and body are signed; links and counts are fields."""
    recipient = hook(server, tmp_path, secret)
    Postman(now=lambda: AT).deliver(Notifications(), recipient, written(recipient))
    ((headers, body),) = server.posted
    assert headers["webhook-id"] == "n1"
    assert headers["webhook-timestamp"] == "1795000000"
    wanted = webhook.signature(key, "n1", "1795000000", body)
    assert headers["webhook-signature"] == wanted
    facts = json.loads(body)
    assert facts["anomalies"][0]["kind"] == "payer-locked-out"
    assert facts["anomalies"][0]["link"].endswith("/console/anomalies/a1")
    assert facts["more"] == {"lot-held": 213}


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the Standard Webhooks specification's libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = webhook.signature(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "again"), [(500, True), (429, True), (404, False), (302, True)]
)
def test_a_webhook_that_refuses(
    server: Server, tmp_path: Path, status: int, again: bool
) -> None:
    """Told with its status; a redirection is not followed, since it may lead anywhere."""
    server.status = status
    recipient = hook(server, tmp_path)
    with pytest.raises(NotTaken, match=f"answers with {status}") as caught:
        webhook.send(recipient, written(recipient), AT)
    assert caught.value.again == again
    assert len(server.posted) == 1


def test_a_chat_gets_the_plain_text(server: Server, tmp_path: Path) -> None:
    """Its address is read from a file, or from a variable, at each message."""
    file = tmp_path / "room.url"
    file.write_text(f"json://{server.place}/a\n")
    environ = {"ROOM": f"json://{server.place}/b"}
    for recipient in (room(file=file), room(variable="ROOM")):
        chat.send(recipient, written(recipient), environ)
    for _, body in server.posted:
        said = json.loads(body)
        assert said["title"] == "Octway: 1 new anomaly, and 213 more, worst: error"
        assert "and 213 more: lot-held 213" in said["message"]
        assert "<" not in said["message"]


def test_a_chat_that_hangs_is_left_after_a_while(server: Server) -> None:
    """A step's worker never waits for long."""
    server.goes_on.clear()
    environ = {"ROOM": f"json://{server.place}/"}
    recipient = room(variable="ROOM")
    with pytest.raises(NotTaken, match="no answer within") as caught:
        chat.send(recipient, written(recipient), environ, patience=0.05)
    assert caught.value.again


@pytest.mark.parametrize(
    ("address", "cause", "again"),
    [
        ("json://127.0.0.1:1/sesame", "chat-refused", True),
        ("nothing://sesame", "address-unknown", False),
        ("", "no-secret", True),
    ],
    ids=["nobody-there", "no-service", "empty"],
)
def test_the_address_of_a_chat_is_never_shown(
    address: str, cause: str, again: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the error, not in the log."""
    recipient = room(variable="ROOM")
    with caplog.at_level(logging.DEBUG), pytest.raises(NotTaken) as caught:
        chat.send(recipient, written(recipient), {"ROOM": address})
    assert (caught.value.cause, caught.value.again) == (cause, again)
    assert "sesame" not in str(caught.value) + caplog.text

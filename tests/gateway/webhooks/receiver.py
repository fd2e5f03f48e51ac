"""A vendor's endpoint for tests: on loopback, it remembers what came and answers as told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from attrs import frozen


@frozen
class Came:
    """One call as it came."""

    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """An endpoint that runs in a thread."""

    def __init__(self, server: HTTPServer, scheme: str) -> None:
        self.came: list[Came] = []
        self.answers: list[int] = []  # statuses to answer with; then 204
        self.port = server.server_address[1]
        self.url = f"{scheme}://localhost:{self.port}/hook?from=octway"
        self.paths: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.came.append(Came(dict(self.headers), body))
            receiver.paths.append(self.path)
            receiver.meanwhile()
            status = receiver.answers.pop(0) if receiver.answers else 204
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", receiver.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver = Receiver(server, "http" if tls is None else "https")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def verified(secret: str, came: Came, now: float, tolerance: float = 300.0) -> bool:
    """Verify a call as the guide for vendors says, without any code of the gateway."""
    headers = {name.lower(): value for name, value in came.headers.items()}
    moment = headers["webhook-timestamp"]
    if abs(now - int(moment)) > tolerance:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((headers["webhook-id"].encode(), moment.encode(), came.body))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(
        version == "v1" and hmac.compare_digest(given, wanted)
        for version, _, given in (
            each.partition(",") for each in headers["webhook-signature"].split(" ")
        )
    )

"""The HTTPS server of a SIMULATED MyCareNet: mutual TLS in front of a `Hub`.

It stands on the standard library's server, one thread for each line, so that our
channel meets an implementation that is not ours.  Every answer says `X-Simulated`.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from protocols.mycarenet.genasync_certificates import Pair
from protocols.mycarenet.genasync_hub import Hub, Reply

PATH: Final = "/mycarenet-ws/async/generic/hcpfac"
_MOST_BYTES: Final = 100_000_000
_PATIENCE: Final = 30.0  # seconds for a client that stops in the middle


class MyCareNetHost:
    """Serves a hub on this machine until it is closed."""

    def __init__(
        self, *, hub: Hub, server: Pair, client_ca: Path, port: int = 0
    ) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_cert_chain(server.certificate, server.key)
        tls.load_verify_locations(client_ca)
        tls.verify_mode = ssl.CERT_REQUIRED
        self._server = _Server(("127.0.0.1", port), hub, tls)
        self.port: int = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}{PATH}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.01},
            name="simulated-mycarenet",
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening, end every line and every slow answer, and wait for all."""
        self._server.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, place: tuple[str, int], hub: Hub, tls: ssl.SSLContext) -> None:
        super().__init__(place, _Handler)
        self.hub = hub
        self.closing = threading.Event()
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Make the TLS side in the line's own thread; a line that fails just ends."""
        request.settimeout(_PATIENCE)
        with (
            suppress(OSError),
            self._tls.wrap_socket(request, server_side=True) as line,
        ):
            super().finish_request(line, client_address)
            line.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "SimulatedMyCareNet"
    sys_version = ""

    def do_POST(self) -> None:  # the library's name
        """Hand a request to the hub, and treat the line as it says."""
        action = self.headers.get("SOAPAction", "").strip('"')
        length = int(self.headers.get("Content-Length") or 0)
        cut = self.server.hub.faults(action).cut_request_after
        if cut is not None:
            self.rfile.read(min(cut, length))
            return
        if self.path != PATH or length > _MOST_BYTES:
            self._write(Reply(404, b"no such service (simulated)", "text/plain"))
            return
        request = self.rfile.read(length)
        if len(request) == length:
            self._write(self.server.hub.answer(action, request))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: tests and the demo look at the hub."""

    def _write(self, reply: Reply) -> None:
        if reply.slow and self.server.closing.wait(reply.slow):
            return
        if reply.cut_after == 0:
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("X-Simulated", "MyCareNet; no eHealth STS, SAML or XAdES-T")
        self.end_headers()
        self.wfile.write(reply.body[: reply.cut_after])

"""One call of an endpoint, over real sockets on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.key_files import self_signed
from gateway.webhooks.addresses import Addresses
from gateway.webhooks.line import Line, Outcome
from tests.gateway.webhooks.receiver import receiving

LOOPBACK = (ip_network("127.0.0.0/8"),)


def line(trusted: str | None = None, seconds: float = 5.0, **more: Any) -> Line:
    return Line(
        addresses=Addresses(allowed=LOOPBACK, **more),
        tls=lambda: ssl.create_default_context(cadata=trusted),
        seconds=seconds,
    )


def here(host: str, port: int, **options: Any) -> Any:
    """Resolve any name to this machine."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_a_call_is_a_post_with_its_body_and_headers() -> None:
    """The endpoint gets address, headers and bytes as they are."""
    with receiving() as receiver:
        outcome = line().call(receiver.url, {"webhook-id": "n1"}, b'{"a": 1}')
        (came,) = receiver.came

    assert outcome == Outcome(204)
    assert receiver.paths == ["/hook?from=octway"]
    assert came.body == b'{"a": 1}'
    assert came.headers["webhook-id"] == "n1"
    assert came.headers["Content-Type"] == "application/json"
    assert came.headers["Host"] == f"localhost:{receiver.port}"


@pytest.mark.parametrize("status", [301, 307, 400, 410, 500])
def test_any_other_answer_is_a_failure(status: int) -> None:
    """A redirect is not followed, as it could lead anywhere."""
    with receiving() as receiver:
        receiver.answers = [status]
        outcome = line().call(receiver.url, {}, b"{}")

    assert (outcome.status, outcome.good) == (status, False)
    assert str(status) in outcome.words
    assert outcome.gone is (status == 410)
    assert len(receiver.came) == 1


def test_a_certificate_is_checked_for_the_name(tmp_path: Path) -> None:
    """Over TLS the address is pinned and the name still counts."""
    certificate, key = self_signed("localhost", time.time())
    (tmp_path / "all.pem").write_bytes(certificate + key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "all.pem")
    trusted = certificate.decode()
    with receiving(server) as receiver:
        assert line(trusted).call(receiver.url, {}, b"{}").good
        other = receiver.url.replace("localhost", "vendor.example")
        for outcome in (
            line(trusted, resolve=here).call(other, {}, b"{}"),
            line().call(receiver.url, {}, b"{}"),
        ):
            assert outcome.status is None
            assert "certificate is not to be trusted" in outcome.words
    assert len(receiver.came) == 1


def test_a_name_that_changed_its_mind_is_not_called() -> None:
    """The address that was checked is the one that is connected to."""
    with receiving() as receiver:
        asked = []

        def resolve(host: str, port: int, **options: Any) -> Any:
            asked.append(host)
            ip = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

        one = line(resolve=resolve)
        assert one.call(receiver.url, {}, b"{}").good
        second = one.call(receiver.url, {}, b"{}")

    assert asked == ["localhost", "localhost"]
    assert second.words.startswith("not called:")
    assert len(receiver.came) == 1


@contextmanager
def dribbling(piece: bytes) -> Iterator[str]:
    """An endpoint that says something again and again, and never ends."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        sock, _ = server.accept()
        with sock:
            while not over.wait(0.01):
                try:
                    sock.sendall(piece)
                except OSError:
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        over.set()
        thread.join()
        server.close()


def test_an_answer_that_dribbles_ends_in_time() -> None:
    """Nobody can hold a worker by speaking slowly."""
    with dribbling(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10) as url:
        outcome = line(seconds=0.2).call(url, {}, b"{}")
    assert outcome.status is None
    assert "within 0.2 s" in outcome.words


def test_silence_and_a_closed_port_are_told_apart() -> None:
    """The words say what the vendor has to look for."""
    with dribbling(b"") as url:
        silent = line(seconds=0.1).call(url, {}, b"{}")
    assert silent.words == "no whole answer within 0.1 s"
    closed = line().call(url, {}, b"{}")
    assert closed.words == "the line broke: Connection refused"


def test_a_name_nobody_knows_is_told() -> None:
    """A failure of the resolver is a failure of the try, and may pass."""

    def resolve(*asked: Any, **options: Any) -> Any:
        raise socket.gaierror

    outcome = line(resolve=resolve).call("https://vendor.example/", {}, b"{}")
    assert outcome == Outcome(None, "its name cannot be resolved")

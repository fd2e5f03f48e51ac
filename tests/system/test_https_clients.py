"""Real HTTP clients at the HTTPS door: curl, and Python's own."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.intake.receipts import verify

pytestmark = pytest.mark.system

needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is not installed here"
)


class Served:
    """The running door, as its clients know it."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.port: int = facts["port"]
        self.token: str = facts["token"]
        self.folder = Path(facts["folder"])
        self.receipt_key = Ed25519PublicKey.from_public_bytes(
            bytes.fromhex(facts["receipt_key"])
        )
        self.url = f"https://localhost:{self.port}"

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.folder / "localhost.crt"))
        # A server's own certificate as its authority is not a chain that strict
        # checking likes; what it proves is the same.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    def curl(self, *arguments: str, login: bool = True) -> tuple[int, bytes]:
        """Run curl; return the status and the body."""
        command = ["curl", "--silent", "--show-error", "--noproxy", "*"]
        command += ["--max-time", "30", "--cacert", str(self.folder / "localhost.crt")]
        command += ["--write-out", "%{stderr}%{http_code}"]
        if login:
            command += ["--header", f"Authorization: Bearer {self.token}"]
        done = subprocess.run(
            [*command, *arguments], capture_output=True, check=False, timeout=60
        )
        return int(done.stderr.decode()[-3:]), done.stdout


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.system.https_door"],
        cwd=Path(__file__).parent.parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the door did not start"
    try:
        yield Served(json.loads(line))
    finally:
        process.stdin.close()
        process.stdout.close()
        assert process.wait(timeout=20) == 0


@needs_curl
def test_curl_sends_a_file(served: Served, tmp_path: Path) -> None:
    """The command line from the documentation works as it stands there."""
    file = tmp_path / "LOTS.b2"
    file.write_bytes(b"records " * 5000)
    status, body = served.curl(
        "--data-binary", f"@{file}", f"{served.url}/v1/deposits?filename=LOTS.b2"
    )

    assert status == 201
    assert verify(body, served.receipt_key)
    assert json.loads(body)["size"] == 40_000


@needs_curl
def test_curl_sends_a_large_file_that_waits_to_continue(
    served: Served, tmp_path: Path
) -> None:
    """A large upload with Expect: 100-continue, and one in chunks, come whole."""
    file = tmp_path / "large.b2"
    file.write_bytes(bytes(range(256)) * 40_000)
    url = f"{served.url}/v1/deposits?filename=large.b2"
    status, body = served.curl(
        *("--header", "Expect: 100-continue", "--data-binary", f"@{file}", url)
    )
    again, same = served.curl(
        *("--header", "Transfer-Encoding: chunked", "-X", "POST", "-T", str(file), url)
    )

    assert (status, again) == (201, 201)
    assert body == same
    assert json.loads(body)["size"] == 10_240_000


@needs_curl
def test_curl_with_a_wrong_token_sends_nothing(served: Served, tmp_path: Path) -> None:
    """A stranger is told 401 before sending, and curl can read the answer."""
    file = tmp_path / "large.b2"
    file.write_bytes(b"x" * 20_000_000)
    url = f"{served.url}/v1/deposits?filename=large.b2"
    for expect in ("Expect: 100-continue", "Expect:"):
        arguments = ["--header", expect, "--header", "Authorization: Bearer wrong"]
        status, body = served.curl(
            *arguments, "--data-binary", f"@{file}", url, login=False
        )

        assert status == 401
        assert json.loads(body)["code"] == "unauthorized"


@needs_curl
def test_curl_logs_in_with_a_certificate(served: Served, tmp_path: Path) -> None:
    """A registered certificate needs no token; a stranger's of the same authority does."""
    found = []
    for name in ("client", "stranger"):
        files = [
            "--cert",
            str(served.folder / f"{name}.crt"),
            "--key",
            str(served.folder / f"{name}.key"),
        ]
        status, _ = served.curl(*files, f"{served.url}/v1/deposits", login=False)
        found.append(status)

    assert found == [200, 401]


def test_many_requests_on_one_connection(served: Served) -> None:
    """Keep-alive holds over uploads, lists and refusals."""
    connection = http.client.HTTPSConnection(
        "localhost", served.port, context=served.context(), timeout=30
    )
    login = {"Authorization": f"Bearer {served.token}"}
    named = login | {"Content-Disposition": 'attachment; filename="k.b2"'}
    statuses = []
    for number in range(20):
        connection.request("POST", "/v1/deposits", b"k%d" % number, named)
        answer = connection.getresponse()
        statuses.append(answer.status)
        answer.read()
        connection.request("GET", "/v1/deposits?limit=1", headers=login)
        answer = connection.getresponse()
        statuses.append(answer.status)
        answer.read()
    local = connection.sock.getsockname()
    connection.request("GET", "/v1/deposits?limit=x", headers=login)
    refused = connection.getresponse()
    refused.read()

    assert statuses == [201, 200] * 20
    assert refused.status == 400
    assert connection.sock.getsockname() == local
    connection.close()


def test_an_upload_cut_half_way_is_no_deposit(served: Served) -> None:
    """A client that dies in the middle finds nothing of it afterwards."""
    with socket.create_connection(("localhost", served.port), timeout=30) as raw:
        context = served.context()
        with context.wrap_socket(raw, server_hostname="localhost") as line:
            line.sendall(
                b"POST /v1/deposits?filename=cut.b2 HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 1000000\r\nAuthorization: Bearer "
                + served.token.encode()
                + b"\r\n\r\n"
                + b"x" * 500_000
            )
    connection = http.client.HTTPSConnection(
        "localhost", served.port, context=served.context(), timeout=30
    )
    login = {"Authorization": f"Bearer {served.token}"}
    connection.request("GET", "/v1/deposits?filename=cut.b2", headers=login)
    body = json.loads(connection.getresponse().read())
    connection.close()

    assert body["items"] == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_new_and_its_sessions_resume(
    served: Served, version: ssl.TLSVersion
) -> None:
    """TLS 1.2 and 1.3, HTTP/1.1 by ALPN, and a second connection is cheaper."""
    context = served.context()
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    session, resumed = None, []
    for _ in range(2):
        with (
            socket.create_connection(("localhost", served.port), timeout=30) as raw,
            context.wrap_socket(
                raw, server_hostname="localhost", session=session
            ) as line,
        ):
            line.sendall(b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 200")
            assert line.selected_alpn_protocol() == "http/1.1"
            resumed.append(line.session_reused)
            session = line.session

    assert resumed == [False, True]


def test_old_tls_is_refused(served: Served) -> None:
    """TLS 1.1 does not come in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("localhost", served.port), timeout=30) as raw,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(raw, server_hostname="localhost")

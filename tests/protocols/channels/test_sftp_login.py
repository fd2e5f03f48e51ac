"""Only a payer that says no to our login has refused it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import paramiko
import pytest
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL

from protocols.channels.sftp_connection import Connection
from protocols.channels.sftp_errors import LineLost
from protocols.channels.sftp_settings import SftpSettings, read_settings
from protocols.errors import CredentialsRefused, UntrustedHost

KEY = paramiko.ECDSAKey.generate()
Judge = Callable[[paramiko.Transport], int]


class Host(paramiko.ServerInterface):
    """Judges a login as a test wants, and may break the line meanwhile."""

    def __init__(self, line: paramiko.Transport, judge: Judge) -> None:
        self._line = line
        self._judge = judge

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,password"

    def check_auth_password(self, username: str, password: str) -> int:
        return self._judge(self._line)


class Payer:
    """A payer's SSH host that takes one caller."""

    def __init__(self) -> None:
        self.judge: Judge = lambda _: AUTH_FAILED
        self.key = KEY
        self._door = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def settings(self) -> SftpSettings:
        host, port = self._door.getsockname()
        raw: dict[str, Any] = {
            "host": host,
            "port": port,
            "user": "octway",
            "password_env": "PASSWORD",
            "host_keys": [f"{KEY.get_name()} {KEY.get_base64()}"],
            "send_folder": "/in",
            "connect_timeout": "5s",
        }
        return read_settings(raw, {"PASSWORD": "synthetic"})

    def close(self) -> None:
        self._door.close()
        self._thread.join(10)

    def _serve(self) -> None:
        line, _ = self._door.accept()
        transport = paramiko.Transport(line)
        transport.add_server_key(self.key)
        # A client that does not like our key hangs up: closed, or reset.
        with suppress(paramiko.SSHException, EOFError, ConnectionError):
            transport.start_server(server=Host(transport, self.judge))
        transport.join(10)
        transport.close()


@pytest.fixture
def payer() -> Iterator[Payer]:
    """A payer of which each test says how it judges."""
    made = Payer()
    yield made
    made.close()


def test_a_no_is_a_refusal(payer: Payer) -> None:
    """The account is closed, or the password another one."""
    with pytest.raises(CredentialsRefused, match="did not let us in"):
        Connection(payer.settings())


def test_a_line_that_ends_while_we_log_in_is_no_refusal(payer: Payer) -> None:
    """A payer that is being restarted, or full, has not judged our login."""

    def hang_up(line: paramiko.Transport) -> int:
        line.close()
        return AUTH_FAILED

    payer.judge = hang_up
    with pytest.raises(LineLost):
        Connection(payer.settings())


def test_a_line_that_ends_once_we_are_in_is_no_refusal(
    payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the library says then."""
    payer.judge = lambda _: AUTH_SUCCESSFUL
    log_in = paramiko.Transport.auth_password

    def and_ends(self: paramiko.Transport, *args: Any, **how: Any) -> Any:
        done = log_in(self, *args, **how)
        self.close()
        return done

    monkeypatch.setattr(paramiko.Transport, "auth_password", and_ends)
    with pytest.raises(LineLost, match="closed the line once we were logged in"):
        Connection(payer.settings())


def test_another_host_key_is_told_before_anything_is_said(payer: Payer) -> None:
    """No login was tried, and a person must look."""
    payer.key = paramiko.ECDSAKey.generate()
    with pytest.raises(UntrustedHost):
        Connection(payer.settings())

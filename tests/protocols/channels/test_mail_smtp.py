"""One mail over SMTP: where the line breaks decides what is known of the mail."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from typing import Any

import pytest

from protocols.channels.mail_letter import Letter
from protocols.channels.mail_smtp import SmtpServer
from protocols.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PayerRefused,
    PayerUnavailable,
    TransferError,
    UntrustedHost,
)
from tests.protocols.channels.mail_account import FUND, OURS, Fund

LETTER = Letter(
    sender=OURS,
    recipient=FUND,
    message_id="<1@x>",
    envelope_id="B201990000007.2026-11-22.b2/0123456789abcdef0123",
    content=b"Subject: x\r\n\r\n.begins with a dot\r\nend\r\n",
)


class Line:
    """An SMTP line as smtplib gives it; `breaks` names the word at which it is lost."""

    sock = None

    def __init__(self) -> None:
        self.breaks = ""
        self.says: dict[str, tuple[int, bytes]] = {}
        self.offers: Sequence[str] = ("starttls", "dsn", "size")
        self.heard: list[str] = []
        self.sent = b""
        self.login_error: Exception | None = None

    def __call__(self, *_: Any, **__: Any) -> Line:
        return self

    def ehlo(self) -> None:
        self._hear("EHLO")

    ehlo_or_helo_if_needed = ehlo

    def starttls(self, *, context: object) -> None:
        if "starttls" not in self.offers:
            raise smtplib.SMTPNotSupportedError("no STARTTLS")
        self._hear("STARTTLS")

    def login(self, user: str, password: str) -> None:
        self._hear("AUTH")
        if self.login_error is not None:
            raise self.login_error

    def has_extn(self, name: str) -> bool:
        return name in self.offers

    def mail(self, sender: str, options: Sequence[str]) -> tuple[int, bytes]:
        return self._hear("MAIL", *options)

    def rcpt(self, recipient: str, options: Sequence[str]) -> tuple[int, bytes]:
        return self._hear("RCPT", *options)

    def docmd(self, word: str) -> tuple[int, bytes]:
        return self._hear(word)

    def send(self, content: bytes) -> None:
        self._hear("DOT" if content == b".\r\n" else "CONTENT")
        self.sent += content

    def getreply(self) -> tuple[int, bytes]:
        return self._hear("REPLY")

    def close(self) -> None:
        self.heard.append("closed")

    def _hear(self, word: str, *options: str) -> tuple[int, bytes]:
        self.heard.append(" ".join([word, *options]))
        if word == self.breaks:
            raise smtplib.SMTPServerDisconnected("gone")
        return self.says.get(word, (354 if word == "DATA" else 250, b"2.0.0 yes"))


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    made = Line()
    monkeypatch.setattr("smtplib.SMTP", made)
    return made


@pytest.fixture
def server(fund: Fund) -> SmtpServer:
    return SmtpServer(fund.settings().smtp, ours="concentrator.example")


@pytest.fixture
def fund(tmp_path: Any) -> Fund:
    return Fund(tmp_path)


def test_a_mail_goes_out_whole_and_names_its_file(
    line: Line, server: SmtpServer
) -> None:
    """Dots are doubled, the file is the envelope's name, and reports are asked for."""
    assert server.hand_over("mailing", LETTER) == "2.0.0 yes"

    assert line.sent == LETTER.content.replace(b"\r\n.b", b"\r\n..b") + b".\r\n"
    assert line.heard == [
        *("EHLO", "STARTTLS", "EHLO", "AUTH"),
        f"MAIL SIZE={len(LETTER.content)} RET=HDRS ENVID={LETTER.envelope_id}",
        "RCPT NOTIFY=FAILURE,DELAY",
        *("DATA", "CONTENT", "DOT", "REPLY", "QUIT", "closed"),
    ]


def test_a_simple_server_is_asked_for_nothing_more(
    line: Line, server: SmtpServer
) -> None:
    """What it does not offer is not wanted of it."""
    line.offers = ("starttls",)
    server.hand_over("mailing", LETTER)

    assert {"MAIL", "RCPT"} <= set(line.heard)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("EHLO", PayerUnavailable),
        ("MAIL", PayerUnavailable),
        ("DATA", PayerUnavailable),
        ("CONTENT", PayerUnavailable),
        ("DOT", OutcomeUnknown),
        ("REPLY", OutcomeUnknown),
    ],
)
def test_only_after_the_dot_the_outcome_is_unknown(
    line: Line, server: SmtpServer, word: str, kind: type[TransferError]
) -> None:
    """Before it the server throws away what it has; nothing more is said on that line."""
    line.breaks = word
    with pytest.raises(kind) as caught:
        server.hand_over("mailing x", LETTER)

    assert type(caught.value) is kind
    assert line.heard[-1] == "closed"
    assert "QUIT" not in line.heard


@pytest.mark.parametrize(
    ("word", "answer", "kind"),
    [
        ("MAIL", (452, b"4.3.1 not now"), PayerUnavailable),
        ("RCPT", (550, b"5.1.1 nobody"), PayerRefused),
        ("RCPT", (552, b"5.2.2 full"), PayerUnavailable),
        ("DATA", (554, b"5.7.1 no"), PayerRefused),
        ("REPLY", (552, b"5.3.4 too large"), PayerRefused),
        ("REPLY", (451, b"4.3.0 queue"), PayerUnavailable),
    ],
)
def test_a_no_is_known_wherever_it_comes(
    line: Line,
    server: SmtpServer,
    word: str,
    answer: tuple[int, bytes],
    kind: type[TransferError],
) -> None:
    """A server that says no has taken nothing."""
    line.says[word] = answer
    with pytest.raises(kind) as caught:
        server.hand_over("mailing x", LETTER)

    assert type(caught.value) is kind


def test_without_starttls_nothing_is_said(line: Line, server: SmtpServer) -> None:
    """A password never goes over an open line."""
    line.offers = ()
    with pytest.raises(UntrustedHost, match="STARTTLS"):
        server.check("checking")
    assert "AUTH" not in line.heard


def test_a_login_that_is_refused_is_told_apart(line: Line, server: SmtpServer) -> None:
    """It closes the circuit, and burns no attempt."""
    line.login_error = smtplib.SMTPAuthenticationError(535, b"5.7.8 no")
    with pytest.raises(CredentialsRefused, match="password_file"):
        server.check("checking")

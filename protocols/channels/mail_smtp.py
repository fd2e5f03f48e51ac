"""Hands one mail to our provider's SMTP server: TLS, login, one mail, its answer.

A line is made for each mail and given up after it.  The mail is the server's once its
last line, the single dot, has gone out: from there on a lost line leaves the outcome
unknown, and before it nothing was handed over.
"""

from __future__ import annotations

import re
import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

from protocols.channels.mail_errors import NotStarted, refusal, shown, translate
from protocols.channels.mail_letter import Letter
from protocols.channels.mail_settings import TLS, Server
from protocols.errors import PayerUnavailable

_OK: Final = range(200, 300)
_GO_ON: Final = 354
_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_REPORTS: Final = "NOTIFY=FAILURE,DELAY"


class Outgoing(Protocol):
    """What mails are handed to."""

    def hand_over(self, doing: str, letter: Letter) -> str:
        """Hand a mail over; return the server's word that it has it.

        Raises a `TransferError`: `OutcomeUnknown` when it may have it.
        """
        ...

    def check(self, doing: str) -> str:
        """Log in and go away again; return words for people, or raise."""
        ...

    def close(self) -> None:
        """Take no more mails."""
        ...


class SmtpServer:
    """Our provider's SMTP server.  Thread-safe; holds no line open."""

    def __init__(self, server: Server, *, ours: str) -> None:
        self._server = server
        self._ours = ours  # the domain that we say we are
        self._closed = threading.Event()

    def hand_over(self, doing: str, letter: Letter) -> str:
        """Hand a mail over; return the server's word that it has it."""
        with self._line(doing) as line:
            with translate(doing):
                self._ask(doing, line, letter)
                # Its last line is ours to end: what has no end is thrown away there.
                line.send(_DOT.sub(b"..", letter.content))
                if not letter.content.endswith(b"\r\n"):
                    line.send(b"\r\n")
            with translate(doing, in_doubt=True):
                line.send(b".\r\n")
                code, words = line.getreply()
            if code not in _OK:
                raise refusal(doing, code, words)
            return shown(words)

    def check(self, doing: str) -> str:
        """Log in and go away again; return words for people, or raise."""
        with self._line(doing) as line:
            offers = [name for name in ("dsn", "size") if line.has_extn(name)]
            return f"lets us in as {self._server.user}; offers: {', '.join(offers)}"

    def close(self) -> None:
        """Take no more mails."""
        self._closed.set()

    @contextmanager
    def _line(self, doing: str) -> Iterator[smtplib.SMTP]:
        if self._closed.is_set():
            raise PayerUnavailable(f"{doing}: the channel was closed")
        at = self._server
        with translate(doing):
            line = self._connected()
        try:
            with translate(doing):
                _set_timeout(line, at.answer_timeout)
                line.ehlo_or_helo_if_needed()
                if at.security != TLS:
                    try:
                        line.starttls(context=at.tls)
                    except smtplib.SMTPNotSupportedError as error:
                        raise NotStarted from error
                    line.ehlo()
                line.login(at.user, at.password)
            yield line
            with suppress(smtplib.SMTPException, OSError):
                line.docmd("QUIT")  # not where it broke: that might be in a mail
        finally:
            line.close()

    def _connected(self) -> smtplib.SMTP:
        at = self._server
        if at.security == TLS:
            return smtplib.SMTP_SSL(
                at.host,
                at.port,
                self._ours,
                timeout=at.connect_timeout,
                context=at.tls,
            )
        return smtplib.SMTP(at.host, at.port, self._ours, timeout=at.connect_timeout)

    def _ask(self, doing: str, line: smtplib.SMTP, letter: Letter) -> None:
        """Say from whom and to whom, until the server wants the mail itself."""
        sending, receiving = [], []
        if line.has_extn("size"):
            sending.append(f"SIZE={len(letter.content)}")
        if line.has_extn("dsn"):
            sending += ["RET=HDRS", f"ENVID={letter.envelope_id}"]
            receiving += [_REPORTS]
        code, words = line.mail(letter.sender, sending)
        if code in _OK:
            code, words = line.rcpt(letter.recipient, receiving)
        if code in _OK:
            code, words = line.docmd("DATA")
            if code == _GO_ON:
                return
        raise refusal(doing, code, words)


def _set_timeout(line: smtplib.SMTP, seconds: float) -> None:
    if line.sock is not None:
        line.sock.settimeout(seconds)

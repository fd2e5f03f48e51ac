"""Messages by mail, over SMTP; encrypted unless the server is this machine.

The same message has the same Message-ID each time it goes, so a reader that got it
twice shows it once.  Headers are set by `email`, which refuses a line's end in one.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final

from config.notification_addresses import mail_address, sender_address
from config.notification_records import MailServer, Recipient, Tls
from gateway.notifications.bounded import within
from gateway.notifications.errors import NotTaken, read_secret
from gateway.notifications.letter import Letter

_PATIENCE: Final = 30.0  # seconds for each answer of the server
WHOLE: Final = 60.0  # seconds for one mail, all answers together
_TEMPORARY: Final = range(400, 500)


def compose(server: MailServer, recipient: Recipient, letter: Letter) -> EmailMessage:
    """Make the mail; a header that could break out of its line is a `ValueError`."""
    sender = _sender(server)
    to = mail_address(recipient.address)
    if to is None:
        raise ValueError("the recipient's address is none")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(datetime.fromtimestamp(letter.at, UTC))
    mail["Message-ID"] = f"<{letter.id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Id"] = f"Octway <{letter.rule}.octway.{sender.domain}>"
    mail["Content-Language"] = recipient.language
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return mail


class _Plain(smtplib.SMTP):
    """A line that tells of itself before it speaks, so that it can be broken off."""

    def __init__(self, told: list[smtplib.SMTP], *place: Any, **how: Any) -> None:
        told.append(self)
        super().__init__(*place, **how)


class _Sealed(smtplib.SMTP_SSL):
    """The same, encrypted from the first byte on."""

    def __init__(self, told: list[smtplib.SMTP], *place: Any, **how: Any) -> None:
        told.append(self)
        super().__init__(*place, **how)


def send(
    server: MailServer, recipient: Recipient, letter: Letter, whole: float = WHOLE
) -> None:
    """Hand one mail to the server, or raise `NotTaken`; it takes `whole` at most."""
    mail = compose(server, recipient, letter)
    lines: list[smtplib.SMTP] = []
    try:
        within(
            whole,
            lambda: _deliver(server, mail, lines),
            "mail server",
            give_up=lambda: _break(lines),
        )
    except smtplib.SMTPRecipientsRefused as error:
        ((code, _),) = error.recipients.values()
        raise _refused("recipient-refused", code) from error
    except smtplib.SMTPAuthenticationError as error:
        raise _refused("login-refused", error.smtp_code) from error
    except smtplib.SMTPResponseException as error:
        raise _refused("mail-refused", error.smtp_code) from error
    except smtplib.SMTPNotSupportedError as error:
        raise NotTaken(
            "no-encryption",
            "the mail server offers no STARTTLS, or no login that is known; nothing was sent",
        ) from error
    except ssl.SSLError as error:
        raise NotTaken(
            "certificate-refused",
            f"the mail server's certificate is not believed ({error.reason}); "
            "nothing was sent",
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(
            "server-unreachable",
            f"the mail server cannot be spoken to ({type(error).__name__})",
        ) from error


def _break(lines: Sequence[smtplib.SMTP]) -> None:
    """Have whoever reads from a line read its end."""
    for line in lines:
        sock = getattr(line, "sock", None)  # none before it is connected
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _deliver(server: MailServer, mail: EmailMessage, lines: list[smtplib.SMTP]) -> None:
    name = _sender(server).domain
    context = ssl.create_default_context(cafile=server.ca_file)
    place = (server.host, server.port)
    with (
        _Sealed(lines, *place, name, timeout=_PATIENCE, context=context)
        if server.tls is Tls.TLS
        else _Plain(lines, *place, name, timeout=_PATIENCE)
    ) as line:
        if server.tls is Tls.STARTTLS:
            line.starttls(context=context)
        if server.user:
            line.login(server.user, _password(server))
        line.send_message(mail)


def _password(server: MailServer) -> str:
    try:
        text = (
            None if server.password_file is None else server.password_file.read_text()
        )
    except OSError:
        text = None
    return read_secret(text, "the mail server's password")


def _sender(server: MailServer) -> Address:
    found = sender_address(server.sender)
    if found is None:
        raise ValueError("the sender's address is none")
    return found


def _refused(cause: str, code: int) -> NotTaken:
    return NotTaken(
        cause, f"the mail server answers with {code}", again=code in _TEMPORARY
    )

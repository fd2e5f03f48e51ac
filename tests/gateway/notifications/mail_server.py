"""A real mail server on loopback: TLS, a login, and what it took."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from config.notification_records import MailServer, Tls
from gateway.cli import key_files

PASSWORD: Final = "a secret"
LOGIN: Final = LoginPassword(b"octway", PASSWORD.encode())


class Taken:
    """Keeps each mail with its envelope; answers with `says` where that is set."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.encrypted: list[bool] = []
        self.says = ""

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take a recipient."""
        if self.says:
            return self.says
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail."""
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
    """Let in who knows the password."""
    return AuthResult(success=data == LOGIN, handled=False)


@contextmanager
def mail_server(
    folder: Path, *, offers_tls: bool = True, trusted: bool = True
) -> Iterator[tuple[MailServer, Taken]]:
    """Run a server; give what `notifications.toml` would say of it, and what it took."""
    now = time.time()  # a certificate is judged by the machine's clock
    certificate, key = key_files.self_signed("mail", now)
    for name, content in (("mail.crt", certificate), ("mail.key", key)):
        key_files.write_new(folder / name, content, key_files.PRIVATE)
    (folder / "mail.password").write_text(f"{PASSWORD}\n")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "mail.crt", folder / "mail.key")
    taken = Taken()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    secured: dict[str, Any] = {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": login,
    }
    controller = Controller(
        taken, hostname="127.0.0.1", port=port, **(secured if offers_tls else {})
    )
    controller.start()
    try:
        yield (
            MailServer(
                host="127.0.0.1",
                port=port,
                tls=Tls.STARTTLS,
                sender="Octway à Liège <octway@octway.example>",
                ca_file=folder / "mail.crt" if trusted else None,
                user="octway",
                password_file=folder / "mail.password",
            ),
            taken,
        )
    finally:
        controller.stop()

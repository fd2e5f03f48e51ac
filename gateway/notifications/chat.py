"""Messages to chats and the like, through Apprise.

Its address is a secret: it is read for each message and never shown, and what the
library says about it is kept out of the log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

import apprise

from config.notification_records import Recipient
from gateway.notifications.bounded import within
from gateway.notifications.errors import NotTaken, read_secret
from gateway.notifications.letter import Letter

PATIENCE: Final = 30.0  # seconds for one message


def send(
    recipient: Recipient,
    letter: Letter,
    environ: Mapping[str, str],
    patience: float = PATIENCE,
) -> None:
    """Hand one message over, or raise `NotTaken`; it takes `patience` at most.

    Who has not answered by then may still take it: it goes again, as with any
    outcome that is not known.
    """
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    service = apprise.Apprise()
    if not service.add(_address(recipient, environ)):
        raise NotTaken(
            "address-unknown",
            "the chat's address is none that Apprise knows",
            again=False,
        )

    def call() -> None:
        try:
            taken = service.notify(
                title=letter.subject,
                body=letter.text,
                body_format=apprise.NotifyFormat.TEXT,
            )
        except Exception:  # whatever it says may hold the address
            taken = None
        if not taken:
            raise NotTaken("chat-refused", "the chat did not take it")

    within(patience, call, "chat", give_up=lambda: None)


def _address(recipient: Recipient, environ: Mapping[str, str]) -> str:
    secret = recipient.secret
    try:
        text = (
            environ.get(secret.variable)
            if secret.file is None
            else secret.file.read_text(encoding="utf-8")
        )
    except (OSError, UnicodeDecodeError):
        text = None
    return read_secret(text, "the chat's address")

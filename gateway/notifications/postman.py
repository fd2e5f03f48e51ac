"""Takes a message to its recipient, whatever the way.

A way is imported when the first message goes it: its libraries would make every start
of a node slower.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from config.notification_records import MessageChannel, Notifications, Recipient
from gateway.clock import Now
from gateway.notifications.errors import NotTaken

if TYPE_CHECKING:
    from gateway.notifications.letter import Letter


class Postman:
    """Hands letters over; `environ` may hold addresses of chats."""

    def __init__(self, *, now: Now, environ: Mapping[str, str] = os.environ) -> None:
        self._now = now
        self._environ = environ

    def deliver(
        self, rules: Notifications, recipient: Recipient, letter: Letter
    ) -> None:
        """Hand one letter over, or raise `NotTaken`."""
        if recipient.channel is MessageChannel.CHAT:
            from gateway.notifications import chat  # noqa: PLC0415

            chat.send(recipient, letter, self._environ)
        elif recipient.channel is MessageChannel.WEBHOOK:
            from gateway.notifications import webhook  # noqa: PLC0415

            webhook.send(recipient, letter, self._now())
        elif rules.mail is None:
            raise NotTaken("no-mail-server", "no mail server is set", again=False)
        else:
            from gateway.notifications import mail  # noqa: PLC0415

            mail.send(rules.mail, recipient, letter)

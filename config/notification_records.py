"""Who is told of what, and when: frozen records of `notifications.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import attrs
from attrs import frozen

SEVERITIES: Final = ("warning", "error", "critical")
"""How bad an anomaly is, the least first."""

LANGUAGES: Final = ("en", "fr")


class MessageChannel(StrEnum):
    """How a message travels; also a label of metrics."""

    MAIL = "mail"
    CHAT = "chat"
    WEBHOOK = "webhook"


class Tls(StrEnum):
    """How the mail server is spoken to."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"  # on this machine only


@frozen(kw_only=True)
class MailServer:
    """The server that takes our mail; a password is in a file, read for each login."""

    host: str
    port: int
    tls: Tls
    sender: str  # as it stands in From
    ca_file: Path | None = None
    user: str = ""
    password_file: Path | None = None


@frozen(kw_only=True)
class Secret:
    """Where a secret is: in a file, or in a variable of the environment."""

    file: Path | None = None
    variable: str = ""


@frozen(kw_only=True)
class Recipient:
    """One address that messages go to.

    `address` is a mail address or a webhook's; a chat's is a `secret`.  One with
    `clients` is their vendor's, and is told of nothing else.
    """

    name: str
    channel: MessageChannel
    address: str = attrs.field(default="", repr=False)
    secret: Secret = attrs.field(factory=Secret)
    language: str = "en"
    time_zone: str = "UTC"
    clients: tuple[str, ...] = ()


@frozen
class Schedule:
    """Days of the week (Monday is 0) and the minute of the day."""

    days: tuple[int, ...]
    minute: int


@frozen
class Quiet:
    """From when until when nobody is disturbed, in minutes of the day."""

    begins: int
    ends: int


@frozen(kw_only=True)
class Rule:
    """What is told to whom, and when; an empty choice means all.

    `schedule` None: at once.  `about_clients`: a vendor's digest of its own clients,
    instead of anomalies.  `everything`: what was told before is listed again while
    it is open.  `urgent` is the severity from which quiet hours do not hold.
    """

    name: str
    to: tuple[str, ...]
    about_clients: bool = False
    kinds: tuple[str, ...] = ()
    severity: str = SEVERITIES[0]
    payers: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    min_claims: int = 0
    schedule: Schedule | None = None
    quiet: Quiet | None = None
    urgent: str = ""
    time_zone: str = "UTC"
    everything: bool = False
    resolved: bool = False
    repeat_after: float = 0.0
    gather: float = 60.0
    pause: float = 600.0
    most: int = 25
    unfetched_after: float = 3 * 86_400.0


@frozen(kw_only=True)
class Notifications:
    """Everything that `notifications.toml` says; without a file nobody is told."""

    mail: MailServer | None = None
    recipients: Mapping[str, Recipient] = attrs.field(factory=dict)
    rules: tuple[Rule, ...] = ()

    def rule(self, name: str) -> Rule | None:
        """Find a rule."""
        return next((each for each in self.rules if each.name == name), None)

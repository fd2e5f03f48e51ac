"""A fund and our mail account as a test sees them, and mails of every kind.

The line is not there: what would be said to servers is said to objects.  Packing,
encrypting and reading are the real ones.
"""

from __future__ import annotations

import base64
import functools
import gzip
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from protocols.channels.interface import Channel
from protocols.channels.mail import MailChannel
from protocols.channels.mail_boxes import Box, Lying
from protocols.channels.mail_envelope import OwnKey, unseal
from protocols.channels.mail_letter import Letter
from protocols.channels.mail_settings import MailSettings, read_settings
from protocols.errors import (
    CredentialsRefused,
    PayerRefused,
    PayerUnavailable,
    UntrustedHost,
)

OURS = "octway@concentrator.example"
FUND = "01990@990.01.rss.fr"
NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC).timestamp()
HEADER = (
    "000OT00000001234567TR    CT00000001000990"
    + " " * 8  # up to the number of the file
)
PASSWORD = "an invented password"


@functools.cache
def key(name: str) -> rsa.RSAPrivateKey:
    """Make a key for a name, once; short, so that reading it costs little."""
    return rsa.generate_private_key(65537, 1024)


def certificate(
    name: str,
    *,
    serial: int = 1,
    days: tuple[float, float] = (-30.0, 300.0),
    owner: str = "",
    issuer: str = "",
) -> x509.Certificate:
    """Make a certificate of an address, valid so many days around now."""
    now = datetime.fromtimestamp(NOW, UTC)
    of = issuer or owner or name
    return (
        x509.CertificateBuilder()
        .subject_name(_called(name))
        .issuer_name(_called(of))
        .public_key(key(owner or name).public_key())
        .serial_number(serial)
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .sign(key(of), hashes.SHA256())
    )


def pem(*certificates: x509.Certificate) -> bytes:
    """Write certificates as a bundle."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def pair(folder: Path, name: str, *, stem: str = "own") -> OwnKey:
    """Write a certificate and its key into a folder."""
    made = certificate(name)
    files = folder / f"{stem}.pem", folder / f"{stem}.key"
    files[0].write_bytes(pem(made))
    files[1].write_bytes(
        key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return OwnKey(
        certificate=made,
        key=key(name),
        certificate_file=files[0],
        key_file=files[1],
    )


def file_name(number: int) -> str:
    """Name a billing file as the network does."""
    return f"B201990{number:06}.2026-11-22.b2"


def billing_file(number: int, filling: bytes = b"") -> bytes:
    """Make a file whose first record is right, with one invoice, and anything after."""
    start = f"{HEADER}{number:06}".ljust(128).encode("ascii")
    return start + b"5".ljust(128) + filling


def return_mail(
    content: bytes, *, packed: bool = False, headers: str = "", extra: str = ""
) -> bytes:
    """Make a mail that brings a return, not enveloped."""
    body = base64.encodebytes(gzip.compress(content, mtime=0) if packed else content)
    return (
        "From: fund@example\r\nTo: us@example\r\n"
        f"{headers}Content-Type: application/EDI-consent\r\n{extra}"
        "Content-Transfer-Encoding: base64\r\n"
        "\r\n"
    ).encode("ascii") + body.replace(b"\n", b"\r\n")


class Account:
    """Our account: what was handed over, and what lies in the mailbox."""

    def __init__(self) -> None:
        self.up = True
        self.taken: dict[str, Letter] = {}
        self.mails: dict[str, bytes] = {}
        self.read: list[str] = []
        self.spoilt: set[str] = set()  # mails that the server does not give
        self.trouble: Callable[[str], Exception] | None = None
        self._lock = threading.Lock()
        self._count = 0

    def put(self, mail: bytes) -> str:
        """Lay a mail into the mailbox; return its server's name."""
        self._count += 1
        name = f"7.{self._count:05}"
        self.mails[name] = mail
        return name

    def look(self, doing: str) -> None:
        """Refuse, as a server would by way of its line."""
        if not self.up:
            raise PayerUnavailable(f"{doing}: nobody answers")
        if self.trouble is not None:
            raise self.trouble(doing)

    def take(self, letter: Letter) -> None:
        """Take a mail over; a repeat is known by its Message-ID."""
        with self._lock:
            self.taken[letter.message_id] = letter


class Door:
    """Both sides of an account as a channel uses them."""

    def __init__(
        self, account: Account, *, refuse: Callable[[str], Exception] | None = None
    ) -> None:
        self._account = account
        self._refuse = refuse
        self._closed = False

    def hand_over(self, doing: str, letter: Letter) -> str:
        self._look(doing)
        self._account.take(letter)
        return "250 taken"

    def check(self, doing: str) -> str:
        self._look(doing)
        return "lets us in"

    @contextmanager
    def open(self, doing: str) -> Iterator[Box]:
        self._look(doing)
        yield _Box(self._account)

    def close(self) -> None:
        self._closed = True

    def _look(self, doing: str) -> None:
        if self._closed:
            raise PayerUnavailable(f"{doing}: the channel was closed")
        self._account.look(doing)
        if self._refuse is not None:
            raise self._refuse(doing)


class _Box:
    def __init__(self, account: Account) -> None:
        self._account = account

    def mails(self) -> Sequence[Lying]:
        return [
            Lying(name, len(mail), str(place))
            for place, (name, mail) in enumerate(self._account.mails.items(), 1)
        ]

    def read(self, mail: Lying) -> bytes:
        self._account.read.append(mail.id)
        if mail.id in self._account.spoilt:
            raise PayerRefused("reading: the mailbox answered: line too long")
        return self._account.mails[mail.id]

    def take_away(self, mail: Lying) -> None:
        del self._account.mails[mail.id]


class Fund:
    """A fund, and our account: the far side of a channel."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.account = Account()
        self.fund = pair(folder, FUND, stem="fund")
        self.own = pair(folder, OURS)
        (folder / "password").write_text(f"{PASSWORD}\n")
        self._returns: dict[str, bytes] = {}

    def name(self, number: int) -> str:
        return file_name(number)

    def body(self, number: int, filling: bytes) -> bytes:
        return billing_file(number, filling)

    def arrived(self) -> dict[str, bytes]:
        """Open every mail as the fund does."""
        found = {}
        for letter in self.account.taken.values():
            content = self.opened(letter.content)
            found[file_name(int(content[49:55]))] = content
        return found

    def opened(self, mail: bytes) -> bytes:
        """Return the file in a mail."""
        part = self.inner(mail)
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return gzip.decompress(payload) if payload[:2] == b"\x1f\x8b" else payload

    def inner(self, mail: bytes) -> Message:
        """Return what is in a mail's envelope."""
        outer = message_from_bytes(mail)
        sealed = next(part for part in outer.walk() if not part.is_multipart())
        content = sealed.get_payload(decode=True)
        assert isinstance(content, bytes)
        return message_from_bytes(unseal(content, [self.fund]))

    def put(self, content: bytes) -> None:
        self._returns[self.account.put(return_mail(content))] = content

    def waiting(self) -> list[bytes]:
        return [self._returns[name] for name in self.account.mails]

    def settings(self, **changes: object) -> MailSettings:
        given = {
            "smtp_host": "smtp.provider.example",
            "mailbox_host": "imap.provider.example",
            "user": "octway",
            "password_file": str(self._folder / "password"),
            "ca_file": str(self._folder / "fund.pem"),  # quicker than the machine's own
            "from": OURS,
            "cipher_mark": "Octway#Octway#1.40#A#2",
            "recipients_file": str(self._folder / "fund.pem"),
            "certificate_file": str(self._folder / "own.pem"),
            "key_file": str(self._folder / "own.key"),
            **changes,
        }
        wanted = {name: value for name, value in given.items() if value is not None}
        return read_settings(wanted, {})

    def open(self, **changes: object) -> Channel:
        return self.channel(Door(self.account), changes)

    def channel(
        self,
        door: Door,
        changes: Mapping[str, object] = MappingProxyType({}),
        now: Callable[[], float] = lambda: NOW,
    ) -> Channel:
        settings = self.settings(**changes)
        return MailChannel(settings=settings, outgoing=door, boxes=door, now=now)

    def open_read_only(self) -> Channel:
        return self._open_refusing(PayerRefused, "550 no such user")

    def open_unreachable(self) -> Channel:
        return self._open_refusing(PayerUnavailable, "nobody answers")

    def open_with_wrong_credentials(self) -> Channel:
        return self._open_refusing(CredentialsRefused, "535 no")

    def open_to_stranger(self) -> Channel:
        return self._open_refusing(UntrustedHost, "its certificate is unknown")

    def stop(self) -> None:
        self.account.up = False

    def start(self) -> None:
        self.account.up = True

    def _open_refusing(self, error: type[Exception], words: str) -> Channel:
        return self.channel(
            Door(self.account, refuse=lambda doing: error(f"{doing}: {words}"))
        )


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

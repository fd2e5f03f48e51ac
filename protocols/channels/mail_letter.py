"""A billing file packed into its mail, in either of the two shapes funds have taken.

`multipart` is the one of 2013 to 2016: a multipart/mixed of one enveloped part.
`whole` is the one seen in 2025: the mail itself is the envelope, and tells of the
file and the cipher in headers of its own.  All of it is ASCII with CRLF.
"""

from __future__ import annotations

import base64
import gzip
import io
from collections.abc import Callable
from email.message import Message
from email.policy import compat32
from email.utils import formatdate
from typing import Final

from attrs import frozen

from protocols.channels.mail_marks import Marks

MULTIPART, WHOLE = "multipart", "whole"
SHAPES: Final = (MULTIPART, WHOLE)
CIPHER_HEADER: Final = "X-SV_CHIFFREMENT"

_WIRE: Final = compat32.clone(linesep="\r\n", max_line_length=None)
_INNER_NAME: Final = "B2.gz.gz"  # of which Python's gzip takes one .gz away
_ENVELOPE: Final = "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"


@frozen(kw_only=True)
class Letter:
    """A mail as it goes out, and its envelope for SMTP.

    `envelope_id` is what a delivery report gives back where servers can.
    """

    sender: str
    recipient: str
    message_id: str
    envelope_id: str
    content: bytes


@frozen(kw_only=True)
class Form:
    """How the mails of an endpoint look."""

    sender: str
    shape: str
    compress: bool
    test: bool
    cipher_mark: str  # for the header of the shape `whole`
    marks: Marks

    @property
    def nature(self) -> str:
        """Name what is inside, as `Content-Description` does."""
        return f"IRIS{'TEST' * self.test}/B2{'/Z' * self.compress}"

    def message_id(self, stamp: str) -> str:
        """Return the Message-ID that belongs to a stamp, with its mark if there is one."""
        mark = self.marks.of(stamp)
        domain = self.sender.rpartition("@")[2]
        return f"<{stamp}@{mark}.{domain}>" if mark else f"<{stamp}@{domain}>"

    def envelope_id(self, name: str) -> str:
        """Return a file's name, with its mark if there is one."""
        mark = self.marks.of(name)
        return f"{name}/{mark}" if mark else name


def inner(form: Form, content: bytes, stamp: str) -> bytes:
    """Pack a file into the part that is then enveloped."""
    part = Message(policy=compat32)
    part["Content-Type"] = "application/EDI-consent"
    part["Content-Transfer-Encoding"] = "base64"
    part["Content-Description"] = form.nature
    if form.shape == WHOLE:
        name = f"B2_{stamp}.{'gz' if form.compress else 'b2'}"
        part["Content-Disposition"] = f'attachment; filename="{name}"'
    part.set_payload(_base64(_zipped(content) if form.compress else content))
    return part.as_bytes(policy=_WIRE)


def outer(
    form: Form,
    *,
    recipient: str,
    subject: str,
    stamp: str,
    sealed: bytes,
    now: Callable[[], float],
) -> bytes:
    """Make the mail around a sealed part; `now` is epoch seconds, for its date."""
    mail = Message(policy=compat32)
    mail["From"] = form.sender
    mail["To"] = recipient
    mail["Subject"] = subject
    mail["Date"] = formatdate(now(), usegmt=True)
    mail["Message-ID"] = form.message_id(stamp)
    mail["MIME-Version"] = "1.0"
    if form.shape == WHOLE:
        _envelope(mail, sealed)
        mail["Content-Description"] = form.nature
        mail[CIPHER_HEADER] = form.cipher_mark
        return mail.as_bytes(policy=_WIRE)
    part = Message(policy=compat32)
    _envelope(part, sealed)
    part["Content-Disposition"] = 'attachment; filename="smime.p7m"'
    mail["Content-Type"] = f'multipart/mixed; boundary="=_{stamp}"'
    mail.attach(part)
    return mail.as_bytes(policy=_WIRE)


def _envelope(message: Message, sealed: bytes) -> None:
    message["Content-Type"] = _ENVELOPE
    message["Content-Transfer-Encoding"] = "base64"
    message.set_payload(_base64(sealed))


def _base64(content: bytes) -> str:
    return base64.encodebytes(content).decode("ascii")


def _zipped(content: bytes) -> bytes:
    """Compress as gzip; the same bytes for the same content."""
    into = io.BytesIO()
    with gzip.GzipFile(_INNER_NAME, "wb", fileobj=into, mtime=0) as packing:
        packing.write(content)
    return into.getvalue()

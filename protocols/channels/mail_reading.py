"""What is in a mail of our mailbox: returns of payers, a delivery report, or neither.

Nothing that a mail may hold makes this fail: headers may be doubled, missing or lie,
parts may be nested or cut, an envelope may be for somebody else, a packed file may
unpack without end.  What cannot be read is said, in one notice for the whole mail.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import string
import zlib
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from gzip import BadGzipFile, GzipFile
from typing import Final

from attrs import frozen

from protocols.channels.mail_bounces import report_in
from protocols.channels.mail_envelope import NotOpened, OwnKey, unseal
from protocols.mail_notice import Kind, Notice, write

_RETURN: Final = "application/edi-consent"
_ENVELOPES: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_ENCODINGS: Final = ("base64", "quoted-printable")
_GZIP: Final = b"\x1f\x8b"
_GZIP_IN_BASE64: Final = b"H4sI"
_BASE64: Final = re.compile(rb"[0-9A-Za-z+/=\s]+")
_NO_BASE64: Final = bytes(
    each
    for each in range(256)
    if chr(each) not in string.ascii_letters + string.digits + "+/"
)
_DEEPEST: Final = 5  # envelopes within envelopes
_MOST_PARTS: Final = 1000
_BLOCK: Final = 1 << 20


class _Unreadable(Exception):
    """A part that should be a return cannot be read; the words say why."""


@frozen(kw_only=True)
class Found:
    """One thing in a mail: a return's bytes, or the bytes of a notice and itself."""

    content: bytes
    notice: Notice | None = None


class Reader:
    """Reads mails of one mailbox.  Thread-safe."""

    def __init__(
        self, *, keys: Sequence[OwnKey], domain: str, max_content: int
    ) -> None:
        self._keys = keys
        self._domain = domain  # of our own Message-IDs
        self._max_content = max_content

    def read(self, mail: bytes) -> Sequence[Found]:
        """Return everything in a mail: returns in their order, or one notice.

        A mail with a return that can be read and one that cannot gives both.
        """
        try:
            found, wrong = self._read(mail)
        except RecursionError:
            found, wrong = [], "its parts are nested too deeply"
        except Exception as error:  # what the standard library stumbles over
            found, wrong = [], f"it cannot be parsed ({type(error).__name__})"
        if wrong or not found:
            words = wrong or "nothing in it is a return"
            notice = Notice(kind=Kind.UNREAD, words=words)
            found.append(Found(content=write(notice, mail), notice=notice))
        return found

    def _read(self, mail: bytes) -> tuple[list[Found], str]:
        message = _parsed(mail)
        notice = report_in(message, mail, self._domain)
        if notice is not None:
            return [Found(content=write(notice, mail), notice=notice)], ""
        returns: list[Found] = []
        kinds: list[str] = []
        wrong = ""
        for part in self._parts(message, 0):
            if isinstance(part, _Unreadable):
                wrong = wrong or str(part)
                continue
            kinds.append(part.get_content_type())
            if not _is_a(part, (_RETURN,)):
                continue
            try:
                returns.append(Found(content=self._content(part)))
            except _Unreadable as error:
                wrong = wrong or str(error)
        if not returns and not wrong:
            told = ", ".join(sorted(set(kinds))) or "none"
            wrong = f"no part of it is {_RETURN}; its parts: {told}"
        return returns, wrong

    def _parts(self, message: Message, depth: int) -> Iterator[Message | _Unreadable]:
        """Yield what is no container, envelopes opened."""
        waiting, seen = [message], 0
        while waiting:
            part = waiting.pop(0)
            seen += 1
            if seen > _MOST_PARTS:
                yield _Unreadable(f"it has more than {_MOST_PARTS} parts")
                return
            inside = part.get_payload()
            if isinstance(inside, list):
                waiting[:0] = [each for each in inside if isinstance(each, Message)]
            elif not _is_envelope(part):
                yield part
            elif depth >= _DEEPEST:
                yield _Unreadable("it is an envelope in envelopes without end")
            else:
                try:
                    opened = unseal(_bytes_of(part), self._keys)
                except NotOpened as error:
                    yield _Unreadable(f"its envelope stays closed: {error}")
                else:
                    yield from self._parts(_parsed(opened), depth + 1)

    def _content(self, part: Message) -> bytes:
        content = _bytes_of(part)
        if not content.startswith(_GZIP):
            if len(content) > self._max_content:
                raise _Unreadable(self._too_much)
            return content
        unpacked = bytearray()
        try:
            with GzipFile(fileobj=io.BytesIO(content)) as packed:
                while block := packed.read(_BLOCK):
                    unpacked += block
                    if len(unpacked) > self._max_content:
                        raise _Unreadable(self._too_much)
        except (BadGzipFile, EOFError, zlib.error) as error:
            raise _Unreadable("its gzip is cut or damaged") from error
        return bytes(unpacked)

    @property
    def _too_much(self) -> str:
        return f"it holds more than max_content ({self._max_content} bytes)"


def _parsed(mail: bytes) -> Message:
    return BytesParser(policy=compat32).parsebytes(mail)


def _types(part: Message) -> list[str]:
    """Return every type that a part says it is: the header may be doubled."""
    said = part.get_all("Content-Type") or []
    return [str(each).partition(";")[0].strip().casefold() for each in said]


def _is_a(part: Message, types: Sequence[str]) -> bool:
    return any(each in types for each in _types(part))


def _is_envelope(part: Message) -> bool:
    if _is_a(part, _ENVELOPES):
        return True
    name = part.get_filename() or ""
    return name.casefold().endswith(".p7m") and not _is_a(part, (_RETURN,))


def _bytes_of(part: Message) -> bytes:
    """Return a part's content as it was before its transfer encoding."""
    said = part.get_all("Content-Transfer-Encoding") or []
    encodings = {str(each).strip().casefold() for each in said}
    raw = _raw(part)
    if "base64" in encodings or (
        not encodings & set(_ENCODINGS)
        and raw.lstrip().startswith(_GZIP_IN_BASE64)
        and _BASE64.fullmatch(raw)
    ):
        return _unbase64(raw)
    if "quoted-printable" in encodings:
        return binascii.a2b_qp(raw)
    return raw


def _raw(part: Message) -> bytes:
    inside = part.get_payload()
    if not isinstance(inside, str):
        return b""
    return inside.encode("ascii", "surrogateescape")


def _unbase64(raw: bytes) -> bytes:
    """Decode what there is: what is cut off at its end is left out."""
    plain = raw.translate(None, _NO_BASE64)
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except binascii.Error:
        return base64.b64decode(plain[: len(plain) // 4 * 4])

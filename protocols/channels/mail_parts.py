"""The parts of a mail, envelopes opened, however its headers are written.

Mails of funds were seen with doubled headers, and anybody may send anything; so what a
header says is taken as a hint, and everything that costs time has a bound.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Iterator, Sequence
from email.message import Message
from typing import Final

from protocols.channels.mail_envelope import NotOpened, OwnKey, unseal
from protocols.channels.mail_parser import MOST_PARTS, Unreadable, parsed

RETURN: Final = "application/edi-consent"
_ENVELOPES: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_ENCODINGS: Final = ("base64", "quoted-printable")
_GZIP_IN_BASE64: Final = b"H4sI"
_BASE64: Final = re.compile(rb"[0-9A-Za-z+/=\s]+")
_NO_BASE64: Final = bytes(
    each
    for each in range(256)
    if chr(each) not in string.ascii_letters + string.digits + "+/"
)
_MOST_OPENED: Final = 20  # envelopes, and containers that hide, of one mail


def parts_of(
    message: Message, keys: Sequence[OwnKey]
) -> Iterator[Message | Unreadable]:
    """Yield what is no container, in the order of the mail, envelopes opened."""
    waiting, seen, opened = [message], 0, 0
    while waiting:
        part = waiting.pop(0)
        seen += 1
        if seen > MOST_PARTS or opened > _MOST_OPENED:
            yield Unreadable(
                f"it has more than {MOST_PARTS} parts or {_MOST_OPENED} envelopes"
            )
            return
        inside = part.get_payload()
        if isinstance(inside, list):
            waiting[:0] = [each for each in inside if isinstance(each, Message)]
            continue
        try:
            hidden = _opened(part, keys)
        except Unreadable as error:
            opened += 1  # it may have cost as much as one that opens
            yield error
        else:
            if hidden is None:
                yield part
            else:
                opened += 1
                waiting.insert(0, hidden)


def is_return(part: Message) -> bool:
    """Say whether a part says of itself that it is a return."""
    return RETURN in _types(part)


def bytes_of(part: Message) -> bytes:
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


def _opened(part: Message, keys: Sequence[OwnKey]) -> Message | None:
    """Return what is in a part that is a container or an envelope; None: it is none."""
    for each in part.get_all("Content-Type") or ():
        if str(each).strip().casefold().startswith("multipart/"):
            # By its first header it is none, or its boundary is not there.
            read = parsed(f"Content-Type: {each}\r\n\r\n".encode() + _raw(part))
            if read.is_multipart():
                return read
    if not _is_envelope(part):
        return None
    try:
        return parsed(unseal(bytes_of(part), keys))
    except NotOpened as error:
        if is_return(part):
            return None
        raise Unreadable(f"its envelope stays closed: {error}") from error


def _types(part: Message) -> list[str]:
    """Return every type that a part says it is: the header may be doubled."""
    said = part.get_all("Content-Type") or []
    return [str(each).partition(";")[0].strip().casefold() for each in said]


def _is_envelope(part: Message) -> bool:
    types = _types(part)
    if any(each in _ENVELOPES for each in types):
        return True
    name = part.get_filename() or ""
    return name.casefold().endswith(".p7m") and RETURN not in types


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

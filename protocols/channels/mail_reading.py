"""What is in a mail of our mailbox: returns of payers, a delivery report, or neither.

Nothing that a mail may hold makes this fail: headers may be doubled, missing or lie,
parts may be nested or cut, an envelope may be for somebody else, a packed file may
unpack without end.  What cannot be read is said, in one notice for the whole mail.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from email.message import Message
from gzip import BadGzipFile, GzipFile
from typing import Final

from attrs import frozen

from protocols.channels.mail_bounces import Ours, bounce_in, report_in
from protocols.channels.mail_envelope import OwnKey
from protocols.channels.mail_marks import Marks
from protocols.channels.mail_parser import Unreadable, parsed
from protocols.channels.mail_parts import (
    RETURN,
    bytes_of,
    is_return,
    parts_of,
)
from protocols.mail_notice import Kind, Notice, recognise, write

_GZIP: Final = b"\x1f\x8b"
_BLOCK: Final = 1 << 20


@frozen(kw_only=True)
class Found:
    """One thing in a mail: a return's bytes, or the bytes of a notice and itself."""

    content: bytes
    notice: Notice | None = None


class Reader:
    """Reads mails of one mailbox.  Thread-safe."""

    def __init__(
        self,
        *,
        keys: Sequence[OwnKey],
        domain: str,
        marks: Marks,
        max_content: int,
    ) -> None:
        self._keys = keys
        self._ours = Ours(domain=domain, marks=marks)
        self._max_content = max_content

    def read(self, mail: bytes) -> Sequence[Found]:
        """Return everything in a mail: returns in their order, or one notice.

        A mail with a return that can be read and one that cannot gives both.
        """
        try:
            found, wrong = self._read(mail)
        except Unreadable as error:
            found, wrong = [], str(error)
        except Exception as error:  # what the standard library stumbles over
            found, wrong = [], f"it cannot be parsed ({type(error).__name__})"
        if wrong or not found:
            words = wrong or "nothing in it is a return"
            notice = Notice(kind=Kind.UNREAD, words=words)
            found.append(Found(content=write(notice, mail), notice=notice))
        return found

    def _read(self, mail: bytes) -> tuple[list[Found], str]:
        message = parsed(mail)
        notice = report_in(message, mail, self._ours)
        if notice is not None:
            return [Found(content=write(notice, mail), notice=notice)], ""
        returns: list[Found] = []
        kinds: list[str] = []
        wrong, room = "", self._max_content
        for part in parts_of(message, self._keys):
            if isinstance(part, Unreadable):
                wrong = wrong or str(part)
                continue
            kinds.append(part.get_content_type())
            if not is_return(part):
                continue
            try:
                content = self._content(part, room)
            except Unreadable as error:
                wrong = wrong or str(error)
                continue
            if recognise(content):
                wrong = wrong or "it holds what only the mail channel itself writes"
            else:
                room -= len(content)
                returns.append(Found(content=content))
        if not returns:
            notice = bounce_in(message, mail, self._ours)
            if notice is not None:
                return [Found(content=write(notice, mail), notice=notice)], ""
        if not returns and not wrong:
            told = ", ".join(sorted(set(kinds))) or "none"
            wrong = f"no part of it is {RETURN}; its parts: {told}"
        return returns, wrong

    def _content(self, part: Message, room: int) -> bytes:
        """Return a return's bytes, unpacked; `room` is what its mail may still hold."""
        content = bytes_of(part)
        if not content.startswith(_GZIP):
            if len(content) > room:
                raise Unreadable(self._too_much)
            return content
        unpacked = bytearray()
        try:
            with GzipFile(fileobj=io.BytesIO(content)) as packed:
                while block := packed.read(_BLOCK):
                    unpacked += block
                    if len(unpacked) > room:
                        raise Unreadable(self._too_much)
        except (BadGzipFile, EOFError, zlib.error) as error:
            raise Unreadable("its gzip is cut or damaged") from error
        return bytes(unpacked)

    @property
    def _too_much(self) -> str:
        return f"it holds more than max_content ({self._max_content} bytes)"

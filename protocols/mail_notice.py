"""A mail that came to our mailbox and is no return of a payer, as a file of our own.

The mail channel hands on what it finds in a mail as a return.  What tells of one of our
mails (it could not be delivered, it is late) and what cannot be read as a return (of
another kind, encrypted for somebody else, damaged) is handed on too, so that nothing is
dropped: one line of JSON with what was found, and after it the mail as it came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import BinaryIO, Final

from attrs import asdict, frozen

from routing.envelope import AnswerSeen, Summary

FORMAT: Final = "mail.notice"
TITLE: Final = "a mail that is no return of a payer: a delivery report, or unreadable"
_HEAD: Final = b'{"octway": "mail-notice", '
_LONGEST_LINE: Final = 64 * 1024
_LONGEST: Final = 500


class Kind(StrEnum):
    """What a mail tells."""

    UNDELIVERED = "undelivered"  # one of our mails did not reach its payer
    DELAYED = "delayed"  # it is still on its way
    DELIVERED = "delivered"
    UNREAD = "unread"  # nothing in it is a return that can be read


@frozen(kw_only=True)
class Notice:
    """What a mail tells, and of which of our mails: by its Message-ID or its file.

    `words` are for people; they may be a foreign server's, cut to one line.  `proof`
    says how it is known that this was made from one of our mails; empty: anybody may
    have written it.
    """

    kind: Kind
    words: str
    message_id: str = ""
    file: str = ""
    recipient: str = ""
    status: str = ""
    proof: str = ""


def write(notice: Notice, mail: bytes) -> bytes:
    """Write the file: the same for the same mail."""
    told = {key: _plain(str(value)) for key, value in asdict(notice).items()}
    return _HEAD + json.dumps(told)[1:].encode() + b"\n" + mail


def recognise(head: bytes) -> bool:
    """Say whether a file is such a one, from its first bytes."""
    return head.startswith(_HEAD)


def read(stream: BinaryIO) -> Notice:
    """Read a file's first line; raises ValueError, whatever the file holds."""
    line = stream.readline(_LONGEST_LINE)
    found = json.loads(line) if recognise(line) else None
    if not isinstance(found, dict):
        raise ValueError("this is no notice of the mail channel")  # noqa: TRY004
    found.pop("octway")
    if not all(isinstance(value, str) for value in found.values()):
        raise ValueError("a notice of the mail channel has a field that is no text")
    try:
        told = {key: _plain(value) for key, value in found.items()}
        return Notice(**{**told, "kind": Kind(found["kind"])})  # type: ignore[arg-type]
    except (TypeError, KeyError) as error:
        raise ValueError("a notice lacks, adds or misnames a field") from error


class NoticeReading:
    """A notice being read as a return: it answers nothing.  A `ReturnReading`."""

    format = FORMAT

    def __init__(self, notice: Notice) -> None:
        self._notice = notice
        self.kind: str = notice.kind

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield nothing."""
        return iter(())

    def summary(self) -> Summary:
        """Say what it was about."""
        notice = self._notice
        keys = {"reference": notice.message_id, "status": notice.status}
        return Summary(
            format=FORMAT,
            records=1,
            lots=0,
            claims=0,
            errors=0,
            warnings=0,
            keys=keys,
            problems=(),
        )


def _plain(words: str) -> str:
    shown = "".join(each if each.isprintable() else " " for each in words)
    return " ".join(shown.split())[:_LONGEST]

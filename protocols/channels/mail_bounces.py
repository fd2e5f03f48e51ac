"""Delivery reports about our own mails (RFC 3464), and older ones in free text.

A report names our mail by the Message-ID that it quotes, or by the envelope name that
servers of today give back; that is the name of the file.  Either bears our mark, which
proves that the report was made from that mail; what proves nothing is not believed
beside what does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from typing import Final

from attrs import frozen

from protocols.channels.mail_errors import FULL, shown
from protocols.channels.mail_marks import LENGTH, Marks
from protocols.mail_notice import Kind, Notice

_KINDS: Final = {
    "failed": Kind.UNDELIVERED,
    "delayed": Kind.DELAYED,
    "delivered": Kind.DELIVERED,
    "relayed": Kind.DELIVERED,
    "expanded": Kind.DELIVERED,
}
_WORST_FIRST: Final = (Kind.UNDELIVERED, Kind.DELAYED, Kind.DELIVERED)
_POSTMEN: Final = ("mailer-daemon", "postmaster", "mail delivery")
_MOST_QUOTED: Final = 1 << 20
_PROOF: Final = "it bears the mark of our mail"


@frozen(kw_only=True)
class Ours:
    """How our own mails are known: by the end of their Message-IDs and their marks."""

    domain: str
    marks: Marks

    def quoted(self, mail: bytes) -> tuple[str, bool]:
        """Return the first Message-ID of ours that a mail quotes, and if it is proved."""
        found = re.search(
            rf"<(\d{{19}})@(?:([0-9a-f]{{{LENGTH}}})\.)?{re.escape(self.domain)}>".encode(),
            mail[:_MOST_QUOTED],
        )
        if found is None:
            return "", False
        stamp, mark = found[1].decode(), (found[2] or b"").decode()
        return found[0].decode(), self.marks.prove(stamp, mark)

    def file(self, envelope_id: str) -> tuple[str, bool]:
        """Return the file's name in an envelope name, and if it is proved."""
        name, _, mark = envelope_id.partition("/")
        return name, self.marks.prove(name, mark)


def report_in(message: Message, mail: bytes, ours: Ours) -> Notice | None:
    """Return what a delivery report says of one of our mails; None if it is none."""
    if message.get_content_type() != "multipart/report":
        return None
    told = _told(message)
    return None if told is None else _notice(told, mail, ours)


def bounce_in(message: Message, mail: bytes, ours: Ours) -> Notice | None:
    """Return what a postman's free text says of one of our mails; None if it does not.

    To be asked only of a mail without a return: a fund's may quote ours too.
    """
    quoted, proved = ours.quoted(mail)
    if not quoted or not _is_of_postman(message):
        return None
    failed = str(message.get("X-Failed-Recipients", ""))
    return Notice(
        kind=Kind.UNDELIVERED,
        words=f"told in free text{_full(mail[:_MOST_QUOTED])}",
        message_id=quoted,
        recipient=shown(failed),
        proof=_PROOF if proved else "",
    )


def _told(report: Message) -> tuple[Message, list[Message]] | None:
    """Return what a report says of the mail, and of each of its recipients."""
    for part in _all(report):
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            if isinstance(blocks, list) and blocks:
                fields = [each for each in blocks if isinstance(each, Message)]
                return fields[0], [each for each in fields if each.get("Action")]
    return None


def _notice(
    told: tuple[Message, list[Message]], mail: bytes, ours: Ours
) -> Notice | None:
    whole, recipients = told
    message_id, quoted = ours.quoted(mail)
    file, named = ours.file(_field(whole, "Original-Envelope-Id"))
    proved = quoted or named
    by_kind = {
        _KINDS.get(_field(each, "Action").casefold(), Kind.UNREAD): each
        for each in recipients
    }
    for kind in _WORST_FIRST:
        if kind in by_kind:
            about = by_kind[kind]
            said = _value(about, "Diagnostic-Code") or _field(about, "Status")
            return Notice(
                kind=kind,
                words=said or "no reason given",
                message_id=message_id if quoted or not proved else "",
                file=file if named or not proved else "",
                recipient=_value(about, "Original-Recipient")
                or _value(about, "Final-Recipient"),
                status=_field(about, "Status").partition(" ")[0],
                proof=_PROOF if proved else "",
            )
    return None


def _all(message: Message) -> Iterator[Message]:
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        yield part
        inside = part.get_payload()
        if isinstance(inside, list) and part.get_content_maintype() == "multipart":
            waiting += [each for each in inside if isinstance(each, Message)]


def _field(block: Message, name: str) -> str:
    return shown(str(block.get(name, "")))


def _value(block: Message, name: str) -> str:
    """Return a field without the kind before its semicolon, as in `rfc822; a@b`."""
    said = _field(block, name)
    return said.partition(";")[2].strip() or said


def _is_of_postman(message: Message) -> bool:
    sender = str(message.get("From", "")).casefold()
    returned = str(message.get("Return-Path", "?")).strip()
    return (
        returned == "<>"
        or "X-Failed-Recipients" in message
        or any(each in sender for each in _POSTMEN)
    )


def _full(quoted: bytes) -> str:
    found = FULL.search(quoted.decode("latin-1"))
    return f": {shown(found[0])}" if found else ""

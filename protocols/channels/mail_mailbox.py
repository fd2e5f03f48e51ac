"""What lies in our mailbox, read once: returns and notices, until they are confirmed.

A mail never changes, so it is read when it is first seen and known from then on by its
server's name for it.  Contents are kept up to a bound; beyond it a mail is read again
when it is fetched.  A mail is taken away when everything in it was confirmed.  What is
here is a copy, and losing it loses nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from protocols.channels.interface import Arrival, RemoteFile
from protocols.channels.mail_boxes import Box, Boxes, Lying
from protocols.channels.mail_reading import Found, Reader
from protocols.errors import PayerRefused, PayerUnavailable, TransferError
from protocols.mail_notice import Kind, Notice

_REMEMBERED: Final = 10_000  # of what is only remembered, the newest
_MOST_NEW: Final = 1000  # mails read in one look, so that a look ends
_KEPT: Final = 128_000_000  # bytes of contents in hand
_ARRIVED: Final = frozenset({Kind.DELIVERED, Kind.DELAYED})


@frozen(kw_only=True)
class Held:
    """One file of a mail; `content` is None if it must be read again.

    `wrong` says why it cannot be had at all.
    """

    file: RemoteFile
    mail: Lying
    place: int
    notice: Notice | None = None
    wrong: TransferError | None = None


class Mailbox:
    """The files of one mailbox, by name.  Thread-safe; one line at a time."""

    def __init__(self, boxes: Boxes, reader: Reader, *, max_mail: int) -> None:
        self._boxes = boxes
        self._reader = reader
        self._max_mail = max_mail
        self._lock = threading.RLock()
        self._mails: dict[str, list[Held]] = {}
        self._contents: OrderedDict[str, bytes] = OrderedDict()
        self._confirmed: set[str] = set()
        self._gone: OrderedDict[str, None] = OrderedDict()

    def files(self, doing: str) -> Sequence[RemoteFile]:
        """Look into the mailbox; list what is not confirmed, as it came."""
        with self._lock:
            with self._boxes.open(doing) as box:
                self._look(doing, box)
            return [
                held.file
                for every in self._mails.values()
                for held in every
                if held.file.name not in self._confirmed
            ]

    def content(self, doing: str, name: str) -> bytes:
        """Return a file's bytes; raises a `TransferError` if it cannot be had."""
        with self._lock:
            held = self._find(name)
            if held is None or (held.wrong is None and name not in self._contents):
                with self._boxes.open(doing) as box:
                    there = self._look(doing, box)
                    held = self._find(name)
                    if held is not None and name not in self._contents:
                        self._read(doing, box, there[held.mail.id])
                        held = self._find(name)
            if held is None:
                raise PayerUnavailable(
                    f"{doing}: it is not in the mailbox now; what is unconfirmed is"
                    " listed again"
                )
            if held.wrong is not None:
                raise held.wrong
            return self._contents[name]

    def confirm(self, doing: str, name: str) -> None:
        """Confirm a file; its mail is taken away with the last one in it.

        Silent if it is gone.
        """
        with self._lock:
            if name in self._gone:
                return
            with self._boxes.open(doing) as box:
                there = self._look(doing, box)
                held = self._find(name)
                if held is None:
                    return
                self._confirmed.add(name)
                names = {each.file.name for each in self._mails[held.mail.id]}
                if not names <= self._confirmed:
                    return
                box.take_away(there[held.mail.id])
            self._forget(held.mail.id)

    def arrival(self, doing: str, message_id: str, file: str) -> Arrival:
        """Look for reports about one of our mails, of those that prove to be."""
        with self._lock:
            with self._boxes.open(doing) as box:
                self._look(doing, box)
            kinds = {
                held.notice.kind
                for every in self._mails.values()
                for held in every
                if held.notice is not None
                and held.notice.proof
                and (held.notice.message_id == message_id or held.notice.file == file)
            }
        if Kind.UNDELIVERED in kinds:
            return Arrival.ABSENT
        return Arrival.ARRIVED if kinds & _ARRIVED else Arrival.UNCLEAR

    def _look(self, doing: str, box: Box) -> dict[str, Lying]:
        """Read what is new, forget what is not there any more; return what is.

        Of very many new ones the first are read, and the next in another look.
        """
        there = {each.id: each for each in box.mails()}
        for name in set(self._mails) - set(there):
            self._forget(name)
        fresh = [mail for name, mail in there.items() if name not in self._mails]
        for mail in fresh[:_MOST_NEW]:
            self._read(doing, box, mail)
        return there

    def _read(self, doing: str, box: Box, mail: Lying) -> None:
        if mail.size > self._max_mail:
            words = f"{doing}: the mail has {mail.size} bytes, more than max_mail"
            self._mails[mail.id] = [_closed(mail, words)]
            return
        try:
            content = box.read(mail)
        except PayerRefused as error:
            # Its line is of no use any more; the next one goes past this mail.
            self._mails[mail.id] = [_closed(mail, str(error))]
            raise
        found = self._reader.read(content)
        self._mails[mail.id] = [
            self._held(mail, place, each) for place, each in enumerate(found, 1)
        ]

    def _held(self, mail: Lying, place: int, found: Found) -> Held:
        kind = "return" if found.notice is None else f"mail-{found.notice.kind}"
        name = f"{kind}-{mail.id}-{place}.txt"
        self._keep(name, found.content)
        self._gone.pop(name, None)  # it was away for a while only
        return Held(
            file=RemoteFile(name, len(found.content), 0.0),
            mail=mail,
            place=place,
            notice=found.notice,
        )

    def _keep(self, name: str, content: bytes) -> None:
        self._contents[name] = content
        self._contents.move_to_end(name)
        size = sum(map(len, self._contents.values()))
        while size > _KEPT and len(self._contents) > 1:
            size -= len(self._contents.popitem(last=False)[1])

    def _find(self, name: str) -> Held | None:
        for every in self._mails.values():
            for held in every:
                if held.file.name == name:
                    return held
        return None

    def _forget(self, mail: str) -> None:
        for held in self._mails.pop(mail, ()):
            self._contents.pop(held.file.name, None)
            self._confirmed.discard(held.file.name)
            self._gone[held.file.name] = None
        _trim(self._gone)


def _closed(mail: Lying, words: str) -> Held:
    """List a mail that cannot be had: it stays where it is, and a person is told."""
    return Held(
        file=RemoteFile(f"mail-{mail.id}-1.eml", mail.size, 0.0),
        mail=mail,
        place=1,
        wrong=PayerRefused(
            f"{words}; it was not taken and stays in the mailbox: see what it is, and"
            " raise max_mail, or take it away by hand"
        ),
    )


def _trim(remembered: OrderedDict[str, None]) -> None:
    while len(remembered) > _REMEMBERED:
        remembered.popitem(last=False)

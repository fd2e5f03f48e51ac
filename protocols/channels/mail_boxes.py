"""Our mailbox at the provider, over POP3 or IMAP: list, read, and take away.

A line is made for each of a few things done in one go, and given up after it.  A mail
is known by what its server says is its own for ever: a name that outlasts the line.
"""

from __future__ import annotations

import hashlib
import imaplib
import poplib
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final, NamedTuple, Protocol

from protocols.channels.mail_errors import NotStarted, logging_in, translate
from protocols.channels.mail_settings import POP3, TLS, MailSettings
from protocols.errors import PayerRefused, PayerUnavailable, TransferError

_UID: Final = re.compile(rb"\bUID (\d+)\b")
_BYTES: Final = re.compile(rb"\bRFC822\.SIZE (\d+)\b")
_OK: Final = "OK"
_AT_ONCE: Final = 500  # mails asked about in one command


class Lying(NamedTuple):
    """A mail that lies in the box; `key` is how the server finds it on this line."""

    id: str
    size: int
    key: str


class Box(Protocol):
    """The mailbox on an open line."""

    def mails(self) -> Sequence[Lying]:
        """List everything in it."""
        ...

    def read(self, mail: Lying) -> bytes:
        """Return a mail as it came, and leave it there, unread as it was."""
        ...

    def take_away(self, mail: Lying) -> None:
        """Remove a mail, or put it into the folder of those that are done."""
        ...


class Boxes(Protocol):
    """What gives the mailbox."""

    def open(self, doing: str) -> AbstractContextManager[Box]:
        """Log in; what was taken away is surely gone when the line was ended."""
        ...

    def close(self) -> None:
        """Give it no more."""
        ...


class ServerBoxes:
    """The mailbox of an endpoint's settings.  Thread-safe; holds no line open."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._closed = threading.Event()

    @contextmanager
    def open(self, doing: str) -> Iterator[Box]:
        """Log in, and end the line when all is done."""
        if self._closed.is_set():
            raise PayerUnavailable(f"{doing}: the channel was closed")
        settings = self._settings
        opened = _pop3 if settings.mailbox_kind == POP3 else _imap
        with opened(doing, settings) as box:
            yield box

    def close(self) -> None:
        """Give it no more."""
        self._closed.set()


@contextmanager
def _pop3(doing: str, settings: MailSettings) -> Iterator[Box]:
    at = settings.mailbox
    with translate(doing):
        line: poplib.POP3
        if at.security == TLS:
            line = poplib.POP3_SSL(
                at.host, at.port, timeout=at.connect_timeout, context=at.tls
            )
        else:
            line = poplib.POP3(at.host, at.port, timeout=at.connect_timeout)
    try:
        with translate(doing):
            line.sock.settimeout(at.answer_timeout)
            if at.security != TLS:
                _start_pop3_tls(line, at.tls)
                line.sock.settimeout(at.answer_timeout)
            with logging_in(doing):
                line.user(at.user)
                line.pass_(at.password)
        yield _Pop3Box(line, doing)
        with translate(doing):
            line.quit()  # only this makes the server take away what was deleted
    finally:
        with suppress(OSError, poplib.error_proto):
            line.close()


def _start_pop3_tls(line: poplib.POP3, context: Any) -> None:
    try:
        line.stls(context)
    except poplib.error_proto as error:
        raise NotStarted from error


class _Pop3Box:
    def __init__(self, line: poplib.POP3, doing: str) -> None:
        self._line = line
        self._doing = doing

    def mails(self) -> Sequence[Lying]:
        with translate(self._doing):
            sizes = dict(each.split()[:2] for each in self._line.list()[1])
            names = [each.split(b" ", 1) for each in self._line.uidl()[1]]
        return [
            Lying(_safe(name), int(sizes.get(key, b"0")), key.decode("ascii"))
            for key, name in names
        ]

    def read(self, mail: Lying) -> bytes:
        with translate(self._doing):
            lines = self._line.retr(int(mail.key))[1]
        return b"".join(each + b"\r\n" for each in lines)

    def take_away(self, mail: Lying) -> None:
        with translate(self._doing):
            self._line.dele(int(mail.key))


@contextmanager
def _imap(doing: str, settings: MailSettings) -> Iterator[Box]:
    at = settings.mailbox
    with translate(doing):
        line: imaplib.IMAP4
        if at.security == TLS:
            line = imaplib.IMAP4_SSL(
                at.host, at.port, ssl_context=at.tls, timeout=at.connect_timeout
            )
        else:
            line = imaplib.IMAP4(at.host, at.port, timeout=at.connect_timeout)
    try:
        with translate(doing):
            line.sock.settimeout(at.answer_timeout)
            if at.security != TLS:
                _start_imap_tls(line, at.tls)
                line.sock.settimeout(at.answer_timeout)
            with logging_in(doing):
                line.login(at.user, at.password)
            _sure(doing, line.select("INBOX"))
        yield _ImapBox(line, doing, settings.keep_folder)
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            line.logout()
        with suppress(OSError):
            line.shutdown()  # where it could not say goodbye


def _start_imap_tls(line: imaplib.IMAP4, context: Any) -> None:
    if "STARTTLS" not in line.capabilities:
        raise NotStarted
    line.starttls(ssl_context=context)


class _ImapBox:
    def __init__(self, line: imaplib.IMAP4, doing: str, keep: str) -> None:
        self._line = line
        self._doing = doing
        self._keep = keep

    def mails(self) -> Sequence[Lying]:
        with translate(self._doing):
            _, found = self._line.response("UIDVALIDITY")
            series = (found[0] or b"0").decode("ascii") if found else "0"
            (listed,) = self._uid("SEARCH", "ALL") or [b""]
            keys = (listed or b"").split()
            mails = []
            for start in range(0, len(keys), _AT_ONCE):
                some = b",".join(keys[start : start + _AT_ONCE]).decode("ascii")
                for each in self._uid("FETCH", some, "(UID RFC822.SIZE)"):
                    head = each if isinstance(each, bytes) else b""
                    uid, size = _UID.search(head), _BYTES.search(head)
                    if uid and size:
                        key = uid[1].decode("ascii")
                        mails.append(Lying(f"{series}.{key}", int(size[1]), key))
        return mails

    def read(self, mail: Lying) -> bytes:
        with translate(self._doing):
            for each in self._uid("FETCH", mail.key, "(UID BODY.PEEK[])"):
                if isinstance(each, tuple):
                    return bytes(each[1])
        raise PayerUnavailable(
            f"{self._doing}: the mail is not there any more; it may have been taken away"
        )

    def take_away(self, mail: Lying) -> None:
        with translate(self._doing):
            if self._keep:
                self._put_aside(mail)
                return
            self._uid("STORE", mail.key, "+FLAGS.SILENT", r"(\Deleted)")
            if "UIDPLUS" in self._line.capabilities:
                self._uid("EXPUNGE", mail.key)
            else:
                _sure(self._doing, self._line.expunge())

    def _put_aside(self, mail: Lying) -> None:
        """Move a mail; the folder is made when it is not there."""
        folder = f'"{self._keep}"'
        with suppress(TransferError):
            _sure(self._doing, self._line.create(folder))
        if "MOVE" in self._line.capabilities:
            self._uid("MOVE", mail.key, folder)
            return
        self._uid("COPY", mail.key, folder)
        self._uid("STORE", mail.key, "+FLAGS.SILENT", r"(\Deleted)")
        _sure(self._doing, self._line.expunge())

    def _uid(self, *words: str) -> list[Any]:
        return _sure(self._doing, self._line.uid(*words))


def _sure(doing: str, answer: tuple[str, list[Any]]) -> list[Any]:
    """Return what an IMAP server gave; raise if it said no."""
    status, found = answer
    if status != _OK:
        said = found[0] if found and isinstance(found[0], bytes) else b""
        words = said.decode("utf-8", "replace")[:200]
        raise PayerRefused(
            f"{doing}: the mailbox answered {status} {words}; it was expected to do so:"
            " see with the provider"
        )
    return [each for each in found if each is not None]


def _safe(name: bytes) -> str:
    """Write a server's name of a mail so that it may stand in a file's name."""
    return hashlib.sha256(name).hexdigest()[:24]

"""Mails billing files to French funds and reads what they send back (IRIS B2).

One endpoint serves every fund: the fund is in the file's name, and becomes the mail's
address.  A mail is packed, encrypted for its fund and handed to our provider's SMTP
server, whose answer means that the provider has it; that the fund has it is told only
by its return, or denied by a delivery report.  Returns lie in our mailbox (IMAP or
POP3) and are taken away by `remove`, which the gateway calls after its own commit and
never before.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Final

from cryptography import x509

from protocols.channels import mail_iris, mail_letter
from protocols.channels.interface import Arrival, Channel, RemoteFile, Sent
from protocols.channels.mail_boxes import Boxes, ServerBoxes
from protocols.channels.mail_certificates import (
    Certificates,
    NoCertificate,
    NoDirectory,
)
from protocols.channels.mail_envelope import NotSealed, seal
from protocols.channels.mail_iris import Named
from protocols.channels.mail_letter import Letter
from protocols.channels.mail_mailbox import Mailbox
from protocols.channels.mail_reading import Reader
from protocols.channels.mail_settings import MailSettings, read_settings
from protocols.channels.mail_smtp import Outgoing, SmtpServer
from protocols.channels.naming import checked_name
from protocols.errors import PayerUnavailable, TransferError

_REMEMBERED: Final = 10_000


def open_channel(settings: Mapping[str, object]) -> Channel:
    """Build a channel from an endpoint's settings; connects only when used.

    Raises `ConfigErrors`.  Certificates, keys and passwords are read here, so a
    changed one needs the channel to be opened anew, as every reload does.
    """
    read = read_settings(settings, os.environ)
    return MailChannel(
        settings=read,
        outgoing=SmtpServer(read.smtp, ours=read.form.sender.rpartition("@")[2]),
        boxes=ServerBoxes(read),
        now=time.time,  # noqa: TID251 - this is the clock that others are given
    )


class MailChannel:
    """Our mail account, for one or many funds.  Thread-safe; every call blocks.

    `now` is epoch seconds.
    """

    def __init__(
        self,
        *,
        settings: MailSettings,
        outgoing: Outgoing,
        boxes: Boxes,
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._outgoing = outgoing
        self._boxes = boxes
        self._now = now
        self._certificates = Certificates(
            bundle=settings.recipients,
            issuers=settings.issuers,
            directory=settings.directory,
            now=now,
        )
        reader = Reader(
            keys=settings.keys,
            domain=settings.form.sender.rpartition("@")[2],
            marks=settings.form.marks,
            max_content=settings.max_content,
        )
        self._mailbox = Mailbox(boxes, reader, max_mail=settings.max_mail)
        self._lock = threading.Lock()
        self._taken: OrderedDict[tuple[str, int], None] = OrderedDict()

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        """Mail a file to its fund; the Message-ID comes back as its reference.

        Raises a `TransferError`: `OutcomeUnknown` when the provider may have it.
        Errors of `body` itself come through as they are, with nothing handed over.
        """
        fund = mail_iris.named(name)
        doing = f"{self._settings.endpoint}: mailing {name}"
        file = mail_iris.billing(doing, fund, body, size)
        letter = self._letter(doing, name, fund, file)
        said = self._outgoing.hand_over(doing, letter)
        with self._lock:
            self._taken[name, size] = None
            while len(self._taken) > _REMEMBERED:
                self._taken.popitem(last=False)
        return Sent(
            reference=letter.message_id,
            note=(
                f"{size} bytes, {file.invoices} invoices, mailed to"
                f" {letter.recipient}; our provider said: {said}"
            ),
        )

    def ask(self, name: str, size: int) -> Arrival:
        """Look in our mailbox for a delivery report about a file's mail.

        One that says that it failed means that it may be sent again, if it bears the
        mail's mark.  Without any nobody can tell.
        """
        fund = mail_iris.named(name)
        with self._lock:
            if (name, size) in self._taken:
                return Arrival.ARRIVED
        form = self._settings.form
        message_id = form.message_id(fund.stamp(form.sender))
        return self._mailbox.arrival(self._at_box("asking for", name), message_id, name)

    def list(self) -> Sequence[RemoteFile]:
        """List what lies in our mailbox: returns, and notices of what is none."""
        return self._mailbox.files(self._at_box("listing", "the mailbox"))

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a listed return or notice; return its size.

        Raises `PayerRefused` for a mail beyond `max_mail`: it stays where it is.
        Errors of `into` itself come through as they are.
        """
        name = checked_name(file.name)
        content = self._mailbox.content(self._at_box("fetching", name), name)
        return into.write(content)

    def remove(self, file: RemoteFile) -> None:
        """Confirm a fetched file; its mail goes away with the last one in it."""
        name = checked_name(file.name)
        self._mailbox.confirm(self._at_box("removing", name), name)

    def check(self) -> str:
        """Log in at both servers; return words for people, or raise."""
        settings = self._settings
        smtp = self._outgoing.check(f"{settings.endpoint}: checking")
        with self._boxes.open(self._at_box("checking", "the mailbox")) as box:
            waiting = len(box.mails())
        return (
            f"{settings.endpoint}: {smtp}; {settings.box}: lets us in, {waiting} mails"
            f" are waiting; {self._certificates.words()}"
        )

    def close(self) -> None:
        """Make no more lines."""
        self._outgoing.close()
        self._boxes.close()

    def _letter(
        self, doing: str, name: str, fund: Named, file: mail_iris.Billing
    ) -> Letter:
        settings = self._settings
        form = settings.form
        recipient, stamp = fund.address(settings.domain), fund.stamp(form.sender)
        certificate = self._certificate(doing, recipient)
        try:
            sealed = seal(
                mail_letter.inner(form, file.content, stamp),
                certificate,
                settings.cipher,
            )
        except NotSealed as error:
            raise TransferError(
                f"{doing}: {error}; nothing was handed over: mend the certificate of"
                f" {recipient} or the endpoint's cipher"
            ) from error
        content = mail_letter.outer(
            form,
            recipient=recipient,
            subject=file.subject(settings.subject_kind, settings.subject_code, stamp),
            stamp=stamp,
            sealed=sealed,
            now=self._now,
        )
        return Letter(
            sender=form.sender,
            recipient=recipient,
            message_id=form.message_id(stamp),
            envelope_id=form.envelope_id(name),
            content=content,
        )

    def _certificate(self, doing: str, recipient: str) -> x509.Certificate:
        try:
            return self._certificates.of(recipient)
        except NoDirectory as error:
            raise PayerUnavailable(
                f"{doing}: no certificate of {recipient} is at hand, and {error};"
                " nothing was handed over, it may be tried again"
            ) from error
        except NoCertificate as error:
            raise TransferError(
                f"{doing}: {error}; nothing was handed over: put a valid one into"
                " recipients_file, then have the dispatch sent again"
            ) from error

    def _at_box(self, verb: str, what: str) -> str:
        return f"{self._settings.box}: {verb} {what}"

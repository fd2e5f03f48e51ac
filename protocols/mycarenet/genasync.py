"""Hands eFact sendings to MyCareNet and fetches what the unions return.

One endpoint serves every union: the union is in the file's name, and becomes the
destination of the message.  A sending is handed over by `post`, whose answer (the
TAck) is MyCareNet's word that it has it; where that answer is lost, the mailbox
tells (`ask`).  Messages are given by `get`, again and again until they are
confirmed by their hash, and they are confirmed by `remove`, which the gateway
calls after its own commit and never before.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Final

from protocols.channels.interface import Arrival, Channel, RemoteFile, Sent
from protocols.channels.naming import checked_name
from protocols.errors import (
    OutcomeUnknown,
    PayerBusy,
    PayerRefused,
    PayerUnavailable,
)
from protocols.mycarenet import genasync_messages as messages
from protocols.mycarenet.genasync_answers import NotEnoughTime, answered
from protocols.mycarenet.genasync_blob import BadBlob
from protocols.mycarenet.genasync_line import Exchanges, Line, NoAnswer, TooLong
from protocols.mycarenet.genasync_mailbox import Held, Mailbox, Turns
from protocols.mycarenet.genasync_messages import Mail, Tack
from protocols.mycarenet.genasync_sending import (
    Sending,
    checked,
    is_test,
    named,
)
from protocols.mycarenet.genasync_settings import GenAsyncSettings, read_settings
from protocols.mycarenet.genasync_xml import BadXml, Element, envelope, shown, written

_MOST_TACKS: Final = 1000  # more than are unanswered on a bad day


def open_channel(settings: Mapping[str, object]) -> Channel:
    """Build a channel from an endpoint's settings; connects only when used.

    Raises `ConfigErrors`.  Certificates, keys and passwords are read here, so a
    changed one needs the channel to be opened anew, as every reload does.
    """
    read = read_settings(settings, os.environ)
    now = time.time  # noqa: TID251 - this is the clock that others are given
    monotonic = time.monotonic
    return GenAsyncChannel(
        settings=read,
        line=Line(read, monotonic=monotonic),
        now=now,
        monotonic=monotonic,
        new_id=uuid.uuid4,
    )


class GenAsyncChannel:
    """One MyCareNet endpoint and our mailbox there.  Thread-safe; every call blocks.

    `now` is epoch seconds, `monotonic` seconds of a clock that never jumps,
    `new_id` gives what no other message is called.
    """

    def __init__(
        self,
        *,
        settings: GenAsyncSettings,
        line: Exchanges,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        new_id: Callable[[], object],
    ) -> None:
        self._settings = settings
        self._now = now
        self._new_id = new_id
        self._line = line
        self._mailbox = Mailbox(max_content=settings.max_content)
        self._turns = Turns(
            monotonic=monotonic,
            now=now,
            interval=settings.get_interval,
            wait=settings.get_wait,
            most=settings.max_messages,
        )
        self._asking = threading.Lock()

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        """Post a sending to its union; the TAck's own reference comes back.

        Raises a `TransferError`: `PayerRefused` for a TAck that says no,
        `OutcomeUnknown` when MyCareNet may have it.  Errors of `body` itself come
        through as they are, with nothing handed over.
        """
        sending = named(name, self._settings.kinds)
        doing = self._doing("posting", name)
        content = checked(doing, sending, body, size)
        request = messages.post(
            self._settings.origin,
            content=content,
            reference=sending.reference,
            is_test=is_test(content),
            identifier=f"blob-{self._new_id()}",
            message_name=self._settings.post_name,
        )
        destination = messages.DESTINATION + sending.union
        try:
            answer = self._say(doing, messages.POST, request, to=destination)
            tack = messages.read_post_response(answer)
        except (NoAnswer, BadXml) as error:
            raise _in_doubt(doing, str(error)) from error
        self._check_tack(doing, sending, content, tack)
        self._mailbox.posted(name, size)
        return Sent(
            reference=tack.own_reference or sending.reference,
            note=(
                f"{size} bytes posted to union {sending.union}; TAck of success for"
                f" {sending.reference} from {shown(tack.issuer) or 'no issuer'}"
            ),
        )

    def ask(self, name: str, size: int) -> Arrival:
        """Look in the mailbox for the TAck of a sending, or for an answer to it.

        A TAck that says no means that it was not taken: it may be sent again.
        Nothing at all is `UNCLEAR`, for a TAck may be late, or confirmed already.
        One about another content of that reference, which was refused before, says
        nothing of this one.
        """
        sending = named(name, self._settings.kinds)
        if self._mailbox.was_posted(name, size):
            return Arrival.ARRIVED

        mark = sending.mark if self._settings.tack_proof else ""

        def is_told() -> bool:
            found = self._mailbox.arrival(sending.reference, mark)
            return found is not Arrival.UNCLEAR

        self._get(self._doing("asking for", name), unless=is_told)
        return self._mailbox.arrival(sending.reference, mark)

    def list(self) -> Sequence[RemoteFile]:
        """List what the mailbox holds, as far as one `get` gives it.

        Names hold the message's name, the union that sent it, the reference of
        the sending that it answers, and a part of its hash.  Within `get_interval`
        the mailbox is not asked again: what is still unconfirmed is listed.  A
        refusal of a sending that came after its post is listed as a file `TACK-…`.
        """
        self._get(
            self._doing("listing", "the mailbox"),
            unless=lambda: not (self._turns.is_over or self._turns.was_refused),
        )
        return self._mailbox.files()

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a listed message; return its size.

        Raises `PayerUnavailable` if the mailbox does not give it any more,
        `PayerRefused` if it is not what it says it is: then it stays in
        the mailbox.  Errors of `into` itself come through as they are.
        """
        name = checked_name(file.name)
        doing = self._doing("fetching", name)
        held = self._in_hand(doing, name)
        try:
            return sum(
                into.write(part) for part in held.blob.parts(self._settings.max_content)
            )
        except BadBlob as error:
            raise PayerRefused(
                f"{doing}: {error}; it was not taken and stays in the mailbox: see"
                f" with union {file.name.split('-')[1]}"
            ) from error

    def remove(self, file: RemoteFile) -> None:
        """Confirm a message by its hash; silent if it is confirmed already.

        The TAck of the sending that it answers is confirmed with it, for the
        answer says more.
        """
        name = checked_name(file.name)
        doing = self._doing("confirming", name)
        if self._mailbox.find(name) is None and self._mailbox.is_gone(name):
            return
        held = self._in_hand(doing, name)
        self._confirm(doing, held)
        self._mailbox.drop(held)

    def check(self) -> str:
        """Ask the mailbox how much it holds; return words for people, or raise."""
        doing = self._doing("checking", "the mailbox")
        words = f"{self._settings.endpoint}: {self._settings.signer.words}; "
        if not self._turns.is_over:
            return f"{words}the mailbox may be asked again {self._turns.when}"
        try:
            mail = self._ask_for(doing, most=0)
        except NotEnoughTime:
            return f"{words}it lets us in; the mailbox may be asked {self._turns.when}"
        return f"{words}it lets us in; {mail.message_count} messages are waiting"

    def close(self) -> None:
        """End every exchange under way."""
        self._line.close()

    def _in_hand(self, doing: str, name: str) -> Held:
        """Return a message by its name; the mailbox is asked again if need be."""
        self._get(doing, unless=lambda: self._mailbox.find(name) is not None)
        held = self._mailbox.find(name)
        if held is None:
            raise PayerUnavailable(
                f"{doing}: the mailbox does not give it now; what is unconfirmed is"
                " listed again"
            )
        return held

    def _get(self, doing: str, *, unless: Callable[[], bool]) -> None:
        """Ask the mailbox once, in its turn; hold what it gives.

        It is not asked when there is no need, or no more after waiting for another.
        """
        if unless():
            return
        with self._asking:
            if unless():
                return
            if not self._turns.is_over:
                raise PayerBusy(
                    f"{doing}: MyCareNet limits how often a mailbox may be asked; it"
                    f" may be again {self._turns.when}"
                )
            moment = self._mailbox.moment
            try:
                mail = self._ask_for(doing, most=self._turns.size)
            except NotEnoughTime as error:
                raise PayerBusy(
                    f"{doing}: MyCareNet wants a pause between two gets ({error}); the"
                    f" mailbox may be asked again {self._turns.when}"
                ) from error
            self._mailbox.take(mail, asked_at=moment)

    def _ask_for(self, doing: str, *, most: int) -> Mail:
        request = messages.get(
            self._settings.origin,
            messages=most,
            tacks=_MOST_TACKS if most else 0,
            names=self._settings.get_names,
        )
        try:
            mail = messages.read_get_response(self._say(doing, messages.GET, request))
        except NotEnoughTime:
            self._turns.refused()
            raise
        except (NoAnswer, BadXml) as error:
            slow = isinstance(error, NoAnswer) and not error.in_time
            if slow or isinstance(error, TooLong):
                self._turns.too_much()
            raise PayerUnavailable(
                f"{doing}: {error}; nothing was confirmed, so it will be given again;"
                f" {self._turns.size} messages will be asked for"
            ) from error
        self._turns.made(len(mail.messages))
        return mail

    def _confirm(self, doing: str, held: Held) -> None:
        request = messages.confirm(
            self._settings.origin,
            digests=held.digests,
            proofs=self._mailbox.proofs(held),
        )
        try:
            answer = self._say(doing, messages.CONFIRM, request)
            messages.read_confirm_response(answer)
        except (NoAnswer, BadXml) as error:
            raise PayerUnavailable(
                f"{doing}: {error}; it may be confirmed again"
            ) from error

    def _say(self, doing: str, action: str, body: Element, *, to: str = "") -> Element:
        """Sign and send a body; return the body of the answer."""
        document = envelope(
            action, body, message_id=f"urn:uuid:{self._new_id()}", to=to
        )
        self._settings.signer.sign(document, now=self._now())
        answer = self._line.exchange(doing, action, written(document))
        return answered(doing, answer, limit=self._settings.max_answer)

    def _check_tack(
        self, doing: str, sending: Sending, content: bytes, tack: Tack
    ) -> None:
        if tack.reference != sending.reference:
            raise _in_doubt(doing, "its TAck is about another sending")
        if self._settings.tack_proof and not tack.proves(content):
            raise _in_doubt(doing, "its TAck does not prove what was taken (HMAC)")
        if not tack.is_success:
            said = shown("; ".join(filter(None, (tack.minor, tack.message))))
            raise PayerRefused(
                f"{doing}: the TAck says no: {said or 'no reason given'}; it was"
                " expected to be taken: mend the sending, or see with the union"
            )

    def _doing(self, verb: str, what: str) -> str:
        return f"{self._settings.endpoint}: {verb} {what}"


def _in_doubt(doing: str, words: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{doing}: no sure answer: {words}; ask the mailbox before sending again"
    )

"""A SIMULATED MyCareNet: requests in, answers out, one mailbox per care provider.

It speaks the public messages and keeps the public rules: a good TAck for what it
took, messages given again until they are confirmed by their hash, a pause between
two gets.  What stands behind the real one is not here: no eHealth STS, no SAML, no
XAdES-T, no homologation.  How long the pause is, what the counts say when more is
waiting than was asked for, and that TAcks lie in the mailbox too, is our reading.

It is pure: bytes in, bytes out, the clock and the randomness given.  The unions
behind it are a callback, which is told of every sending and says what comes back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Final, NamedTuple

from attrs import evolve
from cryptography import x509

from protocols.mycarenet import genasync_hub_answers as answers
from protocols.mycarenet.genasync_blob import BadBlob, proof_of
from protocols.mycarenet.genasync_hub_answers import Asked, TackMade, Waiting
from protocols.mycarenet.genasync_hub_box import Box
from protocols.mycarenet.genasync_hub_faults import HubFaults, garbage
from protocols.mycarenet.genasync_messages import (
    BILLING,
    CONFIRM,
    GET,
    POST,
)
from protocols.mycarenet.genasync_signature import BadSignature, verify
from protocols.mycarenet.genasync_xml import (
    BadXml,
    Element,
    envelope,
    header_and_body,
    parse,
    written,
)
from protocols.mycarenet.tack import FAILURE, SUCCESS

UNIONS: Final = ("100", "200", "300", "400", "500", "600", "900")
NOT_ENOUGH_TIME: Final = "Not enough time between two gets (simulated get limit)"
_MOST_BYTES: Final = 100_000_000
_OPERATIONS: Final = {POST: "post", GET: "get", CONFIRM: "confirm"}


class Coming(NamedTuple):
    """A return that a union will put into the mailbox, `after` so many seconds."""

    content: bytes
    after: float = 0.0
    message_name: str = BILLING


Arrived = Callable[[str, bytes], Iterable[Coming]]
"""Tells a union (`"300"`) of a sending; says what it returns, and when."""


class Reply(NamedTuple):
    """An answer, and what the line is to do with it."""

    status: int
    body: bytes
    kind: str = "text/xml; charset=utf-8"
    cut_after: int | None = None
    slow: float = 0.0


class Refused(Exception):
    """A request that is answered with a fault of this code."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class Hub:
    """The simulated service.  Thread-safe.

    `licences` are the passwords of licensed programs, `trusts` says whether a
    signature's certificate is one of ours; both are left unchecked when None.
    Blobs of more than `attach_above` bytes travel beside the envelope.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        rng: Random,
        arrived: Arrived = lambda union, content: (),
        get_interval: float = 30.0,
        licences: Mapping[str, str] | None = None,
        trusts: Callable[[x509.Certificate], bool] | None = None,
        attach_above: int = 81_920,
    ) -> None:
        self._now = now
        self._rng = rng
        self._arrived = arrived
        self._get_interval = get_interval
        self._licences = licences
        self._trusts = trusts
        self._attach_above = attach_above
        self._lock = threading.RLock()
        self._boxes: dict[str, Box] = {}
        self._faults = HubFaults()
        self.posted: list[tuple[str, str, bytes]] = []  # union, reference, content
        self.asked: dict[str, int] = dict.fromkeys(_OPERATIONS.values(), 0)

    def dial(self, faults: HubFaults) -> None:
        """Set the faults; they hold from the next request on."""
        with self._lock:
            self._faults = faults

    def faults(self, action: str) -> HubFaults:
        """Return the faults that hold for an action now."""
        with self._lock:
            held = self._faults
        return held if _OPERATIONS.get(action, "") in held.on else HubFaults()

    def deliver(
        self, mailbox: str, union: str, coming: Coming, *, reference: str
    ) -> str:
        """Put a return about a sending into a mailbox; return its own reference."""
        made = Waiting(
            union=union,
            message_name=coming.message_name,
            reference=reference,
            own_reference=self._reference(),
            content=coming.content,
            at=self._now() + coming.after,
        )
        with self._lock:
            self._box(mailbox).messages.append(made)
        return made.own_reference

    def waiting(self, mailbox: str) -> list[Waiting]:
        """Say what a mailbox holds, given or not, due or not."""
        with self._lock:
            return list(self._box(mailbox).messages)

    def tacks(self, mailbox: str) -> list[TackMade]:
        """Say which TAcks a mailbox holds."""
        with self._lock:
            return list(self._box(mailbox).tacks)

    def answer(self, action: str, request: bytes) -> Reply:
        """Answer a request; never raises for what it holds."""
        with self._lock:
            faults = self.faults(action)
            if faults.status:
                return Reply(faults.status, b"simulated", "text/plain")
            try:
                reply = self._answered(action, request, faults)
            except Refused as error:
                reply = self._fault(action, error.code, str(error))
            except (BadXml, BadBlob) as error:
                reply = self._fault(action, "Client", f"cannot be read: {error}")
            if faults.garbage:
                reply = Reply(200, *garbage(faults.garbage))
            return reply._replace(cut_after=faults.cut_after, slow=faults.slow)

    def _fault(self, action: str, code: str, words: str) -> Reply:
        made = answers.fault(code, words)
        return Reply(500, written(_envelope(action, made, "", self._reference())))

    def _answered(self, action: str, request: bytes, faults: HubFaults) -> Reply:
        document = parse(request, limit=_MOST_BYTES)
        head, body = header_and_body(document)
        asked = answers.read_asked(head, body)
        self._let_in(document, asked)
        if faults.fault:
            raise Refused(faults.fault, "dialled fault (simulated)")
        operation = _OPERATIONS.get(action, "")
        self.asked[operation] = self.asked.get(operation, 0) + 1
        if operation == "post":
            made = self._post(asked, body, faults)
        elif operation == "get":
            made = self._get(asked, body, faults)
        elif operation == "confirm":
            made = self._confirm(asked, body)
        else:
            raise Refused("Client", "the SOAPAction is none of this service")
        document = _envelope(action, made, asked.message_id, self._reference())
        if any(len(each.text or "") > self._attach_above for each in document.iter()):
            return Reply(
                200, *answers.with_attachments(document, above=self._attach_above)
            )
        return Reply(200, written(document))

    def _let_in(self, document: Element, asked: Asked) -> None:
        if not asked.mailbox:
            raise Refused("Client", "the care provider has no NIHII number")
        if (
            self._licences is not None
            and self._licences.get(asked.user) != asked.password
        ):
            raise Refused("Security", "the licence is not known")
        if self._trusts is None:
            return
        try:
            certificate = verify(document, now=self._now())
        except BadSignature as error:
            raise Refused("Security", str(error)) from error
        if not self._trusts(certificate):
            raise Refused("Security", "the certificate that signed is not known")

    def _post(self, asked: Asked, body: Element, faults: HubFaults) -> Element:
        posted = answers.read_posted(body, limit=_MOST_BYTES)
        if asked.destination not in UNIONS:
            raise Refused("Client", "the destination is no union")
        good = self._tack(posted.reference, posted.content, SUCCESS)
        bad = self._tack(posted.reference, posted.content, FAILURE)
        if faults.refuses:
            return answers.post_response(bad)
        self.posted.append((asked.destination, posted.reference, posted.content))
        box = self._box(asked.mailbox)
        if not faults.hides_tacks:
            box.tacks.append(bad if faults.refuses_later else good)
        if not (faults.loses_sending or faults.refuses_later):
            coming = self._arrived(asked.destination, posted.content)
            self._return(asked, posted.reference, coming, faults)
        if faults.wrong_proof:
            good = evolve(good, proof=bytes(32))
        if faults.other_reference:
            good = evolve(good, reference="99999999999999")
        return answers.post_response(good)

    def _return(
        self, asked: Asked, reference: str, coming: Iterable[Coming], faults: HubFaults
    ) -> None:
        for each in coming:
            if faults.loses_returns:
                continue
            late = each._replace(after=each.after + faults.delays_returns)
            for _ in range(1 + faults.doubles_returns):
                self.deliver(
                    asked.mailbox, asked.destination, late, reference=reference
                )

    def _get(self, asked: Asked, body: Element, faults: HubFaults) -> Element:
        now, box = self._now(), self._box(asked.mailbox)
        early = box.asked_at is not None and now - box.asked_at < self._get_interval
        if early or faults.not_enough_time:
            raise Refused("Server", NOT_ENOUGH_TIME)
        box.asked_at = now
        shown = box.messages_due(now, answers.read_most(body, "MsgQuery"))
        tacks = box.tacks_due(answers.read_most(body, "TAckQuery"))
        if faults.bomb:
            shown = [evolve(each, content=bytes(faults.bomb)) for each in shown]
        return answers.get_response(
            shown,
            tacks,
            message_count=box.due(now),
            tack_count=len(box.tacks),
            wrong_hash=faults.wrong_hash,
        )

    def _confirm(self, asked: Asked, body: Element) -> Element:
        unknown = self._box(asked.mailbox).confirm(
            answers.read_values(body, "MsgHashValues"),
            answers.read_values(body, "TAckContents"),
        )
        if unknown:
            raise Refused("Client", f"{unknown} of the hashes are of nothing given")
        return answers.confirm_response()

    def _tack(self, reference: str, content: bytes, result: str) -> TackMade:
        refusal = {} if result == SUCCESS else _REFUSAL
        return TackMade(
            reference=reference,
            result=result,
            proof=proof_of(content, result),
            own_reference=self._reference(),
            **refusal,
        )

    def _box(self, mailbox: str) -> Box:
        return self._boxes.setdefault(mailbox, Box())

    def _reference(self) -> str:
        return f"{self._rng.getrandbits(64):020}"


_REFUSAL: Final = {
    "minor": "urn:nip:tack:result:minor:simulated",
    "message": "refused (simulated)",
}


def _envelope(action: str, body: Element, relates_to: str, identifier: str) -> Element:
    document = envelope(f"{action}Response", body, message_id=f"urn:uuid:{identifier}")
    if relates_to:
        answers.relate(document, relates_to)
    return document

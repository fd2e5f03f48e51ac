"""What one mailbox gave and is not confirmed yet, and when it may be asked again.

A `get` gives whole messages, and gives them again until they are confirmed; so
what lies here is a copy, and losing it loses nothing.  MyCareNet limits how often
it may be asked, so one `get` serves the listing, the fetching and the asking for
an unknown outcome alike.
"""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

from protocols.channels.interface import Arrival, RemoteFile
from protocols.mycarenet.genasync_blob import BadBlob, Blob, digest_of
from protocols.mycarenet.genasync_messages import Mail, Message, Tack
from protocols.mycarenet.mark import fits
from protocols.mycarenet.tack import write as write_refusal

REFUSAL: Final = "TACK"
_REMEMBERED: Final = 10_000  # of what is only remembered, the newest
_HASH_SHOWN: Final = 16
_ODD: Final = re.compile(r"[^0-9A-Za-z]+")
_FEWER: Final = 4


@frozen(kw_only=True)
class Held:
    """A message or a refusal in hand: its file, its bytes, and what confirms it."""

    file: RemoteFile
    blob: Blob
    reference: str
    digests: tuple[bytes, ...] = ()
    proofs: tuple[bytes, ...] = ()
    is_sound: bool = True  # whether its content is what its hash says


class Mailbox:
    """The copies in hand, by name.  Thread-safe."""

    def __init__(self, *, max_content: int) -> None:
        self._max_content = max_content
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}
        self._tacks: OrderedDict[tuple[str, bytes], Tack] = OrderedDict()
        self._posted: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._gone: OrderedDict[str, int] = OrderedDict()
        self._confirmed = 0

    @property
    def moment(self) -> int:
        """Where the confirming stands: to be taken before a `get` is made."""
        with self._lock:
            return self._confirmed

    def take(self, mail: Mail, *, asked_at: int) -> None:
        """Hold what a `get` gave that was made at a `moment`, besides what was here.

        A message that was not what it said is forgotten: it is given again.
        """
        held = [self._message(each) for each in mail.messages]
        held += [_refusal(each) for each in mail.tacks if not each.is_success]
        with self._lock:
            self._held = {key: one for key, one in self._held.items() if one.is_sound}
            self._tacks.update({_key(each): each for each in mail.tacks})
            _trim(self._tacks)
            for each in held:
                # One confirmed while this `get` was under way is not there any more.
                if self._gone.get(each.file.name, 0) <= asked_at:
                    self._held[each.file.name] = each

    def files(self) -> Sequence[RemoteFile]:
        """List what is in hand, by name."""
        with self._lock:
            return sorted(each.file for each in self._held.values())

    def find(self, name: str) -> Held | None:
        """Return what is in hand under a name."""
        with self._lock:
            return self._held.get(name)

    def is_gone(self, name: str) -> bool:
        """Say whether this was confirmed a while ago."""
        with self._lock:
            return name in self._gone

    def posted(self, name: str, size: int) -> None:
        """Note that a file's post was answered with a good TAck."""
        with self._lock:
            self._posted[name, size] = None
            _trim(self._posted)

    def was_posted(self, name: str, size: int) -> bool:
        """Say whether a file is known to have been taken."""
        with self._lock:
            return (name, size) in self._posted

    def arrival(self, reference: str, mark: str = "") -> Arrival:
        """Say what the mailbox shows of a sending; a message about it proves it came.

        With the `mark` of its content, TAcks about another one are not looked at; and
        a message may answer that one, if there is a yes to it.
        """
        with self._lock:
            tacks = self._about(reference)
            is_answered = any(
                each.reference == reference and each.digests
                for each in self._held.values()
            )
        ours = [
            each for each in tacks if fits(mark, each.proof, is_success=each.is_success)
        ]
        of_others = any(each.is_success for each in tacks if each not in ours)
        if any(each.is_success for each in ours) or (is_answered and not of_others):
            return Arrival.ARRIVED
        is_absent = any(each.is_failure for each in ours)
        return Arrival.ABSENT if is_absent else Arrival.UNCLEAR

    def proofs(self, held: Held) -> Sequence[bytes]:
        """Return what confirms TAcks with a message: those of the sending it answers."""
        with self._lock:
            tacks = self._about(held.reference)
        return held.proofs or [each.proof for each in tacks]

    def drop(self, held: Held) -> None:
        """Forget what is confirmed, and that TAck with it."""
        with self._lock:
            self._held.pop(held.file.name, None)
            for each in self._about(held.reference):
                if not held.proofs or each.proof in held.proofs:
                    self._tacks.pop(_key(each), None)
            self._confirmed += 1
            self._gone[held.file.name] = self._confirmed
            _trim(self._gone)

    def _about(self, reference: str) -> list[Tack]:
        return [each for each in self._tacks.values() if each.reference == reference]

    def _message(self, message: Message) -> Held:
        """Hold a message; one that is not what it says is listed, and cannot be had."""
        blob, size, seen, is_sound = message.blob, 0, hashlib.sha256(), False
        with suppress(BadBlob):
            for part in blob.parts(self._max_content):
                size += len(part)
                seen.update(part)
            is_sound = True
        digest = blob.digest or seen.digest()
        parts = (
            _plain(blob.message_name) or "MESSAGE",
            message.union or "000",
            _plain(message.input_reference) or "0",
            digest.hex()[:_HASH_SHOWN],
        )
        return Held(
            file=RemoteFile("-".join(parts) + ".txt", size, 0.0),
            blob=blob,
            reference=message.input_reference,
            digests=(digest,),
            is_sound=is_sound,
        )


class Turns:
    """When a `get` may be made, and for how much it asks.  Thread-safe.

    Pauses are counted on a clock that never jumps; `now` only tells people when.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], float],
        interval: float,
        wait: float,
        most: int,
    ) -> None:
        self._monotonic = monotonic
        self._now = now
        self._interval = interval
        self._wait = wait
        self._most = most
        self._lock = threading.Lock()
        self._not_before = -math.inf
        self._refused = False
        self._size = most

    @property
    def size(self) -> int:
        """How many messages are asked for in one go."""
        with self._lock:
            return self._size

    @property
    def is_over(self) -> bool:
        """Say whether the mailbox may be asked now."""
        with self._lock:
            return self._monotonic() >= self._not_before

    @property
    def was_refused(self) -> bool:
        """Say whether the pause under way was laid upon us by MyCareNet."""
        with self._lock:
            return self._refused and self._monotonic() < self._not_before

    @property
    def when(self) -> str:
        """Say for people when the mailbox may be asked again."""
        with self._lock:
            left = max(0.0, self._not_before - self._monotonic())
        moment = datetime.fromtimestamp(self._now() + left, UTC)
        return f"at {moment:%H:%M:%S} UTC, in {left:.0f} s"

    def made(self, messages: int) -> None:
        """Note a `get` that was answered with so many messages."""
        with self._lock:
            self._pause(self._interval, refused=False)
            if messages >= self._size:
                self._size = min(self._most, self._size * _FEWER)

    def refused(self) -> None:
        """Note that MyCareNet wants a pause."""
        with self._lock:
            self._pause(self._wait, refused=True)

    def too_much(self) -> None:
        """Note that an answer did not come in time, or was too long: ask for less."""
        with self._lock:
            self._pause(self._interval, refused=False)
            self._size = max(1, self._size // _FEWER)

    def _pause(self, seconds: float, *, refused: bool) -> None:
        self._not_before = self._monotonic() + seconds
        self._refused = refused


def _key(tack: Tack) -> tuple[str, bytes]:
    return tack.reference, tack.proof


def _trim(remembered: OrderedDict[Any, Any]) -> None:
    while len(remembered) > _REMEMBERED:
        remembered.popitem(last=False)


def _refusal(tack: Tack) -> Held:
    """Hold a later no to a sending, as a file that a person can read."""
    content = write_refusal(
        result=tack.result,
        reference=tack.reference,
        minor=tack.minor,
        words=tack.message,
        issuer=tack.issuer,
    )
    name = f"{REFUSAL}-000-{_plain(tack.reference) or '0'}-{tack.proof.hex()[:16]}.txt"
    blob = Blob(
        message_name=REFUSAL,
        encoding="none",
        packed=content,
        digest=digest_of(content),
    )
    return Held(
        file=RemoteFile(name, len(content), 0.0),
        blob=blob,
        reference=tack.reference,
        proofs=(tack.proof,),
    )


def _plain(words: str) -> str:
    """Write a foreign name so that it may stand in a file's name."""
    return _ODD.sub("", words)[:32]

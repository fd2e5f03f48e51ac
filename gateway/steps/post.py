"""Sends what the outbox holds: at least once, and known as one where it went twice.

A message is taken with a lease, sent outside of any transaction, and then noted.  A
node that dies in between leaves the lease to end; the message goes again under the
same Message-ID.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.logger import Logger

from config.notification_records import Notifications, Recipient
from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import anomalies, notices
from gateway.notifications.choosing import FAILED
from gateway.notifications.content import Content
from gateway.notifications.errors import NotTaken
from routing import retry
from routing.notice import POLICY, NoticeEvent

if TYPE_CHECKING:
    from gateway.notifications.letter import Letter

_NOBODY: Final = "none"
_LARGEST: Final = 0xFFFF


class NoticeObserver(Protocol):
    """Counts messages."""

    def notice(self, channel: str, outcome: str) -> None:
        """Note a try: `sent`, `retry` or `failed`; the channel may be `none`."""
        ...


class Carrier(Protocol):
    """Hands letters over, such as a `Postman`."""

    def deliver(
        self, rules: Notifications, recipient: Recipient, letter: Letter, /
    ) -> None:
        """Hand one letter over, or raise `NotTaken`."""
        ...


class Post:
    """Sends messages that wait."""

    name = "post"
    _log = Logger()

    def __init__(
        self,
        *,
        database: Database,
        rules: Callable[[], Notifications],
        postman: Carrier,
        console: str,
        now: Now,
        entropy: Entropy,
        worker: str,
        lease: float,
        observe: NoticeObserver,
    ) -> None:
        self._database = database
        self._rules = rules
        self._postman = postman
        self._console = console
        self._now = now
        self._entropy = entropy
        self._worker = worker
        self._lease = lease
        self._observe = observe

    def run_once(self) -> bool:
        """Send one message; False if none waits."""
        if not self._database.read(notices.any_due, self._now()):
            return False
        taken = self._database.write("post.take", self._take)
        if not taken:
            return False
        (row,) = taken
        rules = self._rules()
        recipient = rules.recipients.get(row.recipient)
        channel = _NOBODY if recipient is None else recipient.channel.value
        try:
            self._deliver(rules, recipient, row)
        except NotTaken as error:
            outcome = self._database.write(
                "post.not-taken", self._not_taken, row, error
            )
        else:
            outcome = self._database.write("post.sent", self._sent, row)
        self._observe.notice(channel, outcome)
        return True

    def _take(self, tx: Tx) -> list[Any]:
        return notices.take(tx, worker=self._worker, lease=self._lease)

    def _deliver(
        self, rules: Notifications, recipient: Recipient | None, row: Any
    ) -> None:
        if recipient is None:
            raise NotTaken(
                "recipient-gone", "the recipient is in notifications no more"
            )
        try:
            self._postman.deliver(rules, recipient, self._letter(recipient, row))
        except NotTaken:
            raise
        except Exception as error:  # a fault of ours, or of a library: told, not lost
            self._log.failure("message {notice} cannot be sent", notice=row.id)
            words = f"it cannot be sent ({type(error).__name__}); the log says why"
            raise NotTaken("broken", words) from error

    def _letter(self, recipient: Recipient, row: Any) -> Letter:
        content = Content.from_json(row.content)
        # with the templates and languages, which a start does not wait for
        from gateway.notifications.letter import letter  # noqa: PLC0415

        return letter(row.id, row.rule, recipient, content, self._console)

    def _sent(self, tx: Tx, row: Any) -> str:
        notices.move(tx, row, NoticeEvent.SEND, cause="", cause_words="")
        anomalies.settle(
            tx, kind=FAILED, subject=row.recipient, reason="a message was taken again"
        )
        return "sent"

    def _not_taken(self, tx: Tx, row: Any, error: NotTaken) -> str:
        decision = retry.decide(
            POLICY,
            attempt=row.attempts + 1,
            retryable=error.again,
            first_at=row.tried_since,
            now=tx.now,
            jitter=self._jitter,
        )
        why: dict[str, Any] = {"cause": error.cause, "cause_words": str(error)}
        if decision.at is not None:
            notices.move(tx, row, NoticeEvent.RETRY, not_before=decision.at, **why)
            return "retry"
        notices.move(tx, row, NoticeEvent.GIVE_UP, **why)
        anomalies.raise_(
            tx,
            self._entropy,
            kind=FAILED,
            severity=anomalies.ERROR,
            subject=row.recipient,
            words=f"messages to {row.recipient} are given up: {error}; to see them: "
            "octway notify outbox --failed",
            items={row.id: 0},
        )
        return "failed"

    def _jitter(self) -> float:
        return int.from_bytes(self._entropy(2)) / _LARGEST

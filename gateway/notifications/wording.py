"""The words of messages in a recipient's language; the catalogues are the console's."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from config.notification_records import Recipient
from gateway.console.languages import language
from gateway.journal.anomalies import KINDS
from gateway.journal.client_standing import (
    ANSWERS_LATE,
    DEPOSITS_REFUSED,
    LOTS_HELD,
    LOTS_REFUSED,
    RETURNS_WAITING,
)
from gateway.notifications.content import ClientLine, Line, Status
from gateway.steps.route import CAUSES
from gateway.telling.advice import OF_CAUSE, OF_KIND

COUNTED: Final = {
    Status.NEW: ("{n} new anomaly", "{n} new anomalies"),
    Status.AGAIN: ("{n} still open", "{n} still open"),
    Status.OPEN: ("{n} open before", "{n} open before"),
    Status.RESOLVED: ("{n} resolved", "{n} resolved"),
}
"""How many lines there are of each status, for one and for many."""

TITLES: Final = {
    Status.NEW: "New",
    Status.AGAIN: "Still open, and nobody works at it",
    Status.OPEN: "Open, told before",
    Status.RESOLVED: "Resolved",
}
"""What lines of each status stand under."""

TOPICS: Final = {
    DEPOSITS_REFUSED: (
        "{n} deposit could not be read and was refused",
        "{n} deposits could not be read and were refused",
    ),
    LOTS_REFUSED: (
        "{n} lot was refused: its payer would not take what it holds",
        "{n} lots were refused: their payer would not take what they hold",
    ),
    LOTS_HELD: ("{n} lot is held", "{n} lots are held"),
    ANSWERS_LATE: (
        "{n} lot waits for an answer that is late",
        "{n} lots wait for answers that are late",
    ),
    RETURNS_WAITING: (
        "{n} return was not fetched for {days} days or more",
        "{n} returns were not fetched for {days} days or more",
    ),
}
"""What a client is told of, for one and for many."""

TOPIC_ADVICE: Final = {
    DEPOSITS_REFUSED: "read the report beside the receipt, mend the file and send it again",
    LOTS_REFUSED: "the report names record and position; send a corrected lot",
    LOTS_HELD: "the cause says whose turn it is; the report of the deposit has each lot",
    ANSWERS_LATE: "nothing: the payer is being chased",
    RETURNS_WAITING: "let the software fetch and acknowledge what lies ready for it",
}
"""What a client does about it."""


class Words:
    """The words of one recipient, and how it writes numbers and moments."""

    def __init__(self, recipient: Recipient) -> None:
        self._language = language(recipient.language)
        self._zone = ZoneInfo(recipient.time_zone)

    def say(self, words: str, **values: object) -> str:
        """Say words with values put in."""
        said = self._language.say(words)
        return said.format(**values) if values else said

    def many(self, words: tuple[str, str], n: int, **values: object) -> str:
        """Say words for so many."""
        said = self._language.translations.ngettext(*words, n)
        return said.format(n=self._language.number(n), **values)

    def span(self, seconds: float) -> str:
        """Say how long something lasts."""
        return self._language.span(seconds)

    def moment(self, at: float) -> str:
        """Say when, in the recipient's zone, which is named."""
        return f"{self._language.moment(at, self._zone)} ({self._zone.key})"

    def meaning(self, line: Line | ClientLine) -> str:
        """Say what a kind or a cause means."""
        kind = line.kind if isinstance(line, Line) else ""
        return self.say(CAUSES.get(line.cause) or KINDS.get(kind, ""))

    def advice(self, line: Line) -> str:
        """Say what would mend it."""
        advice = OF_CAUSE.get(line.cause) or OF_KIND.get(line.kind)
        return self.say(advice.command) if advice is not None else ""

"""The payer directory as records: what its files say, checked, and nothing more.

They are plain data of the lowest layer; what a code means today, when a window
opens and when an answer is due is worked out in `routing`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from attrs import field, frozen

from config.attestation_records import AttestationSyntax


class Within(NamedTuple):
    """A delay: so many working days of the payer, or so many seconds, not both."""

    working_days: int
    seconds: float

    def __str__(self) -> str:
        if self.seconds:
            units = ((3600, "h"), (60, "m"))
            each, unit = next((u for u in units if self.seconds % u[0] == 0), (1, "s"))
            return f"{self.seconds / each:g}{unit}"
        return f"{self.working_days} working day{'s' * (self.working_days != 1)}"


class Deadline(NamedTuple):
    """A time of day (minutes), so many days after; working days, or any.

    What is sent at or after `cut_off` (minutes; None: the calendar's) counts from
    the next day.
    """

    minute: int
    days: int
    working: bool
    cut_off: int | None

    def __str__(self) -> str:
        time = f"{self.minute // 60:02}:{self.minute % 60:02}"
        if self.days == 0:
            return f"{time} same day"
        kind = "working day" if self.working else "day"
        if self.days == 1:
            return f"{time} next {kind}"
        return f"{time} after {self.days} {kind}s"


class Window(NamedTuple):
    """Weekdays (Monday is 0) and minutes of the day, in the payer's time zone.

    A window that closes at or before its opening closes on the next day.
    """

    days: tuple[int, ...]
    opens: int
    closes: int


class Closed(NamedTuple):
    """Days on which the payer does nothing, both ends included."""

    first: date
    last: date
    why: str


class Outage(NamedTuple):
    """A time in which the payer answers nothing, as it has announced.

    Both are times of the payer's clock, without a zone; `last` is not part of it.
    """

    first: datetime
    last: datetime
    why: str


@frozen(kw_only=True)
class CalendarEntry:
    """Which days a payer works.

    `country` and `subdivision` (ISO 3166) choose the public holidays, none if
    empty; `opened` are days worked all the same and win over everything.
    What comes in after `cut_off` (minutes of the day) counts from the next
    working day.  What would be due in one of `outages` is due at its end.
    """

    country: str = ""
    subdivision: str = ""
    weekend: tuple[int, ...] = (5, 6)
    closed: tuple[Closed, ...] = ()
    opened: tuple[date, ...] = ()
    cut_off: int | None = None
    outages: tuple[Outage, ...] = ()


class CodeEntry(NamedTuple):
    """A code that the payer answers to, between two days that are included.

    After `valid_until`, `successor` names the code (same network) that took over.
    """

    code: str
    valid_from: date | None
    valid_until: date | None
    successor: str | None

    def covers(self, day: date) -> bool:
        """Say whether the code is valid on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


class Gather(NamedTuple):
    """How lots share a dispatch: limits, and how long (seconds) a lot may wait."""

    max_lots: int
    max_claims: int
    max_size: int
    wait: float


class Retry(NamedTuple):
    """How a failed attempt is tried again; seconds, and a factor from 1."""

    first: float
    factor: float
    max: float
    give_up_after: float


@frozen(kw_only=True)
class Delivery:
    """When and how files are handed to a payer.

    No window means always.  `resend_same_number` says that the payer takes a
    file twice under the same number without harm.
    """

    windows: tuple[Window, ...]
    concurrency: int
    retry: Retry
    resend_same_number: bool


class Expects(NamedTuple):
    """An answer that each dispatch, lot or claim (`level`) owes.

    `flow` is empty where it holds for all.  It is late after `within`, and
    missing after `grace` more.
    """

    kind: str
    level: str
    flow: str
    within: Within | Deadline
    grace: Within


REMEDIES = (
    "look-again",
    "match-again",
    "follow-merger",
    "ask-status",
    "ask-enrolment",
    "resend",
    "ask-return",
    "complain",
    "person",
)
"""Every remedy that a playbook may name; `routing.remedy` says what each needs."""


class RemedyEntry(NamedTuple):
    """One line of a playbook: tried at most so often for a lot, and the wait after.

    `wait` is how long its effect is awaited before the next remedy.
    """

    do: str
    most: int
    wait: Within


@frozen(kw_only=True)
class Playbook:
    """What may be done about a payer's missing answers, in order.

    Above `approve_above` cents a second person must agree to what leaves the
    house; None: never.  `patience` is how long a payer that has a lot, and says
    that it has not decided, is left alone.
    """

    remedies: tuple[RemedyEntry, ...]
    approve_above: int | None = None
    patience: Within = field(factory=lambda: Within(4, 0.0))


@frozen(kw_only=True)
class DeskEntry:
    """What a payer's service desk answers: some of `DESK_ANSWERS`; none if empty."""

    answers: tuple[str, ...] = ()


DESK_ANSWERS = ("status", "return", "enrolment", "complaint")


@frozen(kw_only=True)
class PayerEntry:
    """One payer.  `rules` belong to the network; `endpoint` may be none yet.

    `professions` are those that it takes claims of, all if empty.  `keep` is how
    long (seconds) its files are kept, where longer than the house does.
    """

    id: str
    name: str
    network: str
    country: str
    time_zone: str
    codes: tuple[CodeEntry, ...]
    endpoint: str | None
    flows: tuple[str, ...]
    enrolment: bool
    rules: Mapping[str, object]
    gather: Gather
    delivery: Delivery
    expects: tuple[Expects, ...]
    calendar: CalendarEntry
    desk: DeskEntry = DeskEntry()
    playbook: Playbook = Playbook(remedies=())
    keep: float = 0.0
    professions: tuple[str, ...] = ()


@frozen(kw_only=True)
class EndpointEntry:
    """How bytes reach a payer; `settings` are the channel's own, never shown."""

    id: str
    channel: str
    simulated: bool
    settings: Mapping[str, object] = field(repr=False)


Rows = tuple[Mapping[str, str], ...]


@frozen(kw_only=True)
class DirectoryData:
    """A whole directory.  `tables` are rows by network and table name.

    `attestations` say how the text on a complementary card's attestation is built.
    `sources` is what the files said, by their names, as plain values; `kinds` are
    the answers that payers of each network give, with what each speaks of, in the
    order in which they come.
    """

    payers: tuple[PayerEntry, ...]
    endpoints: tuple[EndpointEntry, ...]
    tables: Mapping[str, Mapping[str, Rows]]
    sources: Mapping[str, Any] = field(repr=False)
    kinds: Mapping[str, Sequence[tuple[str, str, bool]]] = field(factory=dict)
    attestations: tuple[AttestationSyntax, ...] = ()

    @property
    def version(self) -> str:
        """Return the SHA-256 of what the files say; comments do not count."""
        return sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return a text from which `directory_files.from_json` makes the same data."""
        return json.dumps(
            self.sources, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )

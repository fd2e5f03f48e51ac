"""What is known of a deposit, a lot, a claim or an answer: the neutral shape.

Every network's reader yields these and nothing else, so the gateway handles a
French invoice and a Belgian one alike.  Amounts are whole cents.  Dates are
ISO texts (`2026-11-02`) or empty.  Identifiers are opaque texts: the raw form
is in the stored payload at `offset`, the `match_key` is the form normalised by
the network's rule, and only the latter is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from attrs import field, frozen

from routing.commitment import CommitmentSeen
from routing.payment import PaymentSeen


class Severity(StrEnum):
    """How bad a problem is: an error would make a payer refuse the lot."""

    ERROR = "error"
    WARNING = "warning"


class Problem(NamedTuple):
    """One thing wrong in a file, with its place.

    `record` counts from 1 as the format counts records, `position` from 1
    inside the record; both are None where the whole file or lot is meant.
    `code` is stable; `message` says what was found, what was expected and what
    to do, and never holds a patient's identifier.
    """

    record: int | None
    position: int | None
    field: str | None
    severity: Severity
    code: str
    message: str


class Share(StrEnum):
    """Which payer's part of its claims a lot asks for.

    An invoice may be owed by two payers: `MAIN` is the part of the first one alone,
    once the other was split off, `OTHER` that of the second.  `WHOLE` is as it came.
    """

    WHOLE = ""
    MAIN = "main"
    OTHER = "other"


class ClaimSeen(NamedTuple):
    """One claim as a reader found it.

    A plain tuple, because a large deposit holds hundreds of thousands.
    `offset` and `length` are bytes of the payload; `record` is its first record.
    `asked` is what all payers are asked to pay, `asked_main` the share of the
    payer addressed (the AMO in France), `asked_other` the rest.
    """

    number: str
    match_key: str
    date: str
    patient: str
    billed: int
    asked: int
    asked_main: int
    asked_other: int
    record: int
    offset: int
    length: int


@frozen(kw_only=True)
class LotSeen:
    """One lot as a reader found it, whole: the smallest unit a payer answers.

    `position` counts from 1 in the deposit.  `destination` holds the network's
    own routing fields (in `sesam`: regime, organism, centre); lots that differ
    in its `batch` never share a dispatch.  `series` names the register of payers in
    which the lot's number may stand once only; empty: there is none.  A lot with a
    problem of severity error in `problems` must not be sent.
    """

    position: int
    number: str
    match_key: str
    date: str
    sender: str
    flow: str
    destination: Mapping[str, str]
    record: int
    offset: int
    length: int
    claims: tuple[ClaimSeen, ...]
    problems: tuple[Problem, ...] = ()
    series: str = ""
    share: Share = Share.WHOLE
    part: int = 0
    seqs: tuple[int, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether a payer would take it, as far as the checks can tell."""
        return all(problem.severity is not Severity.ERROR for problem in self.problems)


@frozen(kw_only=True)
class Summary:
    """What a reader can say once it has read a whole file.

    `problems` is capped by the reader; `errors` and `warnings` are not, and
    count those of the lots as well.  `totals` are cents by name.
    """

    format: str
    records: int
    lots: int
    claims: int
    errors: int
    warnings: int
    keys: Mapping[str, str] = field(factory=dict)
    totals: Mapping[str, int] = field(factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether nothing was found that would make a payer refuse it."""
        return self.errors == 0


class Level(StrEnum):
    """What an answer speaks of."""

    DISPATCH = "dispatch"
    LOT = "lot"
    CLAIM = "claim"


class Outcome(StrEnum):
    """What a payer says of a dispatch, lot or claim."""

    ACKNOWLEDGED = "acknowledged"  # received and well formed, no word on money
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DEFERRED = "deferred"  # a further answer will come
    PAID = "paid"
    PARTLY_PAID = "partly-paid"
    INFORMATION = "information"  # changes no account: one-off payments, debts


class Remark(NamedTuple):
    """A code that the payer gave with an answer, and its label.

    `more` is what it adds on this claim alone: told with the claim to its client, and
    never where a code stands for many.
    """

    code: str
    label: str
    more: str = ""


class Traits(NamedTuple):
    """By what else than its keys a claim may be known; empty where not told.

    `number`, `lot` and `lot_date` are the claim's and its lot's as the payer names
    them, `date` is the day of the invoice or care.  `patients` are the texts that
    the claim's `patient` may be: they are hashed to be compared, and never
    stored, logged or told.  `lot_key` is the lot's own key, where payers give it back
    unchanged: a claim of another lot is then for a person to choose, never sure.
    """

    number: str = ""
    lot: str = ""
    lot_date: str = ""
    date: str = ""
    patients: tuple[str, ...] = ()
    lot_key: str = ""


NO_TRAITS: Final = Traits()


@frozen(kw_only=True)
class AnswerSeen:
    """What one return says about one dispatch, lot or claim.

    `match_keys` are tried in order, strongest first, against the `match_key`
    of claims or lots (or the file number of dispatches); a lot may be named by the
    beginning of its key up to a `/`.  `sender` is the
    professional whom the return names; `first` and `last` number the entities
    (from 1) that belong to the answer, for splitting a mixed return.  `traits`
    serve only where no key finds anything.  `commitment` is what the payer promises
    with it, where it does, `payments` the transfers that it announces.  `once`: the
    payer settles each claim once, and does not add to what it paid before.
    """

    level: Level
    match_keys: tuple[str, ...]
    sender: str
    outcome: Outcome
    asked: int = 0
    paid: int = 0
    remarks: tuple[Remark, ...] = ()
    first: int = 0
    last: int = 0
    facts: Mapping[str, str] = field(factory=dict)
    traits: Traits = NO_TRAITS
    commitment: CommitmentSeen | None = None
    payments: tuple[PaymentSeen, ...] = ()
    once: bool = False


class AnswerKind(NamedTuple):
    """A kind of answer that a network's payers give, and what each speaks of.

    `by_bank`: it is money, which no message of the payer tells of; a statement of the
    bank does.
    """

    kind: str
    level: Level
    by_bank: bool = False

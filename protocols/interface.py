"""What a network must offer.  Nothing else of it is used.

A network is one folder: formats, rules and a payer simulator.  It knows no
SQL, no clock and no metrics; it is given streams and gives neutral records.
"""

from __future__ import annotations

from collections.abc import (
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import date
from random import Random
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from protocols.labels import Labels
from protocols.payer_finder import PayerFinder
from protocols.sending import Addressee, Composed, Destined, Emitter, LotPart
from protocols.shown import RecordShown
from protocols.tables import NO_TABLES, Importer, Tables
from routing.card import Card, CardFound, CardRow
from routing.envelope import (
    AnswerKind,
    AnswerSeen,
    LotSeen,
    Severity,
    Share,
    Summary,
)
from routing.number_use import NumberRuling, NumberUse
from routing.sequence import FileNumber

if TYPE_CHECKING:
    from protocols.attachments import Attachments
    from protocols.simulation import Simulation


class Reading(Protocol):
    """A billing file being read, once, from its beginning to its end."""

    format: str

    def lots(self) -> Iterator[LotSeen]:
        """Yield each lot as soon as it is whole; bad ones too, with their problems."""
        ...

    def summary(self) -> Summary:
        """Say what the whole file was; only after `lots` is exhausted."""
        ...


class ReturnReading(Protocol):
    """A payer's return being read, once, from its beginning to its end."""

    format: str
    kind: str  # what the payer calls such a return: "arl", "payment", …

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield each answer in the order of the file."""
        ...

    def summary(self) -> Summary:
        """Say what the whole file was; only after `answers` is exhausted."""
        ...


class SplitReturn(NamedTuple):
    """One client's own part of a mixed return, in the same format."""

    owner: str
    content: bytes


class FileProblem(NamedTuple):
    """A problem that the network's checks of billing files may name by its code."""

    code: str
    severity: Severity
    words: str


class Network(Protocol):
    """A family of payers that share formats and rules.

    `answer_kinds` are those that a payer may owe, in the order in which they come.
    `lot_identity` says in words what tells a lot from every other one of its sender;
    `invoices_unique` says that an invoice number which a sender used before, in any
    lot, is refused as a repeat.  `countries` are those of its payers, whose holidays
    count (ISO 3166); none: any.
    `titles` says of each format what it is, for somebody who has never seen one;
    `file_problems` explains every problem of billing files, by the formats' own name;
    `importers` read the national tables that become the directory's, by their names;
    `table_keys` are the columns that tell one row of such a table from another.
    `payer_finder` finds a payer by what a card tells, where tables can say it.
    `labels` say what the payers' codes mean, where they answer in codes;
    `simulation` is for the demo and the study, where the network brings one;
    `attachments` where its payers take supporting documents with claims.
    """

    name: str
    answer_kinds: Sequence[AnswerKind]
    lot_identity: str
    invoices_unique: bool
    countries: Sequence[str]
    titles: Mapping[str, str]
    file_problems: Mapping[str, Sequence[FileProblem]]
    importers: Mapping[str, Importer]
    table_keys: Mapping[str, Sequence[str]]
    payer_finder: PayerFinder | None
    labels: Labels | None
    attachments: Attachments | None

    @property
    def simulation(self) -> Simulation | None:
        """What simulates the network; None where nothing does."""
        ...

    def recognise(self, head: bytes) -> str | None:
        """Name the format of a file from its first 4096 bytes, or None.

        Names are stable and dotted: `sesam.b2`, `sesam.noemie`.
        """
        ...

    def is_return(self, format: str) -> bool:
        """Say whether files of this format come from payers."""
        ...

    def read(
        self, stream: BinaryIO, format: str, tables: Tables = NO_TABLES
    ) -> Reading:
        """Read a billing file; never raises for what the file holds.

        `tables` are the directory's of this network, for rules that need them.  Without
        a directory no lot is split, and what its payers are asked stays together.
        """
        ...

    def read_return(self, stream: BinaryIO, format: str) -> ReturnReading:
        """Read a payer's return; never raises for what the file holds."""
        ...

    def show(self, stream: BinaryIO, format: str) -> Iterator[RecordShown]:
        """Show every record of a file with its fields named, for people."""
        ...

    def payer_codes(
        self,
        destination: Mapping[str, str],
        tables: Tables,
    ) -> Sequence[str]:
        """Codes of the payer that a lot is meant for, best first; may be empty.

        `tables` are the directory's tables of this network, by name.
        """
        ...

    def destine(self, destination: Mapping[str, str], tables: Tables) -> Destined:
        """Likewise, with every look into a table, and why where there is no code."""
        ...

    def cut(self, lot: BinaryIO, share: Share, chosen: Collection[int]) -> bytes:
        """Return one payer's lot, cut out of one whose invoices have two payers.

        `share` is which; `chosen` number the invoices that were split, from 1.  The
        same arguments give the same bytes.
        """
        ...

    def read_card(self, card: Card, tables: Tables, day: date) -> CardFound | None:
        """Say which payer a card of that day leads to; None: no card of this network.

        `card` is what is known of it, by the names of `config.card_data`.
        """
        ...

    def card_rows(self, tables: Tables) -> Iterable[CardRow]:
        """Yield what cards may say by the tables, for client software to keep."""
        ...

    def file_number(self, summary: Summary) -> FileNumber | None:
        """Return the number that a file's maker gave it; None where it has none.

        Files of one series are numbered by one counter, as far as is known.
        """
        ...

    def number_series(self, sender: str, code: str, year: str) -> str:
        """Name the register of lot numbers of a sender with a payer in a year.

        Empty where payers of the network hold none; as `LotSeen.series` otherwise.
        """
        ...

    def rule_number(self, uses: Sequence[NumberUse]) -> NumberRuling:
        """Say what may be done with a lot's number, given its uses, oldest first."""
        ...

    def normal_sender(self, number: str) -> str:
        """Return a sender's number in the form under which it is compared.

        However it was padded or written, one sender has one such form.
        """
        ...

    def patient_forms(self, number: str, born: str) -> Sequence[str]:
        """List the texts under which claims of a patient may be found.

        `number` is typed by a person, `born` an ISO day or empty: where claims name
        the insured person, a patient is told from the family by the day of birth.
        """
        ...

    def check_rules(self, rules: Mapping[str, object]) -> Iterable[str]:
        """Say what is wrong in a payer's rules: texts for the directory's loader."""
        ...

    def check_code(self, code: str) -> str:
        """Say what is wrong in a payer's code, for the directory's loader; "": nothing."""
        ...

    def check_table(
        self, name: str, rows: Sequence[Mapping[str, str]]
    ) -> Iterable[tuple[int, str, str]]:
        """Say what is wrong in one of the directory's tables of this network.

        For each fault the row's place (from 0), the column and words, for the
        directory's loader.  A table that the network does not know is not judged.
        """
        ...

    def table_of(self, content: bytes) -> str:
        """Name the importer for a national table by its shape; empty: it fits none."""
        ...

    def check_emitter(self, emitter: Emitter) -> Iterable[tuple[str, str]]:
        """Say what is wrong in who we are: `number`, `kind` or `name`, and words."""
        ...

    def sample(
        self,
        code: str,
        rules: Mapping[str, object],
        *,
        rng: Random,
        day: str,
        sender: str,
        lots: int,
        claims: int,
        into: BinaryIO,
        flow: str = "billing",
        invoice: int = 0,
    ) -> int:
        """Write a valid file for a payer in which everything is invented; its size.

        It is made on the ISO `day`, of `lots` lots with so many `claims` each, in the
        name of `sender`, who is invented too if that is empty.  `invoice` is the number
        of the first invoice; 0: invented too.  Raises `ValueError`
        for a sender whose number fits into no file, and for a `flow` of which there
        is no sample.
        """
        ...

    def compose(
        self,
        parts: Sequence[LotPart],
        *,
        addressee: Addressee,
        emitter: Emitter,
        number: int,
        day: str,
        into: BinaryIO,
    ) -> Composed:
        """Write one file for one payer from whole lots.

        `number` is the payer's own file number, `day` the ISO date of making.
        The same arguments give the same bytes.
        """
        ...

    def split_return(
        self, content: BinaryIO, format: str, owners: Mapping[int, str]
    ) -> Sequence[SplitReturn]:
        """Cut a mixed return per owner, in the same format, totals made anew.

        `owners` maps the index of an answer (from 0, as `answers` yields them)
        to its owner; an answer without an owner goes to nobody.
        """
        ...

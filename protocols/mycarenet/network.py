"""The Belgian network: sendings and questions out, settlements and decisions back.

Everything is done by the modules of this folder; here stands only which of
them does what, as `protocols.interface.Network` wants it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from random import Random
from types import MappingProxyType
from typing import BinaryIO

from protocols.attachments import Attachments
from protocols.errors import UnknownFormat
from protocols.interface import (
    FileProblem,
    Network,
    Reading,
    ReturnReading,
    SplitReturn,
)
from protocols.labels import Labels
from protocols.mycarenet import (
    care_checks,
    care_message,
    care_reader,
    care_returns,
    care_show,
    contacts,
    file_problems,
    keys,
    mutualities,
    reader,
    returns,
    routing,
    rules,
    sample_maker,
    sample_questions,
    show,
    table_checks,
    titles,
    writer,
)
from protocols.mycarenet.examine import begins_like
from protocols.mycarenet.examine_header import BILLING
from protocols.mycarenet.labels import LABELS
from protocols.mycarenet.tables import SHIPPED
from protocols.mycarenet.tables import Tables as Known
from protocols.payer_finder import PayerFinder
from protocols.sending import Addressee, Composed, Destined, Emitter, LotPart
from protocols.shown import RecordShown
from protocols.simulation import Simulation
from protocols.tables import NO_TABLES, Importer, Tables
from routing.card import Card, CardFound, CardRow
from routing.envelope import AnswerKind, Level, Share, Summary
from routing.number_use import NumberRuling, NumberUse
from routing.sequence import FileNumber


class MyCareNet:
    """Formats and rules of the Belgian unions of mutualities."""

    name = "mycarenet"
    answer_kinds: Sequence[AnswerKind] = (
        AnswerKind(rules.RECEIPT, Level.LOT),
        AnswerKind(rules.VERDICT, Level.LOT),
        AnswerKind(rules.SETTLEMENT, Level.CLAIM),
        AnswerKind(rules.PAYMENT, Level.LOT, by_bank=True),
        AnswerKind(care_returns.REPLY, Level.LOT),
        AnswerKind(care_returns.KIND, Level.CLAIM),
    )
    lot_identity = "reference (zone 204)"
    invoices_unique = False
    countries: Sequence[str] = ("BE",)
    titles: Mapping[str, str] = MappingProxyType(titles.TITLES)
    file_problems: Mapping[str, Sequence[FileProblem]] = MappingProxyType(
        {
            "eFact 920000": file_problems.listed(),
            "Questions and notices about one patient": care_checks.listed(),
        }
    )
    importers: Mapping[str, Importer] = MappingProxyType({})
    table_keys: Mapping[str, Sequence[str]] = MappingProxyType(
        {
            mutualities.TABLE: ("first", "last", "valid_from"),
            contacts.TABLE: ("third_party", "contact", "valid_from"),
        }
    )
    payer_finder: PayerFinder | None = None
    labels: Labels | None = LABELS
    attachments: Attachments | None = None

    def __init__(self) -> None:
        self._rows: Tables = NO_TABLES
        self._made = SHIPPED

    def _known(self, tables: Tables) -> Known:
        """Make the tables ready for the checks; once for each directory."""
        if tables is not self._rows:
            self._rows, self._made = tables, Known.of(tables)
        return self._made

    @property
    def simulation(self) -> Simulation | None:
        """The network's simulation; imported for whoever asks, a node does not."""
        from protocols.mycarenet.simulation import SIMULATION  # noqa: PLC0415

        return SIMULATION

    def recognise(self, head: bytes) -> str | None:
        """Name a file's format, `mycarenet.` and its message number; None otherwise."""
        if known := returns.recognise_return(head) or care_message.recognise(head):
            return known
        return reader.FORMAT if begins_like(head, BILLING.encode()) else None

    def is_return(self, format: str) -> bool:
        """Say whether files of this format come from payers."""
        return format in returns.RETURN_FORMATS or format in care_returns.FORMATS

    def read(
        self, stream: BinaryIO, format: str, tables: Tables = NO_TABLES
    ) -> Reading:
        """Read sendings or questions; raises `UnknownFormat` for another format."""
        if format in care_reader.FORMATS:
            return care_reader.CareReading(stream, format)
        _expect_billing(format)
        return reader.read(stream, tables=self._known(tables))

    def read_return(self, stream: BinaryIO, format: str) -> ReturnReading:
        """Read a payer's return; raises `UnknownFormat` for another format."""
        if format in care_returns.FORMATS:
            return care_returns.CareReturnReading(stream, format)
        return returns.read_return(stream, format)

    def show(self, stream: BinaryIO, format: str) -> Iterator[RecordShown]:
        """Show every record of a file of this network, for people."""
        if format in care_reader.FORMATS or format in care_returns.FORMATS:
            return care_show.show(stream)
        if self.is_return(format):
            return returns.show_return(stream, format)
        _expect_billing(format)
        return show.show(stream)

    def payer_codes(
        self,
        destination: Mapping[str, str],
        tables: Mapping[str, Sequence[Mapping[str, str]]],
    ) -> Sequence[str]:
        """Codes of the union that a lot is meant for, best first; may be empty."""
        return routing.payer_codes(destination, tables)

    def destine(self, destination: Mapping[str, str], tables: Tables) -> Destined:
        """Likewise; the code stands in the lot itself, or the tables give one."""
        return Destined(codes=self.payer_codes(destination, tables))

    def cut(self, lot: BinaryIO, share: Share, chosen: Collection[int]) -> bytes:
        """Cut nothing: an invoice has one payer here.  Raises `ValueError`."""
        raise ValueError("no invoice of mycarenet has two payers")

    def read_card(self, card: Card, tables: Tables, day: date) -> CardFound | None:
        """Say which union a mutuality's number leads to; None for any other card."""
        return routing.read_card(card, tables, day)

    def card_rows(self, tables: Tables) -> Iterable[CardRow]:
        """Yield each mutuality that the table names alone."""
        return routing.card_rows(tables)

    def file_number(self, summary: Summary) -> FileNumber | None:
        """Return None: a message is told by its sender's reference, not by a counter."""
        return None

    def number_series(self, sender: str, code: str, year: str) -> str:
        """Name the register of a third-party payer's numbers with a union in a year."""
        return rules.series(sender, code, year)

    def rule_number(self, uses: Sequence[NumberUse]) -> NumberRuling:
        """Say what may be done with a sending number, given its uses, oldest first."""
        return rules.rule(uses)

    def patient_forms(self, number: str, born: str) -> Sequence[str]:
        """Return the eleven digits of a national number, however they are written."""
        return (keys.normal_patient("".join(filter(str.isalnum, number))),)

    def normal_sender(self, number: str) -> str:
        """Return a third-party payer's number without separators and leading zeros."""
        return keys.normal_sender(number)

    def check_rules(self, rules: Mapping[str, object]) -> Iterable[str]:
        """Say what is wrong in a union's rules: texts for the directory's loader."""
        return routing.check_rules(rules)

    def check_code(self, code: str) -> str:
        """Say what is wrong in a union's code; empty: nothing."""
        return routing.check_code(code)

    def check_table(
        self, name: str, rows: Sequence[Mapping[str, str]]
    ) -> Iterable[tuple[int, str, str]]:
        """Say what is wrong in one of the directory's tables of this network."""
        return table_checks.check(name, rows)

    def table_of(self, content: bytes) -> str:
        """Name none: there is no national table."""
        return ""

    def check_emitter(self, emitter: Emitter) -> Iterable[tuple[str, str]]:
        """Say what is wrong in who we are: `number`, `kind` or `name`, and words."""
        return routing.check_emitter(emitter)

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
        """Write valid sendings, or questions on insurability; their size."""
        if flow == sample_questions.FLOW:
            return sample_questions.write_questions(
                code, rng=rng, day=day, sender=sender, lots=lots, into=into
            )
        if flow != "billing":
            known = f"billing or {sample_questions.FLOW}"
            raise ValueError(f"there is no sample of {flow!r}; wanted {known}")
        return sample_maker.write_sendings(
            code,
            rng=rng,
            day=day,
            sender=sender,
            lots=lots,
            claims=claims,
            into=into,
            invoice=invoice,
        )

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
        """Write one message for one union, as it came; ValueError for more than one."""
        return writer.compose(parts, addressee=addressee, into=into)

    def split_return(
        self, content: BinaryIO, format: str, owners: Mapping[int, str]
    ) -> Sequence[SplitReturn]:
        """Cut a mixed return per owner, in the same format."""
        if format in care_returns.FORMATS:
            return care_returns.split(content, owners)
        return returns.split_return(content, format, owners)


def _expect_billing(format: str) -> None:
    if format != reader.FORMAT:
        raise UnknownFormat(
            f"{format!r} is no format of the network mycarenet that is sent; "
            f"{reader.FORMAT!r} is the one of billing"
        )


MYCARENET: Network = MyCareNet()
"""The network as its entry point names it."""

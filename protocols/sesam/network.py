"""The French network: B2 files out, NOEMIE, B2-return and ARL back.

Everything is done by the modules of this folder; here stands only which of
them does what, as `protocols.interface.Network` wants it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from random import Random
from types import MappingProxyType
from typing import BinaryIO

from attrs import evolve

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
from protocols.payer_finder import PayerFinder
from protocols.sending import Addressee, Composed, Destined, Emitter, LotPart
from protocols.sesam import (
    amc_importer,
    amc_payers,
    amc_tables,
    arl,
    attachment_arl,
    b2_show,
    cards,
    checks,
    enriched,
    keys,
    national_tables,
    reader,
    returns,
    routing,
    sample_maker,
    writer,
)
from protocols.sesam.amc_finder import AMC_FINDER
from protocols.sesam.attachments import SCOR
from protocols.sesam.imported_payers import import_funds
from protocols.shown import RecordShown
from protocols.simulation import Simulation
from protocols.tables import NO_TABLES, Importer, Tables
from routing.card import Card, CardFound, CardRow
from routing.envelope import AnswerKind, Level, Share, Summary
from routing.number_use import FREE, NumberRuling, NumberUse
from routing.sequence import FileNumber, Numbering

_FILE_NUMBERS = Numbering(1, 999_999)

_B2 = re.compile(
    rb"(?:\xef\xbb\xbf)?[\r\n]*000[A-Z]{2}[0-9]{14}[\x20-\xff]{46}B2", re.DOTALL
)
_LIKE_B2 = re.compile(
    rb"(?:\xef\xbb\xbf)?[\r\n]*(?:000[A-Z]{2}[0-9]{14}"
    rb"|1[0-9]{9}[\x20-\xff]{6}[0-9A-Z]{3}[0-9]{3}[\x20-\xff]{47}B2)"
    # the same beginning in UTF-16 or EBCDIC: the reader says what is wrong
    rb"|(?:\xff\xfe)?0\x000\x000\x00|(?:\xfe\xff)?\x000\x000\x000"
    rb"|\xf0\xf0\xf0[\xc1-\xe9]{2}[\xf0-\xf9]{14}"
)


_SAMPLE_SENDER = "CABINET SPECIMEN"
_SAMPLE_AMC = "999999991"  # of the example tables
_SAMPLES = ("billing", "enriched", "complementary")
_AMC = re.compile(r"[0-9]{1,10}$")


class Sesam:
    """Formats and rules of the French funds."""

    name = "sesam"
    answer_kinds: Sequence[AnswerKind] = (
        AnswerKind("arl", Level.LOT),
        AnswerKind("payment", Level.CLAIM),
    )
    lot_identity = "lot number"
    invoices_unique = True
    countries: Sequence[str] = ()  # some departments have calendars of their own
    titles: Mapping[str, str] = MappingProxyType(
        {
            reader.FORMAT: "a French billing file (B2): invoices that a professional "
            "sends to funds",
            "sesam.noemie": "a French payment return (NOEMIE): what a fund decided and "
            "paid",
            "sesam.b2-return": "a French B2 return: what a complementary insurer "
            "decided and paid",
            arl.SIMULATED_FORMAT: "a French acknowledgement of lots, SIMULATED: which "
            "of them a fund has taken",
            attachment_arl.FORMAT: "a French acknowledgement of supporting documents, "
            "SIMULATED: which of them a fund has taken",
        }
    )
    file_problems: Mapping[str, Sequence[FileProblem]] = MappingProxyType(
        {
            "B2": tuple(
                FileProblem(code, checks.severity_of(code), words)
                for code, words in checks.PROBLEMS.items()
            )
        }
    )
    importers: Mapping[str, Importer] = MappingProxyType(
        {routing.TABLE: import_funds, **amc_importer.IMPORTERS}
    )
    table_keys: Mapping[str, Sequence[str]] = MappingProxyType(
        {routing.TABLE: ("regime", "fund", "centre"), **amc_tables.KEYS}
    )
    payer_finder: PayerFinder | None = AMC_FINDER
    labels: Labels | None = None
    attachments: Attachments | None = SCOR

    @property
    def simulation(self) -> Simulation | None:
        """The network's simulation; imported for whoever asks, a node does not."""
        from protocols.sesam.simulation import SIMULATION  # noqa: PLC0415

        return SIMULATION

    def recognise(self, head: bytes) -> str | None:
        """Name a file's format: `sesam.b2` or a return's; None if it is neither."""
        if _B2.match(head):
            return reader.FORMAT
        known = returns.recognise_return(head)
        if known is None and _LIKE_B2.match(head):
            return reader.FORMAT
        return known

    def is_return(self, format: str) -> bool:
        """Say whether files of this format come from payers."""
        return format in returns.RETURN_FORMATS

    def read(
        self, stream: BinaryIO, format: str, tables: Tables = NO_TABLES
    ) -> Reading:
        """Read a B2 file; raises `UnknownFormat` for another format.

        With the tables of a directory, complementary parts are split off.
        """
        _expect_b2(format)
        return reader.read(stream, tables)

    def read_return(self, stream: BinaryIO, format: str) -> ReturnReading:
        """Read a payer's return; raises `UnknownFormat` for another format."""
        return returns.read_return(stream, format)

    def show(self, stream: BinaryIO, format: str) -> Iterator[RecordShown]:
        """Show every record of a file of this network, for people."""
        if self.is_return(format):
            return returns.show_return(stream, format)
        _expect_b2(format)
        return b2_show.show(stream)

    def payer_codes(
        self,
        destination: Mapping[str, str],
        tables: Mapping[str, Sequence[Mapping[str, str]]],
    ) -> Sequence[str]:
        """Codes of the fund that a lot is meant for, best first; may be empty."""
        return self.destine(destination, tables).codes

    def destine(self, destination: Mapping[str, str], tables: Tables) -> Destined:
        """Likewise, with every look into a table, and why where there is no code."""
        return routing.destine(destination, tables)

    def cut(self, lot: BinaryIO, share: Share, chosen: Collection[int]) -> bytes:
        """Return the fund's lot, or a complementary payer's, of an enriched one."""
        return enriched.cut(enriched.records_of(lot), share, chosen)

    def read_card(self, card: Card, tables: Tables, day: date) -> CardFound | None:
        """Say which payer a French card leads to; None for any other card."""
        return cards.read_card(card, tables, day)

    def card_rows(self, tables: Tables) -> Iterable[CardRow]:
        """Yield regime, fund and centre of each row of the national table of funds."""
        return cards.rows(tables)

    def file_number(self, summary: Summary) -> FileNumber | None:
        """Return a file's own number, by its sender and, of returns, its kind."""
        text = summary.keys.get("file_id", "").strip()
        sender = keys.normal_ps(summary.keys.get("sender_no", ""))
        if not (text.isascii() and text.isdecimal()) or not int(text) or not sender:
            return None  # letters are allowed there, and 0 is nobody's first number
        kind = summary.keys.get("reference", "")
        if summary.format == arl.SIMULATED_FORMAT:
            kind = "arl"
        series = f"{sender}:{kind}" if kind else sender
        return FileNumber(series, int(text), _FILE_NUMBERS)

    def number_series(self, sender: str, code: str, year: str) -> str:
        """Name no register: funds know a lot by its number and date."""
        return ""

    def rule_number(self, uses: Sequence[NumberUse]) -> NumberRuling:
        """Let every lot go; nobody asks."""
        return FREE

    def patient_forms(self, number: str, born: str) -> Sequence[str]:
        """Return the patient's own number, and the insured person's with day and rank."""
        return keys.patient_forms(number, born)

    def normal_sender(self, number: str) -> str:
        """Return a professional's number without blanks and leading zeros."""
        return keys.normal_ps(number)

    def check_rules(self, rules: Mapping[str, object]) -> Iterable[str]:
        """Say what is wrong in a fund's rules: texts for the directory's loader."""
        return routing.check_rules(rules)

    def check_code(self, code: str) -> str:
        """Say what is wrong in a fund's code; empty: nothing."""
        return routing.check_code(code)

    def check_table(
        self, name: str, rows: Sequence[Mapping[str, str]]
    ) -> Iterable[tuple[int, str, str]]:
        """Judge the table of funds and the complementary ones."""
        return national_tables.errors(name, rows)

    def table_of(self, content: bytes) -> str:
        """Name a national table by the number of its columns."""
        return national_tables.table_of(content)

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
        """Write a valid B2 file in which everything is invented; its size.

        The flow `enriched` makes invoices that a concentrator may split, `complementary`
        requests to a complementary payer; `:NUMBER` behind names the AMC.
        """
        kind, _, amc = flow.partition(":")
        if kind not in _SAMPLES or (amc and (kind == "billing" or not _AMC.match(amc))):
            raise ValueError(
                f"there is no sample of {flow!r}; wanted one of {', '.join(_SAMPLES)}, "
                "the last two perhaps with an AMC of at most 10 digits behind: "
                "enriched:999999991"
            )
        alone = kind == "complementary"
        if alone is not amc_payers.is_code(code):
            raise ValueError(
                f"the sample of {kind!r} is not for {code!r}; requests go to a "
                "complementary payer such as OC/990/amc.example, invoices to a fund"
            )
        invented = sample_maker.make_sender(rng)
        number = sender or invented.number
        facts = sample_maker.FileFacts(
            sender=evolve(invented, number=number, name=_SAMPLE_SENDER),
            fund=sample_maker.fund_of(code, rules),
            lots=lots,
            invoices_per_lot=claims,
            day=day,
            file_number=rng.randrange(1, 1_000_000),
            first_lot=rng.randrange(1, 900),
            first_invoice=invoice or rng.randrange(1, 900_000_000),
            amc=None
            if kind == "billing"
            else sample_maker.AmcFacts(number=amc or _SAMPLE_AMC, alone=alone),
        )
        return sample_maker.write_file(rng, facts, into)

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
        """Write one B2 file for one fund from whole lots."""
        return writer.compose(
            parts,
            addressee=addressee,
            emitter=emitter,
            number=number,
            day=day,
            into=into,
        )

    def split_return(
        self, content: BinaryIO, format: str, owners: Mapping[int, str]
    ) -> Sequence[SplitReturn]:
        """Cut a mixed return per owner, in the same format, totals made anew."""
        return returns.split_return(content, format, owners)


def _expect_b2(format: str) -> None:
    if format != reader.FORMAT:
        raise UnknownFormat(
            f"{format!r} is no billing format of the network sesam; "
            f"{reader.FORMAT!r} is the only one"
        )


SESAM: Network = Sesam()
"""The network as its entry point names it."""

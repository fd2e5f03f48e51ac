"""A tiny network of lines of text: everything a network must do, nothing more.

A deposit::

    TOY S1 12                   in the name of sender S1, with a number or without
    LOT 001 P1                  a lot with its number and its payer's code, which may
                                go on with a word: it is bad; or with `ref=A year=2026`: then its
                                number stands in a register of that year
    INV 1 1000                  an invoice with its number and cents
    LOT 002 P2 BAD              a lot that a payer would refuse

A return is `TORETURN <kind> [<number>]` and lines `<level> <key> <outcome> <cents> <sender>`
(`-` is none),
which may go on with `paid=7`, `remark=R1` and traits: `patient=S11 number=1 lot=001`;
`promise=P1/2026-11-02/2026-12-02/S11` is a payer's commitment for a patient.
The patient of an invoice is its sender and number, without `-…`: 1-a and 1-b are one's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from random import Random
from typing import BinaryIO

from protocols.attachments import Attachments
from protocols.interface import FileProblem, SplitReturn
from protocols.labels import Labels
from protocols.payer_finder import PayerFinder
from protocols.sending import Addressee, Composed, Destined, Emitter, LotPart
from protocols.shown import FieldShown, RecordShown
from protocols.simulation import Simulation
from protocols.tables import NO_TABLES, Importer, Tables
from routing.card import Card, CardFound, CardRow
from routing.commitment import CommitmentSeen
from routing.envelope import (
    AnswerKind,
    AnswerSeen,
    ClaimSeen,
    Level,
    LotSeen,
    Outcome,
    Problem,
    Remark,
    Severity,
    Share,
    Summary,
    Traits,
)
from routing.number_use import FREE, NumberRuling, NumberUse
from routing.sequence import FileNumber, Numbering

BILLING, RETURN = "toy.billing", "toy.return"


class Reading:
    """A deposit being read."""

    format = BILLING

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._found: list[LotSeen] = []
        self._keys: Mapping[str, str] = {}

    def lots(self) -> Iterator[LotSeen]:
        head = self._stream.readline()
        sender, *number = head.decode("latin-1").split()[1:]
        self._keys = _numbered(sender, number)
        at, begun = len(head), -1
        lines: list[bytes] = []
        for line in self._stream:
            if line.startswith(b"LOT") and lines:
                yield self._lot(sender, begun, lines)
                lines = []
            if not lines:
                begun = at
            lines.append(line)
            at += len(line)
        if lines:
            yield self._lot(sender, begun, lines)

    def summary(self) -> Summary:
        errors = sum(len(lot.problems) for lot in self._found)
        return Summary(
            format=BILLING,
            records=1 + sum(1 + len(lot.claims) for lot in self._found),
            lots=len(self._found),
            claims=sum(len(lot.claims) for lot in self._found),
            errors=errors,
            warnings=0,
            keys=self._keys,
        )

    def _lot(self, sender: str, offset: int, lines: Sequence[bytes]) -> LotSeen:
        _, number, code, *words = lines[0].decode("latin-1").split()
        bad = [word for word in words if "=" not in word]
        more = dict(word.split("=") for word in words if "=" in word)
        ref = f"/{more['ref']}" if "ref" in more else ""
        claims = []
        at = offset
        for record, line in enumerate(lines[1:], 2):
            at += len(lines[record - 2])
            _, invoice, cents = line.decode("latin-1").split(" ")
            claims.append(
                ClaimSeen(
                    number=invoice,
                    match_key=f"{sender}/{number}{ref}/{invoice}",
                    date="2026-11-02",
                    patient=f"{sender}{invoice.partition('-')[0]}",
                    billed=int(cents),
                    asked=int(cents),
                    asked_main=int(cents),
                    asked_other=0,
                    record=record,
                    offset=at,
                    length=len(line),
                )
            )
        problem = Problem(1, 1, "LOT", Severity.ERROR, "bad", "it says so itself")
        lot = LotSeen(
            position=len(self._found) + 1,
            number=number,
            match_key=f"{sender}/{number}{ref}",
            series=f"{sender}/{code}/{more['year']}" if "year" in more else "",
            date="2026-11-02",
            sender=sender,
            flow="billing",
            destination={"code": code},
            record=1,
            offset=offset,
            length=sum(map(len, lines)),
            claims=tuple(claims),
            problems=(problem,) if bad else (),
        )
        self._found.append(lot)
        return lot


class ReturnReading:
    """A return being read."""

    format = RETURN

    def __init__(self, stream: BinaryIO) -> None:
        self.kind, *number = stream.readline().decode().split()[1:]
        self._keys = _numbered(self.kind, number)
        self._stream = stream

    def answers(self) -> Iterator[AnswerSeen]:
        for line in self._stream:
            level, key, outcome, cents, sender, *words = line.decode().split()
            more = dict(word.split("=") for word in words)
            remarks = more["remark"].split(",") if "remark" in more else ()
            paid = int(cents) if outcome in {"paid", "partly-paid"} else 0
            yield AnswerSeen(
                level=Level(level),
                match_keys=() if key == "-" else (key,),
                sender=sender.strip("-"),
                outcome=Outcome(outcome),
                asked=int(cents),
                paid=int(more.get("paid", paid)),
                remarks=tuple(Remark(code, f"label of {code}") for code in remarks),
                traits=Traits(
                    number=more.get("number", ""),
                    lot=more.get("lot", ""),
                    lot_date=more.get("day", ""),
                    date="2026-11-02" if "patient" in more else "",
                    patients=(more["patient"],) if "patient" in more else (),
                ),
                commitment=_promise(more["promise"]) if "promise" in more else None,
            )

    def summary(self) -> Summary:
        return Summary(
            format=RETURN,
            records=0,
            lots=0,
            claims=0,
            errors=0,
            warnings=0,
            keys=self._keys,
        )


def _promise(told: str) -> CommitmentSeen:
    payer, communicated, until, patient = told.split("/")
    return CommitmentSeen(patient, payer, communicated, until)


def _numbered(series: str, number: Sequence[str]) -> Mapping[str, str]:
    return {"series": series, "number": number[0]} if number else {}


class Toy:
    """The network."""

    name = "toy"
    answer_kinds: Sequence[AnswerKind] = (
        AnswerKind("arl", Level.LOT),
        AnswerKind("payment", Level.CLAIM),
    )
    lot_identity = "number"
    invoices_unique = True
    countries: Sequence[str] = ()
    titles: Mapping[str, str] = {}
    file_problems: Mapping[str, Sequence[FileProblem]] = {}
    importers: Mapping[str, Importer] = {}
    table_keys: Mapping[str, Sequence[str]] = {}
    payer_finder: PayerFinder | None = None
    labels: Labels | None = None
    simulation: Simulation | None = None
    attachments: Attachments | None = None

    def recognise(self, head: bytes) -> str | None:
        if head.startswith(b"TOY "):
            return BILLING
        return RETURN if head.startswith(b"TORETURN ") else None

    def is_return(self, format: str) -> bool:
        return format == RETURN

    def read(
        self, stream: BinaryIO, format: str, tables: Tables = NO_TABLES
    ) -> Reading:
        return Reading(stream)

    def read_return(self, stream: BinaryIO, format: str) -> ReturnReading:
        return ReturnReading(stream)

    def show(self, stream: BinaryIO, format: str) -> Iterator[RecordShown]:
        for number, line in enumerate(stream, 1):
            kind, _, text = line.decode("latin-1").rstrip("\n").partition(" ")
            at, size = len(kind) + 2, len(text)
            patient = kind == "INV"
            shown = FieldShown(at, size, "text", "What it says", text, "", patient)
            yield RecordShown(
                record=number, kind=kind, title="A line", fields=(shown,), level=0
            )

    def payer_codes(
        self,
        destination: Mapping[str, str],
        tables: Mapping[str, Sequence[Mapping[str, str]]],
    ) -> Sequence[str]:
        return (destination["code"],)

    def destine(self, destination: Mapping[str, str], tables: Tables) -> Destined:
        return Destined(codes=self.payer_codes(destination, tables))

    def cut(self, lot: BinaryIO, share: Share, chosen: Collection[int]) -> bytes:
        raise ValueError("no invoice here has two payers")

    def read_card(self, card: Card, tables: Tables, day: date) -> CardFound | None:
        return CardFound(codes=(card["toy"],)) if "toy" in card else None

    def card_rows(self, tables: Tables) -> Iterable[CardRow]:
        return ()

    def file_number(self, summary: Summary) -> FileNumber | None:
        number = summary.keys.get("number")
        if number is None:
            return None
        return FileNumber(summary.keys["series"], int(number), Numbering(1, 999))

    def number_series(self, sender: str, code: str, year: str) -> str:
        return f"{sender}/{code}/{year}"

    def rule_number(self, uses: Sequence[NumberUse]) -> NumberRuling:
        said = {outcome for use in uses for _, outcome in use.said}
        if not uses or said == {Outcome.REJECTED}:
            return FREE
        waits = not said and all(use.lot for use in uses)
        why = "its first use is not decided" if waits else "it was accepted"
        return NumberRuling(
            "waiting" if waits else "used", False, waits, why, "wait" if waits else "no"
        )

    def patient_forms(self, number: str, born: str) -> Sequence[str]:
        return (number,)

    def normal_sender(self, number: str) -> str:
        return number.upper()

    def check_rules(self, rules: Mapping[str, object]) -> Iterable[str]:
        return ()

    def check_code(self, code: str) -> str:
        return ""

    def check_table(
        self, name: str, rows: Sequence[Mapping[str, str]]
    ) -> Iterable[tuple[int, str, str]]:
        return ()

    def table_of(self, content: bytes) -> str:
        return ""

    def check_emitter(self, emitter: Emitter) -> Iterable[tuple[str, str]]:
        return ()

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
        return into.write(f"TOY {sender}\nLOT 001 {code}\nINV 1 100\n".encode())

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
        size = into.write(f"FILE {addressee.code} {number} {day}\n".encode())
        for part in parts:
            size += into.write(f"FROM {part.sender}\n".encode("latin-1"))
            with part.open() as lot:
                size += into.write(lot.read())
        return Composed(
            name=f"{addressee.payer}-{number:06}.toy",
            size=size,
            records=0,
            lots=len(parts),
            claims=sum(part.claims for part in parts),
        )

    def split_return(
        self, content: BinaryIO, format: str, owners: Mapping[int, str]
    ) -> Sequence[SplitReturn]:
        head, *lines = content.readlines()
        parts: dict[str, list[bytes]] = {}
        for index, owner in sorted(owners.items()):
            parts.setdefault(owner, [head]).append(lines[index])
        return [SplitReturn(owner, b"".join(each)) for owner, each in parts.items()]


def deposit(sender: str, *lots: str) -> bytes:
    """Write a deposit: each lot is `"001 P1: 1=1000 2=2000"`."""
    lines = [f"TOY {sender}"]
    for lot in lots:
        head, _, invoices = lot.partition(":")
        lines.append(f"LOT {head.strip()}")
        lines += [f"INV {each.replace('=', ' ')}" for each in invoices.split()]
    return "".join(f"{line}\n" for line in lines).encode("latin-1")


def claims_of(file: bytes) -> list[tuple[str, int, str]]:
    """List what a payer's file or a deposit asks for: (claim's key, cents, sender)."""
    found, sender, lot = [], "", ""
    for line in file.decode("latin-1").splitlines():
        word, *rest = line.split(" ")
        if word in {"TOY", "FROM"}:
            sender = rest[0]
        elif word == "LOT":
            lot = rest[0]
        elif word == "INV":
            found.append((f"{sender}/{lot}/{rest[0]}", int(rest[1]), sender))
    return found


def pay(*files: bytes) -> bytes:
    """Write a return that pays every claim of some files."""
    lines = [
        f"claim {key} paid {cents} {sender}\n"
        for file in files
        for key, cents, sender in claims_of(file)
    ]
    return ("TORETURN payment\n" + "".join(lines)).encode()


def acknowledge(file: bytes) -> bytes:
    """Write a return that acknowledges every lot of a file."""
    lots = {(key.rpartition("/")[0], sender) for key, _, sender in claims_of(file)}
    lines = [f"lot {key} acknowledged 0 {sender}\n" for key, sender in sorted(lots)]
    return ("TORETURN arl\n" + "".join(lines)).encode()

"""The payment notice of concentrators: B2-like records of type 2, 128 characters.

Only that record is known (french.md 2.6), from one program and not from a
norm.  So a file may consist of nothing else, or stand between a 000 and a 999,
which are shown as they are and otherwise left alone.  What surprises: a notice
names neither the professional nor the date of the lot, so its answers have no
match keys; the header's recipient, if there is one, is taken for the sender.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple

from protocols.interface import SplitReturn
from protocols.problem_log import ProblemLog
from protocols.records import Layout, load_layouts
from protocols.sesam.keys import iso_date, normal_invoice
from protocols.sesam.noemie_claim import cents
from protocols.sesam.noemie_context import professional
from protocols.shown import FieldShown, RecordShown
from routing.envelope import (
    AnswerSeen,
    Level,
    Outcome,
    Remark,
    Severity,
    Summary,
    Traits,
)

FORMAT = "sesam.b2-return"
RECORD = 128
NOTICE = "2"
_BLOCK = 16 * RECORD  # small: what is held is copied for each record
_AROUND = {b"000": "File header", b"999": "File end"}
_RECIPIENT = slice(27, 41)  # of the 000, where B2 and NOEMIE alike have it
_NOTICE_HEAD = re.compile(rb"2.{12}[1236][123][0-9 ]{15}.{15}[0-9]{32}", re.DOTALL)
_DECISIVE = frozenset(
    ["invoice", "lot", "amo_asked", "amc_asked", "amo_paid", "amc_paid", "return_kind"]
)
_OUTCOMES = {"2": Outcome.REJECTED, "3": Outcome.INFORMATION, "6": Outcome.DEFERRED}
_PAID = "1"


class _Line(NamedTuple):
    """One physical record as it stands, and the line end that followed it."""

    number: int
    content: bytes
    line_end: bytes


def looks_like_b2_return(head: bytes) -> bool:
    """Whether a file begins with a payment notice, after a 000 or without one."""
    if head[:3] == b"000":
        head = head[RECORD:].lstrip(b"\r\n")
    return _NOTICE_HEAD.match(head) is not None and head[126:127] == b"U"


class B2ReturnReading:
    """Payment notices being read; `kind` is final once `answers` is exhausted."""

    def __init__(self, stream: BinaryIO) -> None:
        self.format = FORMAT
        self.kind = "payment"
        self._stream = stream
        self._layout = _layout()
        self._problems = ProblemLog()
        self._records = 0
        self._claims = 0
        self._rejected = 0
        self._lots: set[str] = set()
        self._recipient = ""
        names = ("asked", "paid", "amo_asked", "amo_paid", "amc_asked", "amc_paid")
        self._totals = dict.fromkeys(names, 0)

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield one answer for each notice."""
        for line in _lines(self._stream):
            self._records = line.number
            if line.content.startswith(b"000"):
                recipient = line.content[_RECIPIENT].decode("latin-1")
                self._recipient = professional(recipient)
            elif line.content[:3] in _AROUND:
                continue
            elif self._check(line):
                yield self._answer(line)
        if self._claims and self._claims == self._rejected:
            self.kind = "reject"

    def summary(self) -> Summary:
        """Say what the whole file was; only after `answers` is exhausted."""
        return Summary(
            format=self.format,
            records=self._records,
            lots=len(self._lots),
            claims=self._claims,
            errors=self._problems.errors,
            warnings=self._problems.warnings,
            keys={"recipient_no": self._recipient} if self._recipient else {},
            totals=self._totals,
            problems=tuple(self._problems.kept),
        )

    def _check(self, line: _Line) -> bool:
        """Report what is wrong with a notice; say if it can be told to somebody."""
        if line.content[:1] != NOTICE.encode() or len(line.content) != RECORD:
            self._problems.add(
                "not-a-notice",
                f"the record begins with {line.content[:1].decode('latin-1')!r} and "
                f"has {len(line.content)} characters; type 2 and {RECORD} are expected",
                record=line.number,
                position=1,
            )
            return False
        sound = True
        for each, code, message in self._layout.check(line.content):
            decisive = each.name in _DECISIVE
            sound = sound and not decisive
            self._problems.add(
                code,
                f"{each.name}: {message}",
                severity=Severity.ERROR if decisive else Severity.WARNING,
                record=line.number,
                position=each.start,
                field=each.name,
            )
        return sound

    def _answer(self, line: _Line) -> AnswerSeen:
        values = self._layout.read(line.content)
        kind, parts = values["return_kind"][:1], values["return_kind"][1:]
        payers = {"1": ("amo",), "2": ("amc",)}.get(parts, ("amo", "amc"))
        asked = sum(cents(values[f"{payer}_asked"]) for payer in payers)
        paid = sum(cents(values[f"{payer}_paid"]) for payer in payers)
        outcome = _OUTCOMES.get(kind, Outcome.INFORMATION)
        if kind == _PAID:
            outcome = Outcome.PAID if paid >= asked else Outcome.PARTLY_PAID
        self._claims += 1
        self._rejected += outcome is Outcome.REJECTED
        self._lots.add(values["lot"])
        self._totals["asked"] += asked
        self._totals["paid"] += paid
        for payer in payers:
            self._totals[f"{payer}_asked"] += cents(values[f"{payer}_asked"])
            self._totals[f"{payer}_paid"] += cents(values[f"{payer}_paid"])
        told = values["code"] or values["label"]
        facts = {
            "invoice": values["invoice"],
            "invoice_date": iso_date(values["invoice_date"]),
            "lot": values["lot"],
            "accounting_day": iso_date(values["day"]),
            "payer": values["organism"],
            "return_kind": values["return_kind"],
            "patient": values["insured"],
        }
        return AnswerSeen(
            level=Level.CLAIM,
            match_keys=(),
            sender=self._recipient,
            outcome=outcome,
            asked=asked,
            paid=paid,
            remarks=(Remark(values["code"], values["label"]),) if told else (),
            first=line.number,
            last=line.number,
            facts={name: value for name, value in facts.items() if value},
            traits=Traits(
                number=normal_invoice(values["invoice"]),
                lot=values["lot"],
                date=iso_date(values["invoice_date"]),
                patients=(values["insured"],) if values["insured"] else (),
            ),
        )


def show_b2_return(stream: BinaryIO) -> Iterator[RecordShown]:
    """Show every record, those that are no notice as raw text."""
    layout = _layout()
    for line in _lines(stream):
        title = _AROUND.get(line.content[:3])
        if title is None and line.content[:1] == NOTICE.encode():
            kind, title, fields = NOTICE, layout.title, layout.show(line.content)
        else:
            kind = line.content[: 3 if title else 1].decode("latin-1")
            raw = line.content.decode("latin-1")
            fields = (FieldShown(1, len(raw), "raw", "As it stands", raw, "", True),)
        yield RecordShown(
            record=line.number,
            kind=kind,
            title=title or "Record that cannot be read",
            fields=fields,
        )


def split_b2_return(
    content: BinaryIO, owners: Mapping[int, str]
) -> Sequence[SplitReturn]:
    """Cut notices per owner; a 000 and a 999 around them go to every part as is."""
    whose: dict[int, str] = {}
    for index, answer in enumerate(B2ReturnReading(content).answers()):
        if index in owners:
            whose[answer.first] = owners[index]
    content.seek(0)
    parts: dict[str, list[bytes]] = {name: [] for name in whose.values()}
    for line in _lines(content):
        if line.content[:3] in _AROUND:
            for part in parts.values():
                part.append(line.content + line.line_end)
        elif line.number in whose:
            parts[whose[line.number]].append(line.content + line.line_end)
    return [SplitReturn(name, b"".join(part)) for name, part in parts.items()]


def _layout() -> Layout:
    return load_layouts("b2_return")[NOTICE]


def _lines(stream: BinaryIO) -> Iterator[_Line]:
    """Yield the records, with or without line ends; empty lines are no records."""
    held, number = b"", 0
    while True:
        if len(held) < RECORD + 2:
            held += stream.read(_BLOCK)
        if not held.strip(b"\r\n \x1a"):
            return
        content = re.split(rb"[\r\n]", held[:RECORD], maxsplit=1)[0]
        rest = held[len(content) : len(content) + 2]
        line_end = rest if rest == b"\r\n" else rest[:1]
        line_end = line_end if line_end in {b"\r\n", b"\n", b"\r"} else b""
        held = held[len(content) + len(line_end) :]
        if content:
            number += 1
            yield _Line(number, content, line_end)

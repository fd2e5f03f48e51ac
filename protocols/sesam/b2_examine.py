"""Examines a B2 file chunk by chunk and remembers what spans chunks.

The order of records, the file's own header, numbers used before: what one
chunk leaves, the next one meets.  Both readers stand on it: the one that only
judges and adds up, and the one that gives out lots.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import numpy as np
from attrs import frozen

from protocols.records import load_layouts
from protocols.sesam.b2_content import check_content
from protocols.sesam.b2_families import choose_family
from protocols.sesam.b2_frames import BLOCK, UTF8_MARK, Chunk, Frames
from protocols.sesam.b2_kinds import Kinds
from protocols.sesam.b2_lot_checks import LotChecks
from protocols.sesam.b2_nesting import Group
from protocols.sesam.b2_numbers import in_order
from protocols.sesam.b2_records import RECORD, Family
from protocols.sesam.b2_structure import Finding, Structure, find_structure, said
from protocols.sesam.b2_sums import Amounts, check_sums, read_amounts
from protocols.sesam.checks import KEPT, Tally, problem
from routing.envelope import Problem

NORMS = ("CP", "FR", "LB", "PH", "PM", "SE", "TR")
_HEAD = 64 << 10  # within it a file that is B2 at all shows a beginning
_BEGINNING = re.compile(
    rb"000[A-Z]{2}[0-9]{14}|1[0-9A-Z]{9}[\x20-\xff]{6}[0-9A-Z]{3}[0-9]{3}"
)
_MARKS = {
    UTF8_MARK: "UTF-8 with a byte order mark",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"0\x000\x00": "UTF-16 without a mark",
    b"\x000\x00": "UTF-16 without a mark",
    b"\xf0\xf0\xf0": "EBCDIC",
}
_FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip file",
    b"%PDF": "a PDF document",
    b"<?xml": "an XML document",
}
_LAYOUTS = load_layouts("b2")


@frozen(kw_only=True, eq=False)
class Examined:
    """A chunk with its structure, amounts and findings; valid like the chunk."""

    chunk: Chunk
    family: Family
    structure: Structure
    kinds: Kinds
    amounts: Amounts
    findings: tuple[Finding, ...]


_LOT_START = re.compile(rb"1[0-9A-Z]{9}[\x20-\xff]{6}[0-9A-Z]{3}[0-9]{3}")
_LEAST_LENGTH, _MOST_LENGTH = 100, 200
_MOST_JUNK = 20_000  # records of junk after which reading stops
_JUNK_SHARE = 0.75  # of records that are unknown, or each of another professional


class Examination:
    """One file being examined, once, from its beginning to its end."""

    def __init__(self, stream: BinaryIO, *, block: int = BLOCK) -> None:
        self.tally = Tally(limit=KEPT)
        self.header: Mapping[str, str] = {}
        self.records = 0
        self.lots = 0
        self.claims = 0
        self.totals = {"billed": 0, "amo": 0, "amc": 0}
        self._frames = Frames(stream, block=block)
        self._family: Family | None = None
        self._before = int(Group.BEGIN)
        self._lot_checks = LotChecks()
        self._junk = 0

    def chunks(self) -> Iterator[Examined]:
        """Yield chunks of whole lots with all that is wrong in them."""
        refusal = self._refusal()
        if refusal is not None:
            self.tally.add(refusal)
            return
        for chunk in self._frames.chunks():
            examined = self._examine(chunk)
            self.records += len(chunk.rows)
            self.lots += len(examined.structure.lots)
            self.claims += len(examined.structure.invoices)
            for name in self.totals:
                self.totals[name] += int(getattr(examined.amounts, name).sum())
            yield examined
            if self._is_junk(examined):
                break
            last = int(examined.structure.groups[-1])
            self._before = int(Group.UNKNOWN) if chunk.cut else last
        self._judge_end()

    def _is_junk(self, examined: Examined) -> bool:
        """Say whether to stop, since what comes has long been hardly any record.

        Naming each record of a file that is not B2 any more helps nobody, and
        takes a thousand times as long as reading good ones.
        """
        count = len(examined.chunk.rows)
        unknown = sum(
            len(each.rows)
            for each in examined.findings
            if each.code == "unknown-record"
        )
        strangers = int(examined.chunk.heads.new_sender.sum())
        junk = max(unknown, strangers) > count * _JUNK_SHARE
        self._junk = self._junk + count if junk else 0
        if self._junk < _MOST_JUNK:
            return False
        self.tally.insist(
            problem(
                "reading-stopped",
                f"holds hardly any known record from record {self.records - self._junk + 1} on; "
                "what follows was not read: send the file again as it was made",
                record=self.records - self._junk + 1,
            )
        )
        return True

    def _refusal(self) -> Problem | None:
        """Say why the file cannot be B2, from its beginning; None if it may be."""
        head = self._frames.head(_HEAD)
        if not head.strip(b"\r\n\x1a\x00 "):
            return problem("empty-file", "holds nothing; a file of records is expected")
        for mark, name in _MARKS.items():
            if head.startswith(mark):
                self.tally.add(
                    problem(
                        "encoding",
                        f"is in {name}; export it again in Latin-1 or plain ASCII",
                        record=1,
                        position=1,
                    )
                )
        if head.startswith(UTF8_MARK):
            self._frames.skip(len(UTF8_MARK))
        if (length := _other_length(head)) is not None:
            self.tally.add(
                problem(
                    "record-length",
                    f"has {length} characters, as the next one has; {RECORD} are "
                    "expected of each: export the file again with its full records",
                    record=1,
                )
            )
        if _BEGINNING.search(head):
            return None
        looks = next(
            (
                f"; this is {name}"
                for mark, name in _FOREIGN.items()
                if head.startswith(mark)
            ),
            "",
        )
        return problem(
            "not-b2",
            "holds no record 000 or 1 at its beginning; a B2 file starts with 000 and "
            f"the sender's kind and number{looks}",
            record=1,
            position=1,
        )

    def _examine(self, chunk: Chunk) -> Examined:
        family = self._family or self._choose_family(chunk)
        structure = find_structure(chunk, family, self._before)
        kinds = Kinds(chunk, structure, family)
        created = self._created()
        findings = [
            *structure.findings,
            *check_content(chunk, structure, kinds, created),
        ]
        amounts = read_amounts(structure, kinds)
        doubtful = [each.rows for each in findings if each.code == "digits"]
        rows = np.concatenate(doubtful) if doubtful else np.empty(0, np.intp)
        findings += check_sums(structure, kinds, amounts, rows)
        findings += self._lot_checks.check(
            chunk, structure, kinds, self.header, created
        )
        findings += self._check_file_ends(chunk, structure, kinds)
        return Examined(
            chunk=chunk,
            family=family,
            structure=structure,
            kinds=kinds,
            amounts=amounts,
            findings=tuple(findings),
        )

    def _choose_family(self, chunk: Chunk) -> Family:
        """Choose by the norm in 000, else in the first lot (french.md 1.1)."""
        first = chunk.rows[0].tobytes()
        if first.startswith(b"000"):
            self.header = _LAYOUTS["000"].read(first)
        norm, self._family = choose_family(chunk.rows)
        if norm not in NORMS:
            self.tally.add(
                problem(
                    "norm-unknown",
                    f"names the norm {norm!r}; one of {', '.join(NORMS)} is expected",
                    record=1,
                    position=62,
                    field="norm_code",
                )
            )
        return self._family

    def _created(self) -> int:
        text = self.header.get("file_created", "")
        if not (text.isascii() and text.isdigit()) or not int(text):
            return 0
        return int(in_order(np.array([int(text)]))[0])

    def _check_file_ends(
        self, chunk: Chunk, structure: Structure, kinds: Kinds
    ) -> Iterator[Finding]:
        """Compare each 999 with the header and with what was counted."""
        layout = _LAYOUTS["999"]
        for row in kinds.of(Group.FILE_END).tolist():
            stated = layout.read(chunk.rows[row].tobytes())
            lots = self.lots + int(np.searchsorted(structure.lots, row))
            counted = chunk.first + row
            checks = [
                ("file-records", "nb_records", f"{counted:08}"),
                ("file-lots", "nb_lots", f"{lots % 1000:03}"),
            ]
            if self.header:
                header = self.header
                checks += [
                    ("file-id-differs", "file_id", header["file_id"]),
                    ("file-sender-differs", "sender_no", header["sender_no"]),
                ]
            for code, name, right in checks:
                if stated[name] != right:
                    words = f"says {stated[name]}; {right} is expected"
                    where = np.array([row], np.intp)
                    yield said(code, where, layout[name].start, name, words)

    def _judge_end(self) -> None:
        if not self.records:
            self.tally.add(problem("empty-file", "holds no record"))
            return
        if self._before != Group.FILE_END:
            words = (
                "ends without a record 999; it was cut off or another end is missing"
            )
            self.tally.add(problem("no-file-end", words, record=self.records))
        if not self.lots:
            self.tally.add(
                problem("no-lot", "holds no lot; a record 1 is expected", record=1)
            )


def _other_length(head: bytes) -> int | None:
    """Tell how long the records of a run without line ends are, if not 128 characters.

    The lot and the invoice in it name one professional, which places both.
    """
    if not head.startswith(b"000") or _LOT_START.match(head, RECORD):
        return None
    found = _LOT_START.search(head, _LEAST_LENGTH, _MOST_LENGTH)
    if found is None or re.search(rb"[\r\n]", head[: found.start()]):
        return None
    length = found.start()
    professional = head[length + 1 : length + 10]
    invoice = head[2 * length : 2 * length + 10]
    return length if invoice == b"2" + professional else None

"""Acknowledgements of lots (ARL): a place for readers, and one SIMULATED format.

No layout of the national ARL is public (french.md 3 and 9), so nothing here
reads a real one.  Whoever has it writes an `ArlReader` and adds it to READERS;
the first that recognises a file reads it.  The simulated format only lets the
rest of the gateway be run and tested: it borrows NOEMIE's outer form and the
references 0930 (positive) and 0931 (negative), its entities are invented, and
its header says SIMULATED, without which it is not recognised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Protocol

from protocols.interface import ReturnReading, SplitReturn
from protocols.problem_log import ProblemLog
from protocols.sesam.amc_lots import PAYER_KINDS
from protocols.sesam.attachment_arl import AttachmentArl
from protocols.sesam.keys import iso_date, lot_key, request_lot_key
from protocols.sesam.noemie import HEADER, Entity, read_entities, show_entities
from protocols.sesam.noemie_context import professional
from protocols.sesam.noemie_writer import ReturnWriter
from protocols.shown import RecordShown
from routing.envelope import AnswerSeen, Level, Outcome, Remark, Severity, Summary

SIMULATED_FORMAT = "sesam.arl-simulated"
SIMULATED_LAYOUTS = "arl_simulated"
SIMULATED_MARK = "SIMULATED ARL - NOT A NATIONAL FORMAT"
POSITIVE, NEGATIVE = "0930", "0931"
FILE, LOT, REASON = "910", "911", "912"
_MARKED = slice(91, 128)  # the header's free message
_REFERENCE = slice(61, 65)


class ArlReader(Protocol):
    """Reads one format of acknowledgement."""

    format: str

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins so is of this format."""
        ...

    def read(self, stream: BinaryIO) -> ReturnReading:
        """Read a file: one answer of level `lot` for each lot."""
        ...

    def show(self, stream: BinaryIO) -> Iterator[RecordShown]:
        """Show a file for people."""
        ...

    def split(
        self, content: BinaryIO, owners: Mapping[int, str]
    ) -> Sequence[SplitReturn]:
        """Cut a file per owner, in the same format."""
        ...


class SimulatedArlReading:
    """A SIMULATED acknowledgement being read."""

    def __init__(self, stream: BinaryIO) -> None:
        self.format = SIMULATED_FORMAT
        self.kind = "arl"
        self._problems = ProblemLog()
        self._entities = read_entities(
            stream, problems=self._problems, layouts=SIMULATED_LAYOUTS
        )
        self._header = self._entities.header
        self._file: Mapping[str, str] = {}
        self._lots = 0

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield one answer for each lot, acknowledged or rejected."""
        lot: Entity | None = None
        remarks: list[Remark] = []
        last = 0
        for entity in self._entities.entities():
            if entity.code == REASON and entity.sound:
                values = self._read(entity)
                remarks.append(Remark(values["code"], values["label"]))
                last = entity.number
                continue
            if lot is not None:
                yield self._answer(lot, remarks, last)
            lot, remarks, last = None, [], entity.number
            if entity.code == LOT and entity.sound:
                lot = entity
            elif entity.code == FILE and entity.sound:
                self._file = self._read(entity)
        if lot is not None:
            yield self._answer(lot, remarks, last)

    def summary(self) -> Summary:
        """Say what the whole file was; only after `answers` is exhausted."""
        names = ("reference", "file_id", "file_created", "sender_no", "recipient_no")
        keys = {name: self._header[name] for name in names}
        keys["sent_file_id"] = self._file.get("sent_file_id", "")
        return Summary(
            format=self.format,
            records=self._entities.count,
            lots=self._lots,
            claims=0,
            errors=self._problems.errors,
            warnings=self._problems.warnings,
            keys=keys,
            problems=tuple(self._problems.kept),
        )

    def _read(self, entity: Entity) -> dict[str, str]:
        return self._entities.layouts[entity.code].read(entity.content)

    def _key(self, sender: str, day: str, lot: str) -> str:
        """Return a lot's key; of complementary payers the beginning of it."""
        if self._header["sender_type"] in PAYER_KINDS:
            return request_lot_key(sender, day, lot)
        return lot_key(sender, day, lot)

    def _answer(self, lot: Entity, remarks: list[Remark], last: int) -> AnswerSeen:
        values = self._read(lot)
        self._lots += 1
        sender, day = professional(values["professional"]), iso_date(values["lot_date"])
        positive = self._header["reference"] == POSITIVE
        known = positive or self._header["reference"] == NEGATIVE
        if not known:
            self._problems.add(
                "bad-reference",
                f"the reference is neither {POSITIVE} nor {NEGATIVE}; the lot is "
                "neither acknowledged nor rejected",
                severity=Severity.ERROR,
                record=1,
                position=62,
                field="reference",
            )
        outcome = Outcome.ACKNOWLEDGED if positive else Outcome.REJECTED
        return AnswerSeen(
            level=Level.LOT,
            match_keys=(self._key(sender, day, values["lot"]),) if day else (),
            sender=sender,
            outcome=outcome if known else Outcome.INFORMATION,
            remarks=tuple(remarks),
            first=lot.number,
            last=last,
            facts={
                "lot": values["lot"],
                "lot_date": day,
                "organism": values["organism"],
                "reference": self._header["reference"],
                "sent_file_id": self._file.get("sent_file_id", ""),
                "received": iso_date(self._file.get("received", "")),
            },
        )


class SimulatedArl:
    """The SIMULATED format, for the payer simulator and for tests."""

    format = SIMULATED_FORMAT

    def recognises(self, head: bytes) -> bool:
        """Whether the header is of reference 0930 or 0931 and says SIMULATED."""
        reference = head[_REFERENCE].decode("latin-1")
        marked = head[_MARKED].decode("latin-1").rstrip() == SIMULATED_MARK
        return head[:3] == b"000" and reference in {POSITIVE, NEGATIVE} and marked

    def read(self, stream: BinaryIO) -> SimulatedArlReading:
        """Read a file."""
        return SimulatedArlReading(stream)

    def show(self, stream: BinaryIO) -> Iterator[RecordShown]:
        """Show a file for people."""
        return show_entities(stream, SIMULATED_LAYOUTS)

    def split(
        self, content: BinaryIO, owners: Mapping[int, str]
    ) -> Sequence[SplitReturn]:
        """Cut a file per owner; each part names the file that was acknowledged."""
        whose: dict[int, str] = {}
        lots: dict[str, int] = {}
        for index, answer in enumerate(self.read(content).answers()):
            if index in owners:
                lots[owners[index]] = lots.get(owners[index], 0) + 1
                for number in range(answer.first, answer.last + 1):
                    whose[number] = owners[index]
        content.seek(0)
        reader = read_entities(
            content, problems=ProblemLog(), layouts=SIMULATED_LAYOUTS
        )
        writers: dict[str, ReturnWriter] = {}
        for entity in reader.entities():
            if entity.code == HEADER:
                for owner in lots:
                    writers[owner] = ReturnWriter(
                        header=entity.content,
                        form=reader.form,
                        layouts=SIMULATED_LAYOUTS,
                    )
            elif entity.code == FILE and entity.sound:
                counted = reader.layouts[FILE]["lots"]
                before, behind = counted.start - 1, counted.end
                for owner, writer in writers.items():
                    count = counted.pack(lots[owner])
                    writer.raw(
                        entity.content[:before] + count + entity.content[behind:]
                    )
            elif owner_of := whose.get(entity.number):
                writers[owner_of].raw(entity.content)
                if entity.code == LOT:
                    writers[owner_of].item(lot=entity.number)
        return [SplitReturn(owner, each.finish()) for owner, each in writers.items()]


READERS: tuple[ArlReader, ...] = (SimulatedArl(), AttachmentArl())

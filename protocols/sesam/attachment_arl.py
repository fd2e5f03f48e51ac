"""Acknowledgements of documents: one SIMULATED format, in JSON.

The national one is not public.  It is one object that says SIMULATED in its first
bytes and has one word, `taken` or `refused` with a reason, for each document of the
container that it names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from protocols.interface import SplitReturn
from protocols.problem_log import ProblemLog
from protocols.sesam.attachment_container import document_key
from protocols.shown import FieldShown, RecordShown
from routing.envelope import AnswerSeen, Level, Outcome, Remark, Severity, Summary

FORMAT: Final = "sesam.attachment-arl-simulated"
MARK: Final = "SIMULATED ARL OF ATTACHMENTS - NOT A NATIONAL FORMAT"
TAKEN: Final = "taken"
REFUSED: Final = "refused"
_HEAD: Final = json.dumps({"format": MARK})[:-1].encode()
_OUTCOMES: Final = {TAKEN: Outcome.ACKNOWLEDGED, REFUSED: Outcome.REJECTED}
_NAMES: Final = ("sender", "lot", "invoice", "sha256")


def write(container: str, documents: Sequence[Mapping[str, str]]) -> bytes:
    """Write an acknowledgement of the documents of a container."""
    told = {"format": MARK, "container": container, "documents": list(documents)}
    return json.dumps(told).encode()


class AttachmentArlReading:
    """A SIMULATED acknowledgement of documents being read."""

    format = FORMAT
    kind = "arl"

    def __init__(self, stream: BinaryIO) -> None:
        self._problems = ProblemLog()
        self._told = _read(stream)
        self._documents = 0
        if self._told is None:
            self._told = {}
            self._problems.add(
                "not-whole",
                "the acknowledgement is cut or not of its format; nothing was read",
                severity=Severity.ERROR,
                record=1,
            )

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield one answer for each document, acknowledged or rejected."""
        for place, each in enumerate((self._told or {}).get("documents", ()), 1):
            self._documents += 1
            outcome = _OUTCOMES.get(each.get("word"), Outcome.INFORMATION)
            remarks = (Remark(each["code"], each.get("label", "")),)
            yield AnswerSeen(
                level=Level.LOT,
                match_keys=(document_key(*(each.get(name, "") for name in _NAMES)),),
                sender=each.get("sender", ""),
                outcome=outcome,
                remarks=remarks if each["code"] else (),
                first=place,
                last=place,
            )

    def summary(self) -> Summary:
        """Say what the whole file was; only after `answers` is exhausted."""
        return Summary(
            format=FORMAT,
            records=self._documents,
            lots=self._documents,
            claims=0,
            errors=self._problems.errors,
            warnings=self._problems.warnings,
            problems=tuple(self._problems.kept),
        )


class AttachmentArl:
    """The SIMULATED format, as `protocols.sesam.arl.ArlReader` wants it."""

    format = FORMAT

    def recognises(self, head: bytes) -> bool:
        """Whether it says in its first bytes that it is simulated."""
        return head.startswith(_HEAD)

    def read(self, stream: BinaryIO) -> AttachmentArlReading:
        """Read a file."""
        return AttachmentArlReading(stream)

    def show(self, stream: BinaryIO) -> Iterator[RecordShown]:
        """Show a file for people: one record for each document."""
        for place, each in enumerate((_read(stream) or {}).get("documents", ()), 1):
            fields = tuple(
                FieldShown(0, len(value), name, name, value, "")
                for name, value in each.items()
            )
            yield RecordShown(
                record=place, kind="document", title="a document", fields=fields
            )

    def split(
        self, content: BinaryIO, owners: Mapping[int, str]
    ) -> Sequence[SplitReturn]:
        """Cut a file per owner."""
        told = _read(content) or {}
        parts: dict[str, list[Any]] = {}
        for index, each in enumerate(told.get("documents", ())):
            if index in owners:
                parts.setdefault(owners[index], []).append(each)
        container = told.get("container", "")
        return [
            SplitReturn(owner, write(container, mine)) for owner, mine in parts.items()
        ]


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    """Read the object; None unless all that is needed is there as it should be."""
    try:
        told = json.loads(stream.read())
        sound = all(
            isinstance(each["code"], str)
            and all(isinstance(each[name], str) for name in _NAMES)
            for each in told["documents"]
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return told if sound else None

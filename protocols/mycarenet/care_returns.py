"""Reads what payers answer to questions and notifications (801900, 4109xx, 4209xx).

| message | the question is |
| ------- | --------------- |
| 801900  | answered: accepted, and may come with a payment commitment |
| 410900, 420900 | agreed or noted: accepted; refused: rejected |
| 420900, refused because the doctor's notification is not there | deferred: it may be undone |
| 410999, 420999 | rejected: the message itself was wrong |
| 410908  | nobody asked: information for the provider concerned |

How they are written is SIMULATED (`care_message`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import BinaryIO, Final

from attrs import evolve

from protocols.interface import SplitReturn
from protocols.mycarenet import codes, palliative
from protocols.mycarenet.care_checks import check_message, note
from protocols.mycarenet.care_message import (
    RETURN,
    CareForm,
    CareMessage,
    key_of,
    names,
    read_messages,
)
from protocols.mycarenet.care_reader import keys_of
from protocols.mycarenet.commitment import commitment_told
from protocols.problem_log import ProblemLog
from protocols.record_fields import iso_day
from routing.envelope import AnswerSeen, Level, Outcome, Remark, Summary

FORMATS: Final = frozenset(names(RETURN))
KIND: Final = "decision"
"""What an answer that ends a question is called."""
REPLY: Final = "reply"
"""What an answer is called that may leave it open."""

_INSURABILITY: Final = "801900"
_UNASKED: Final = "410908"
_REFUSED: Final = frozenset({"410999", "420999"})
_ERROR: Final = "_error"
_FACTS: Final = (  # what may be told of an answer: nothing that names the patient
    "payer_reference",
    "result",
    "decided_from",
    "decided_until",
    "decision_reference",
    "billed_from",
    "nature",
    "mutuality_1",
    "holder_code_1_1",
    "holder_code_2_1",
    "insured_from_1",
    "insured_until_1",
    "medical_house",
    "medical_house_from",
    "medical_house_until",
)


class CareReturnReading:
    """Such a return being read; a `protocols.interface.ReturnReading`."""

    def __init__(self, stream: BinaryIO, format: str) -> None:
        self.format = format
        self.kind = KIND
        self._stream = stream
        self._log = ProblemLog()
        self._seen = self._claims = 0
        self._keys: dict[str, str] = {}

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield what each message says; before one that leaves it open, a receipt."""
        for message in read_messages(self._stream):
            self._seen += 1
            self._keys = self._keys or keys_of(message)
            note(self._log, check_message(message))
            form = message.form
            whole = len(message.raw) == message.layout.length
            if form is not None and whole and form.direction == RETURN:
                self._claims += 1
                yield from _answers(message, form)

    def summary(self) -> Summary:
        """Say what the whole file was; only after `answers` is exhausted."""
        return Summary(
            format=self.format,
            records=self._seen,
            lots=0,
            claims=self._claims,
            errors=self._log.errors,
            warnings=self._log.warnings,
            keys=self._keys,
            problems=tuple(self._log.kept),
        )


def split(content: BinaryIO, owners: Mapping[int, str]) -> Sequence[SplitReturn]:
    """Cut a return per owner: each gets the messages of its answers, as they stand."""
    parts: dict[str, list[bytes]] = {}
    index = 0
    for message in read_messages(content):
        form = message.form
        if form is None or form.direction != RETURN:
            continue
        if len(message.raw) < message.layout.length:
            continue
        answers = len(list(_answers(message, form)))
        owner = next(
            (owners[at] for at in range(index, index + answers) if at in owners), None
        )
        index += answers
        if owner is not None:
            parts.setdefault(owner, []).append(message.raw)
    return [SplitReturn(owner, b"".join(each)) for owner, each in parts.items()]


def _answers(message: CareMessage, form: CareForm) -> Iterator[AnswerSeen]:
    values = message.values
    outcome = _outcome(values, form)
    key = key_of(values["reference"], form.question) if form.question else ""
    decided = AnswerSeen(
        level=Level.CLAIM,
        match_keys=(key,) if key else (),
        sender=(values.get("requester") or values.get("provider", "")).lstrip("0"),
        outcome=outcome,
        remarks=tuple(_remarks(message)),
        first=message.number,
        last=message.number,
        facts=_facts(message, outcome),
        commitment=commitment_told(values) if form.message == _INSURABILITY else None,
    )
    if outcome is Outcome.DEFERRED:
        yield evolve(decided, level=Level.LOT, outcome=Outcome.ACKNOWLEDGED)
    yield decided


def _outcome(values: Mapping[str, str], form: CareForm) -> Outcome:
    if form.message == _UNASKED:
        return Outcome.INFORMATION
    if form.message in _REFUSED or any(_header_errors(values)):
        return Outcome.REJECTED
    if values.get("result") != palliative.REFUSED:
        return Outcome.ACCEPTED
    missing = palliative.palliative_rules().doctor_missing
    if form.flow == "notification" and values["reason"] == missing:
        return Outcome.DEFERRED
    return Outcome.REJECTED


def _header_errors(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if name.endswith(_ERROR) and value.strip("0 "):
            yield name.removesuffix(_ERROR), value


def _remarks(message: CareMessage) -> Iterator[Remark]:
    layout, values = message.layout, message.values
    for name, error in _header_errors(values):
        zone = layout[name].zone
        yield Remark(f"{zone}-{error}", codes.header_label_of(zone, error))
    if reason := values.get("reason", ""):
        field = layout["reason"]
        code = f"{field.zone or 'reason'}-{reason}"
        yield Remark(code, field.meaning(reason) or "a reason that is not known here")


def _facts(message: CareMessage, outcome: Outcome) -> dict[str, str]:
    layout, values = message.layout, message.values
    told = {"message": values["message_type"], "version": values["format_version"]}
    for name in _FACTS:
        value = values.get(name, "")
        if value.strip("0 "):
            told[name] = layout[name].meaning(value) or value
    if outcome is Outcome.DEFERRED:
        day = iso_day(values["created"])
        until = day and palliative.open_until(date.fromisoformat(day)).isoformat()
        told["open_until"] = until
    return {name: value for name, value in told.items() if value}

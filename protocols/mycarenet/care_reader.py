"""Reads questions and notifications (801000, 410000, 420000): each message is a lot.

A lot has one claim, the question itself, and nothing is asked for in money.  How
they are written is SIMULATED (`care_message`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from protocols.mycarenet.care_checks import check_message, note
from protocols.mycarenet.care_message import (
    OUT,
    CareMessage,
    key_of,
    names,
    read_messages,
    union_of,
)
from protocols.problem_log import ProblemLog
from protocols.record_fields import iso_day
from routing.envelope import ClaimSeen, LotSeen, Problem, Severity, Summary

FORMATS = frozenset(names(OUT))


class CareReading:
    """A file of such messages being read; a `protocols.interface.Reading`."""

    def __init__(self, stream: BinaryIO, format: str) -> None:
        self.format = format
        self._stream = stream
        self._log = ProblemLog()
        self._seen = self._lots = 0
        self._keys: dict[str, str] = {}

    def lots(self) -> Iterator[LotSeen]:
        """Yield each message as a lot; one of another format ends in problems only."""
        for message in read_messages(self._stream):
            self._seen += 1
            self._keys = self._keys or keys_of(message)
            problems = check_message(message)
            if message.form is None or message.form.format not in FORMATS:
                note(self._log, problems or (_out_of_place(message),))
                continue
            for each in problems:
                self._log.errors += each.severity is Severity.ERROR
                self._log.warnings += each.severity is Severity.WARNING
            self._lots += 1
            yield _lot(message, self._lots, problems)

    def summary(self) -> Summary:
        """Say what the whole file was; only after `lots` is exhausted."""
        return Summary(
            format=self.format,
            records=self._seen,
            lots=self._lots,
            claims=self._lots,
            errors=self._log.errors,
            warnings=self._log.warnings,
            keys=self._keys,
            problems=tuple(self._log.kept),
        )


def keys_of(message: CareMessage) -> dict[str, str]:
    """Return what a file is known by: the references of a message of it."""
    told = {
        "message": message.values["message_type"],
        "version": message.values["format_version"],
        "reference": message.values["reference"],
        "payer_reference": message.values["payer_reference"].strip("0"),
        "form": message.values["form"],
    }
    return {name: value for name, value in told.items() if value}


def _lot(message: CareMessage, position: int, problems: tuple[Problem, ...]) -> LotSeen:
    values, form = message.values, message.form
    assert form is not None  # noqa: S101 - the caller has looked
    reference = values["reference"]
    key = key_of(reference, form.message)
    day = iso_day(values["created"])
    claim = ClaimSeen(
        number=reference,
        match_key=key,
        date=day,
        patient=values["patient"],
        billed=0,
        asked=0,
        asked_main=0,
        asked_other=0,
        record=message.number,
        offset=message.offset,
        length=len(message.raw),
    )
    return LotSeen(
        position=position,
        number=reference,
        match_key=key,
        date=day,
        sender=values["requester"].lstrip("0"),
        flow=form.flow,
        destination={
            "union": union_of(values["mutuality"]),
            "mutuality": values["mutuality"],
            "reference": reference,
            "batch": key,
        },
        record=message.number,
        offset=message.offset,
        length=len(message.raw),
        claims=(claim,),
        problems=problems,
    )


def _out_of_place(message: CareMessage) -> Problem:
    return Problem(
        message.number,
        1,
        "message_type",
        Severity.ERROR,
        "out-of-place",
        f"message {message.values['message_type']} comes from payers and stands among "
        "questions; take it out of the file",
    )

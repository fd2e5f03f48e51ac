"""What is wrong in a message about a patient: its fields, then `data/care_rules.csv`.

Only what is public is a rule: dates, numbers with check digits, periods, and the ten
days of a palliative notification; lists of codes are those of the simulated form.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from protocols.interface import FileProblem
from protocols.mycarenet import palliative
from protocols.mycarenet.care_message import (
    HEADER,
    CareForm,
    CareMessage,
    header_layout,
    layout_of,
    named,
    union_of,
)
from protocols.mycarenet.check_digits import is_nihii, is_niss
from protocols.problem_log import ProblemLog
from protocols.record_fields import Field, iso_day
from routing.envelope import Problem, Severity


class CareRule(NamedTuple):
    """One rule of a field; `record` is the layout that it holds for, or `*`."""

    record: str
    field: str
    rule: str
    argument: str
    severity: str
    words: str


@cache
def care_rules(record: str) -> tuple[CareRule, ...]:
    """Return the rules of one layout."""
    return tuple(rule for rule in _all_rules() if rule.record in {"*", record})


@cache
def _all_rules() -> tuple[CareRule, ...]:
    file = resources.files("protocols.mycarenet") / "data" / "care_rules.csv"
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return tuple(CareRule(**row) for row in rows)


def check_message(message: CareMessage) -> tuple[Problem, ...]:
    """Return everything wrong in one message."""
    if message.form is None:
        return (_unknown(message),)
    layout = message.layout
    if len(message.raw) < layout.length:
        return (
            Problem(
                message.number,
                len(message.raw) + 1,
                None,
                Severity.ERROR,
                "cut",
                f"the message ends after {len(message.raw)} characters; "
                f"{layout.length} are expected. Make the file anew",
            ),
        )
    found: list[Problem] = []
    if not _surely_sound(message.form).fullmatch(message.raw):
        found += (
            _problem(message, field, code, f"{named(field)}: {words}")
            for field, code, words in layout.check(message.raw)
        )
    wrong = {each.field for each in found}
    for rule in care_rules(message.form.layout):
        field = layout.by_name.get(rule.field)
        if field is None or rule.field in wrong:
            continue
        if not _JUDGES[rule.rule](field, message.values, rule):
            severity = Severity(rule.severity)
            words = f"{named(field)}: {rule.words}"
            found.append(_problem(message, field, rule.rule, words, severity))
    return tuple(found)


def listed() -> tuple[FileProblem, ...]:
    """Return every code of these checks with its severity and what it means."""
    error = Severity.ERROR
    found = [FileProblem(code, error, words) for code, words in _OF_FORM.items()]
    fields: dict[tuple[str, str], list[str]] = {}
    for rule in _all_rules():
        fields.setdefault((rule.rule, rule.severity), []).append(rule.field)
    told = set()
    for (code, severity), names in fields.items():
        if code not in told:
            told.add(code)
            words = f"{_WORDS[code]}: {', '.join(names)}"
            found.append(FileProblem(code, Severity(severity), words))
    return tuple(found)


def note(log: ProblemLog, problems: Iterable[Problem]) -> None:
    """Count problems in a log, and keep them while it has room."""
    for each in problems:
        log.add(
            each.code,
            each.message,
            severity=each.severity,
            record=each.record,
            position=each.position,
            field=each.field,
        )


@cache
def _surely_sound(form: CareForm) -> re.Pattern[bytes]:
    """Match messages in whose fields nothing is wrong, though not every one of them.

    A 29th of February is left to the slower look at each field.
    """
    return re.compile(b"".join(map(_sound, layout_of(form).fields)), re.DOTALL)


_DAY: Final = (
    rb"(?:19|20)[0-9]{2}(?:"
    rb"(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])"
    rb"|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)"
    rb"|02(?:0[1-9]|1[0-9]|2[0-8]))"
)


def _sound(field: Field) -> bytes:
    width, free = field.length, field.presence != "O"
    if field.const:
        return re.escape(field.const.ljust(width).encode())
    if field.kind == "A":
        some = b"" if free else b"(?! {%d})" % width
        return some + rb"[^\x00-\x1f\x7f-\x9f]{%d}" % width
    number = b"[0-9]{%d}" % width
    if field.form:
        number = _DAY
    blank = b"| {%d}|0{%d}" % (width, width) if free else b""
    return b"(?:%b%b)" % (number, blank)


def _unknown(message: CareMessage) -> Problem:
    layout = header_layout()
    if len(message.raw) < HEADER:
        words = f"the header ends after {len(message.raw)} characters; {HEADER} are expected"
        return _problem(message, layout["message_type"], "cut", words)
    kind, version = message.values["message_type"], message.values["format_version"]
    words = (
        f"at which positions the zones of message {kind}, version {version!r}, stand is "
        "not public; only its header is read. Add the layout to care_messages.csv "
        "where it is known"
    )
    return _problem(message, layout["format_version"], "unknown-form", words)


def _problem(
    message: CareMessage,
    field: Field,
    code: str,
    words: str,
    severity: Severity = Severity.ERROR,
) -> Problem:
    return Problem(message.number, field.start, field.name, severity, code, words)


def _day(values: Mapping[str, str], name: str) -> date | None:
    told = iso_day(values.get(name, ""))
    return date.fromisoformat(told) if told else None


def _not_before(field: Field, values: Mapping[str, str], rule: CareRule) -> bool:
    last, first = _day(values, field.name), _day(values, rule.argument)
    return last is None or first is None or last >= first


def _in_time(field: Field, values: Mapping[str, str], rule: CareRule) -> bool:
    start, made = _day(values, field.name), _day(values, "created")
    return start is None or made is None or palliative.may_start(start, notified=made)


def _filled(judge: Callable[[str, Field], bool]) -> _Judge:
    """Judge a value only where there is one."""

    def judged(field: Field, values: Mapping[str, str], rule: CareRule) -> bool:
        value = values[field.name]
        return not value.strip("0 ") or judge(value, field)

    return judged


_Judge = Callable[[Field, Mapping[str, str], CareRule], bool]
_JUDGES: Final[Mapping[str, _Judge]] = {
    "niss": _filled(lambda value, _: is_niss(value)),
    "nihii": _filled(lambda value, _: is_nihii(value)),
    "mutuality": _filled(lambda value, _: bool(union_of(value))),
    "listed": _filled(lambda value, field: value in field.meanings),
    "present": lambda field, values, _: bool(values[field.name].strip("0 ")),
    "not-before": _not_before,
    "too-far-back": _in_time,
}

_OF_FORM: Final = {
    "cut": "the message ends too early; make the file anew",
    "unknown-form": "where the zones of this version stand is not public: only its "
    "header is read",
    "out-of-place": "a payer's answer stands among questions; take it out of the file",
    "missing": "a field that must be filled is blank or zero",
    "digits": "a number holds something else than digits",
    "control": "a text holds a control character",
    "date": "a day is no date",
}
"""What is told of a message's form and of single fields."""

_WORDS: Final = {
    "niss": "no national number whose check digits are right",
    "nihii": "no provider's number whose check digits are right",
    "mutuality": "no mutuality's number",
    "listed": "not one of the codes of the zone",
    "present": "zero where something must stand",
    "not-before": "a last day before its first day",
    "too-far-back": "notified later than ten days after the first day",
}
"""What each kind of rule finds, behind which its fields are listed."""

"""The rules that a payer applies to single fields, as `data/rules.csv` has them.

One row is one rule: record and field, the kind of rule with its arguments, when it
applies, and the payer's own code for what breaks it.  `certain` is "no" where a
payer may know better, or where the code's own words leave room: that is told as a
warning and never counted among the errors that refuse a file.

`when` is conditions joined by `&`: `sex=1|2`, `sex!=1`, `third_party^=04` (begins
with), `year>=02024`; nothing behind `=` means zero or blank.  A field of another
record is written with it: `20.sex` is that of the line's invoice.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources
from typing import Final

from attrs import frozen

from protocols.mycarenet import codes
from protocols.mycarenet.checks_columns import LAYOUTS, place_of

OWN_WORDS: Final = {
    "commitment-missing": "the invoice bears no payment commitment; patient and "
    "mutuality may turn out unknown (F200742, R500450): ask with 801000 and put the "
    "answer 801900 into zones 42 to 45 and 53 to 58",
    "commitment-incomplete": "the payment commitment stands there without its days; "
    "copy zones 53 to 58 from the same 801900 answer",
}
"""What is told though no payer has a code for it."""

_COLUMNS: Final = (
    *("record", "field", "rule", "arguments", "when", "code", "certain", "wanted"),
)
_CONDITION: Final = re.compile(r"([0-9a-z_.]+?)(!\^=|\^=|!=|>=|=)([0-9A-Z|]*)")


@frozen(kw_only=True)
class Condition:
    """One condition: a field, how it is compared, and the values."""

    field: str
    operator: str
    values: tuple[bytes, ...]


@frozen(kw_only=True)
class Rule:
    """One row of the table; `position` is where the field begins in the record."""

    line: int
    record: str
    field: str
    kind: str
    arguments: tuple[str, ...]
    when: tuple[Condition, ...]
    code: str
    certain: bool
    wanted: str
    position: int
    title: str
    private: bool

    @property
    def refuses(self) -> bool:
        """Whether what breaks it counts among the errors of the file."""
        return self.certain and self.code[0] in codes.REFUSING

    def told(self, value: str) -> str:
        """Say in one line what is wrong with a value, what was expected, what to do."""
        words = OWN_WORDS.get(self.code)
        if words is not None:
            return words
        found = codes.OWN.find(self.code)
        shown = "" if self.private else f"holds {value!r}; "
        return f"{found.label['en']}: {shown}wanted {self.wanted}; {found.advice}"


@cache
def rules() -> tuple[Rule, ...]:
    """Return every rule; raises ValueError with its line if the table is wrong."""
    file = resources.files("protocols.mycarenet") / "data" / "rules.csv"
    return read_rules(file.read_text(encoding="utf-8"))


@cache
def doubtful() -> frozenset[str]:
    """Return the codes of which a payer may know better: their rules only warn."""
    sure = {rule.code for rule in rules() if rule.certain}
    return frozenset(rule.code for rule in rules()) - sure


def read_rules(text: str) -> tuple[Rule, ...]:
    """Read a table of rules."""
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise ValueError(f"rules.csv:1: the columns must be {','.join(_COLUMNS)}")
    found = []
    for row in reader:
        try:
            found.append(_rule(row, reader.line_num))
        except (KeyError, ValueError) as error:
            raise ValueError(f"rules.csv:{reader.line_num}: {error}") from error
    return tuple(found)


def _rule(row: dict[str, str], line: int) -> Rule:
    record, name, code = row["record"], row["field"], row["code"]
    start, _ = place_of(record, name)
    field = LAYOUTS[record].by_name.get(name)
    if row["certain"] not in {"yes", "no"}:
        raise ValueError(f"certain is {row['certain']!r}; wanted yes or no")
    if code not in OWN_WORDS:
        if not codes.OWN.find(code).own:
            raise ValueError(f"the code {code!r} has no words in codes.csv")
        code = codes.written(code)
    for each in row["arguments"].split():
        if re.fullmatch(r"(?:[0-9]{2}\.)?[a-z_]+", each):
            _check_field(record, each)
    return Rule(
        line=line,
        record=record,
        field=name,
        kind=row["rule"],
        arguments=tuple(row["arguments"].split()),
        when=_conditions(record, row["when"]),
        code=code,
        certain=row["certain"] == "yes",
        wanted=row["wanted"],
        position=start,
        title=field.title if field else name.replace("_", " "),
        private=field is not None and field.private,
    )


def _conditions(record: str, text: str) -> tuple[Condition, ...]:
    found = []
    for part in filter(None, text.split(" & ")):
        match = _CONDITION.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no condition")
        _check_field(record, match[1])
        values = tuple(each.encode() for each in match[3].split("|") if each)
        found.append(Condition(field=match[1], operator=match[2], values=values))
    return tuple(found)


def _check_field(record: str, name: str) -> None:
    of, _, field = name.rpartition(".")
    place_of(of or record, field)

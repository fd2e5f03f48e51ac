"""The header of a billing message: what it says and what is wrong in it.

It has no record number: its positions count from the beginning of the header.
Its codes are the zone and the two digits that payers write behind the zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import evolve, frozen

from protocols.mycarenet.examine_zones import LAYOUTS
from protocols.mycarenet.findings import named
from protocols.mycarenet.message_cut import HEADER
from protocols.mycarenet.problems import problem
from protocols.record_fields import Field
from routing.envelope import Problem

BILLING: Final = "920000"
PRODUCTION: Final = ("12", "0001999")
TEST: Final = ("92", "9991999")
_BEHIND_200 = LAYOUTS["200"].length
_FIELDS: Mapping[str, Field] = {
    **{each.name: each for each in LAYOUTS["200"].fields},
    **{
        each.name: evolve(each, start=each.start + _BEHIND_200)
        for each in LAYOUTS["300"].fields
    },
}
_NEEDED = ("format_version", "reference", "sending_number")
_CODED = (
    ("message_type", (BILLING,), "header-type"),
    ("environment", (PRODUCTION[0], TEST[0]), "header-value"),
    ("instructions_version", (PRODUCTION[1], TEST[1]), "header-value"),
    ("invoice_type", ("01", "03", "09"), "header-value"),
    ("account_mode", ("01", "02"), "header-value"),
)
_FIRST_DAY = "2002-01-01"  # no sending is older


@frozen
class Header:
    """A header as it stands; every zone by its name, empty where it is cut off."""

    content: bytes

    def __getitem__(self, name: str) -> str:
        return _FIELDS[name].raw(self.content).strip()

    def meaning(self, name: str) -> str:
        """Return a day, or a month, in ISO; "" if it is none."""
        return _FIELDS[name].meaning(_FIELDS[name].raw(self.content))

    def problems(self) -> Iterator[Problem]:
        """Yield everything wrong in it."""
        size = len(self.content)
        if not size:
            yield problem(
                "no-header",
                f"the message begins with its record 10; a header of {HEADER} "
                "characters is expected before it",
            )
            return
        if size != HEADER:
            yield problem(
                "header-length",
                f"the header has {size} characters; {HEADER} are expected",
                position=min(size, HEADER),
            )
            return
        yield from self._check_forms()
        yield from self._check_values()

    def _check_forms(self) -> Iterator[Problem]:
        for each in _FIELDS.values():
            if each.name.startswith("filler"):
                continue
            for _, words in each.faults(self.content):
                yield _problem("header-format", each, words)
                break
        for name in _NEEDED:
            if not self[name].strip("0"):
                words = "is zero; a number is expected"
                yield _problem("header-missing", _FIELDS[name], words)

    def _check_values(self) -> Iterator[Problem]:
        for name, allowed, rule in _CODED:
            if self[name] not in allowed:
                words = f"is {self[name]!r}; {' or '.join(allowed)} is expected"
                yield _problem(rule, _FIELDS[name], words)
        pair = self["environment"], self["instructions_version"]
        crossed = (PRODUCTION[0], TEST[1]), (TEST[0], PRODUCTION[1])
        if pair in crossed:
            yield _problem(
                "header-mixed",
                _FIELDS["instructions_version"],
                f"is {pair[1]} while zone 202 is {pair[0]}; one of them says test and "
                "the other production",
            )
        day = self.meaning("created")
        if day and day < _FIRST_DAY:
            yield _problem(
                "header-day", _FIELDS["created"], f"is {day}; a later day is expected"
            )


def _problem(rule: str, each: Field, words: str) -> Problem:
    return problem(
        rule,
        f"header, {named(each)}: {words}",
        position=each.start,
        field=each.name,
        zone=each.zone,
    )

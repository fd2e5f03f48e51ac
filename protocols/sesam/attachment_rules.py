"""Judges a scanned document by the rules of `data/attachment_rules.csv`.

The facts are the checker's (`pdf_child`); one that it could not tell is not judged.
What no rule can tell without a full validator or a person's eye is in
`docs/networks/sesam-attachments.md`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from routing.envelope import Problem, Severity

_OF_PAGE: Final = "page."
_LONGEST: Final = 40  # characters of what a file says that are repeated
_UNREADABLE: Final = "unreadable"


class Rule(NamedTuple):
    """One rule: the fact `at-least`, `at-most`, `one-of` its bound, `always` or `never`."""

    code: str
    severity: Severity
    fact: str
    test: str
    bound: str
    words: str

    def broken_by(self, value: Any) -> bool:
        """Say whether a fact breaks it."""
        match self.test:
            case "never":
                return bool(value)
            case "always":
                return not value
            case "one-of":
                return str(value) not in self.bound.split()
            case "at-least":
                return float(value) < float(self.bound)
            case _:
                return float(value) > float(self.bound)


@cache
def rules() -> Sequence[Rule]:
    """Read the rules that come with the network."""
    text = files("protocols.sesam").joinpath("data/attachment_rules.csv").read_text()
    return [
        Rule(
            row["code"],
            Severity(row["severity"]),
            row["fact"],
            row["test"],
            row["bound"],
            row["words"],
        )
        for row in csv.DictReader(text.splitlines())
    ]


def judge(told: bytes, *, size: int) -> list[Problem]:
    """Say what is wrong with a document; a page's problems name it in their words."""
    facts: Mapping[str, Any] = json.loads(told)
    if why := facts.get(_UNREADABLE):
        words = f"the document cannot be opened: {why}; have it scanned and sent again"
        return [Problem(None, None, None, Severity.ERROR, _UNREADABLE, words)]
    return list(_broken({"size": size, **facts}))


def _broken(facts: Mapping[str, Any]) -> Iterator[Problem]:
    for rule in rules():
        name = rule.fact.removeprefix(_OF_PAGE)
        if name == rule.fact:
            yield from _problem(rule, facts.get(name), None)
            continue
        for number, page in enumerate(facts.get("page", ()), 1):
            yield from _problem(rule, page.get(name), number)


def _problem(rule: Rule, value: Any, page: int | None) -> Iterator[Problem]:
    if value is None or not rule.broken_by(value):
        return
    words = rule.words.format(found=str(value)[:_LONGEST], bound=rule.bound)
    where = "" if page is None else f"page {page}: "
    field = rule.fact.removeprefix(_OF_PAGE)
    yield Problem(None, None, field, rule.severity, rule.code, where + words)

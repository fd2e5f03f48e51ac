"""The problems of a billing message as documents list them, each code once.

`RR` stands for the two digits of a record, `ZZ` for those of a zone in it, `ZZZ` for
a zone of the header or of a total.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from protocols.interface import FileProblem
from protocols.mycarenet import codes
from protocols.mycarenet.checks import CREDIT_NOTE
from protocols.mycarenet.checks_rules import doubtful, rules
from protocols.mycarenet.problems import RULES, Rule, read_data, severity_of
from routing.envelope import Severity

_PAYER: Final = "payer"
_OPEN = {"rr": "RR", "zz": "ZZ", "zone": "ZZZ"}


def listed() -> tuple[FileProblem, ...]:
    """Return every code with its severity and what it means and asks for."""
    found: dict[str, FileProblem] = {}
    for name, rule in RULES.items():
        for code in _codes(name, rule):
            words = f"{rule.explanation} {rule.advice}"
            if code in found:
                words = f"{found[code].words} {words}"
            found[code] = FileProblem(code, _severity(name, code), words)
    for code in sorted(_of_payers()):
        known = codes.OWN.find(code)
        words = f"{known.label['en']}; {known.advice}"
        counted = code not in doubtful()
        severity = severity_of(_PAYER, counted=counted, code=code)
        found.setdefault(code, FileProblem(code, severity, words))
    return tuple(found.values())


def _codes(name: str, rule: Rule) -> Iterator[str]:
    """Yield the codes that a rule has: one, but for zones that repeat others."""
    if name == "repeat":
        yield from (row["code"] for row in read_data("repeats"))
    elif name != _PAYER:
        yield rule.code.format(**_OPEN)


def _of_payers() -> Iterator[str]:
    """Yield the payers' codes that single fields and whole invoices may break."""
    yield CREDIT_NOTE
    yield from (rule.code for rule in rules() if rule.code not in RULES)


def _severity(name: str, code: str) -> Severity:
    """Tell how bad it is; of an open code the letter tells it."""
    if re.fullmatch(r"[BFR](?:[0-9]{2}|RR)(?:[0-9]{2}|ZZ)[0-9]{2}", code):
        return Severity.ERROR if code[0] == "B" else Severity.WARNING
    return RULES[name].severity

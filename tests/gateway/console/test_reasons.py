"""Why the gateway closed, refused, found or did not find something is French as well."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from gateway import inspection
from gateway.console.languages import sentences
from gateway.console.written import in_language
from gateway.steps import attach
from protocols import errors
from protocols.sesam.amc_decision import Identity
from protocols.sesam.amc_destination import destine
from protocols.sesam.amc_identity import write
from protocols.sesam.amc_routing import AmcRouting
from protocols.sesam.amc_tables import GROUPINGS
from protocols.sesam.attachment_rules import judge, rules
from routing.attachment import Way
from tests.gateway.console.test_file_words import untold
from tests.gateway.console.test_written import text_of
from tests.protocols.sesam.amc_invented import REGIMES, TYPES, invented, taken_over
from tests.protocols.sesam.test_amc_routing import DAY

_ROOT = Path(__file__).parents[3]
_PLACE = re.compile(r"\{[^{}]*\}")
_SAID = frozenset({"reason", "cause_words"})
_CLOSES = sorted(
    file
    for room in ("journal", "steps", "webhooks")
    for file in (_ROOT / "gateway" / room).glob("*.py")
)
_REFUSES = [
    _ROOT / "gateway" / f"{name}.py"
    for name in (
        *("journal/approvals", "journal/case_work", "journal/anomalies"),
        *("journal/proposals", "journal/remedies", "journal/replay", "journal/hurry"),
        *("journal/chases", "journal/lots", "journal/staff", "steps/decide"),
        *("steps/second_person", "steps/mending", "steps/outside", "steps/remedies"),
    )
]
_CHANNELS = sorted(
    each
    for room, names in (("channels", "*.py"), ("mycarenet", "genasync*.py"))
    for each in (_ROOT / "protocols" / room).glob(names)
)
_FAILURES = frozenset(
    name for name, each in vars(errors).items() if isinstance(each, type)
)
_DOING = re.compile(r"^(sending|fetching|removing|checking) \{\}")
_FACTS = (
    {"size": 10**7, "encrypted": True, "pages": 0, "version": 1.7, "pdfa": "2B"},
    {"size": 10**6, "pages": 21, "pdfa": "", "bad_metadata": True, "fonts_missing": 2},
    dict.fromkeys(("javascript", "actions", "embedded_files", "outside"), True),
    {"transparency": True, "lzw": True, "output_intent": False, "fonts_missing": 1},
    {"page": [{"short_side": 300, "long_side": 500, "dpi": 72, "spread": 1}]},
    {"page": [{"grey": 254}, {"grey": 3, "pixels_short": 90}]},
    {"unreadable": "it is broken, or no PDF behind its first bytes"},
)


def spoken(words: str) -> str:
    """Say a sentence in French; empty where it, or a part of it, stays English."""
    said = in_language("fr", words)
    return "" if said is None or untold(said) else said


def closing(file: Path) -> Iterator[str]:
    """Name the reasons with which a module closes cases and lets things wait."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg in _SAID:
            yield from filter(None, [text_of(node.value)])


def refusing(file: Path) -> Iterator[str]:
    """Name the sentences with which a module refuses what a person wants."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield from filter(None, map(text_of, node.exc.args[:1]))


def failing(file: Path) -> Iterator[str]:
    """Name the sentences with which a channel says what went wrong."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _FAILURES:
            yield from (_DOING.sub("{}", text_of(each) or "") for each in node.args)


def formless(found: set[str]) -> list[str]:
    """Return the sentences for which French has no form."""
    forms = {_PLACE.sub("{}", form) for form in sentences("fr")}
    return sorted(each for each in found - forms if in_language("fr", each) is None)


def test_every_reason_of_the_gateway_has_a_form() -> None:
    """Whoever lets the gateway close a case tells why in both languages."""
    found = {words for file in _CLOSES for words in closing(file)}
    assert len(found) > 15
    assert formless(found) == []


def test_every_refusal_that_a_page_shows_has_a_form() -> None:
    """What could not be done is told to who pressed the button."""
    found = {words for file in _REFUSES for words in refusing(file)}
    assert len(found) > 30
    assert formless(found) == []


def test_every_failure_of_a_channel_has_a_form() -> None:
    """A dispatch, a return that is stuck and the try of a connection tell of it."""
    found = {words for file in _CHANNELS for words in failing(file)} - {""}
    assert len(found) > 40
    assert formless(found) == []


def test_how_a_payer_was_found_is_french() -> None:
    """Every step, and why nobody was found, whatever the tables hold."""
    rng = Random(6)
    tables = taken_over(invented(rng))
    routing = AmcRouting.of(tables)
    amcs = [row["amc_number"] for row in tables[GROUPINGS]]
    found = set()
    for _ in range(150):
        who = Identity(
            amc_number=rng.choice(("", rng.choice(amcs), "999")),
            mutual_number=rng.choice(("", f"{rng.randrange(40):08}")),
            regime=rng.choice(("", *REGIMES)),
            fund=f"{rng.randrange(3):03}",
            centre="0000",
            convention_type=rng.choice(("", *TYPES)),
            agreement=rng.choice(("", "T", "H")),
            nature=rng.choice(("", "1", "9")),
            day=DAY,
        )
        decision = routing.decide(who)
        found |= {step.why for step in decision.steps} | {decision.reason}
        destination = {"identities": write([who, evolve(who, fund="009")])}
        found.add(destine(destination, tables).words)
    found.add(AmcRouting.of({}).decide(Identity(day=DAY)).reason)
    found.discard("")
    assert len(found) > 100
    assert sorted(each for each in found if not spoken(each)) == []


def test_what_is_wrong_with_a_document_is_french() -> None:
    """Every rule, with the page that it is about."""
    found = [
        problem
        for facts in _FACTS
        for problem in judge(json.dumps(facts).encode(), size=10)
    ]
    assert {each.code for each in found} >= {rule.code for rule in rules()}
    assert [each.message for each in found if not spoken(each.message)] == []


@pytest.mark.parametrize(
    "words",
    [
        "number, patient agree; the lot has that number on another day, or wrapped; day not",
        "patient agree; the number is cut or padded; day, amount, lot not",
        "the keys fit; the patient and the amount do not",
        "send it again (6 times); look into the payer's outbox at once (once)",
        "more is paid than was asked (once); it names a sender of another client (2 times)",
    ],
)
def test_what_agrees_and_what_was_tried_is_french(words: str) -> None:
    """Lists of a few words, each of them said."""
    assert spoken(words)
    assert not re.search(r"agree|number|amount|day|again|once|times", spoken(words))


@pytest.mark.parametrize("way", [None, *(each for each in Way if each is not Way.OPEN)])
def test_what_a_document_waits_for_is_french(way: Way | None) -> None:
    """As its lot says on every page."""
    assert spoken(attach.waiting(way))


def test_what_a_scanner_says_is_told_in_french() -> None:
    """Where none is set, and where it finds nothing."""
    for command in ([], ["true"]):
        words = inspection.scan(command, b"", 5.0).words
        assert spoken(words), words

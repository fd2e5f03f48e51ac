"""The anomaly desk speaks French: no word of it is left in English."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import resources
from types import ModuleType

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from gateway.console import (
    acting,
    bulk,
    case_words,
    matches,
    putting_off,
    remedies,
)
from gateway.console.languages import language
from gateway.journal.anomalies import KINDS
from gateway.journal.cases import HOLDS, STATES
from gateway.steps import bulk as orders
from gateway.telling import advice
from gateway.telling.advice import OF_CAUSE, OF_KIND, Advice
from routing.lifecycle import (
    AnomalyState,
    DepositState,
    DispatchState,
    LotState,
    ReturnState,
)

TEMPLATES = (
    "bulk.html",
    "bulk_done.html",
    "case.html",
    "case_things.html",
    "cases.html",
    "cases_choices.html",
    "matches.html",
    "matches_table.html",
    "remedies.html",
    "remedies_table.html",
)
MODULES = (acting, bulk, matches, remedies)
_ADVICE = [each for each in vars(advice).values() if isinstance(each, Advice)]
_BUTTONS = ("Test the connection", "Agree", "Refuse", "Resolve")


@pytest.fixture(scope="module")
def french() -> set[str]:
    """Read every word that some catalogue has in French."""
    found = set()
    folder = resources.files("gateway.console") / "translations" / "fr"
    for file in folder.iterdir():
        if file.name.endswith(".po"):
            with file.open("rb") as stream:
                for message in read_po(stream, locale="fr"):
                    words = message.string
                    if words and all([words] if isinstance(words, str) else words):
                        found.add(_first(message.id))
    return found


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_are_french(name: str, french: set[str]) -> None:
    """Every word in a template of the desk."""
    file = resources.files("gateway.console") / "templates" / name
    options = {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "trimmed": "false"}
    with file.open("rb") as stream:
        wanted = extract("jinja2.ext:babel_extract", stream, options=options)
        missing = {_first(message) for _, message, _, _ in wanted} - french
    assert missing == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda each: each.__name__)
def test_what_is_said_after_a_form_is_french(
    module: ModuleType, french: set[str]
) -> None:
    """Sentences that a view says: they end with a full stop."""
    assert set(_sentences(module)) - french == set()
    assert set(_sentences(module))


def test_tables_of_words_are_french(french: set[str]) -> None:
    """Advice, causes, events, reasons, remedies, actions, kinds and states."""
    wanted = {
        *KINDS.values(),
        *(each.desk for each in (*OF_KIND.values(), *OF_CAUSE.values())),
        *(each.desk for each in _ADVICE),
        *(words for pair in case_words.CAUSES.values() for words in pair),
        *case_words.EVENTS.values(),
        *case_words.REASONS,
        *case_words.REMEDIES.values(),
        *case_words.TRIES.values(),
        *case_words.ACTIONS.values(),
        *case_words.CHORES.values(),
        *putting_off.PRESETS.values(),
        *(orders.IS, orders.STANDS, orders.SENT, orders.NOTHING_BEHIND),
        *STATES,
        *(str(each) for each in AnomalyState),
        *(str(each) for each in DepositState),
        *(str(each) for each in LotState),
        *(str(each) for each in DispatchState),
        *(str(each) for each in ReturnState),
    }
    assert wanted - french == set()


def test_every_kind_and_cause_has_advice() -> None:
    """What a person must see comes with what to do about it."""
    assert OF_KIND.keys() == KINDS.keys()
    assert set(HOLDS) <= case_words.CAUSES.keys()


def test_the_console_advises_what_can_be_pressed_there() -> None:
    """No command; what stands in quotes is a button, in French as well."""
    french = language("fr")
    buttons = {*case_words.ACTIONS.values(), *_BUTTONS}
    in_french = {french.say(each) for each in buttons}
    for each in (*OF_KIND.values(), *OF_CAUSE.values(), *_ADVICE):
        assert "octway" not in each.desk
        named = re.findall("“(.+?)”", each.desk)
        assert set(named) <= buttons
        told = re.findall("« (.+?) »", french.say(each.desk))
        assert len(told) == len(named)
        assert set(told) <= in_french


def _sentences(module: ModuleType) -> Iterator[str]:
    """Return the sentences of a module that are no docstrings."""
    tree = ast.parse(inspect.getsource(module))
    docs = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.AsyncFunctionDef | ast.FunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in docs:
            words = node.value
            if isinstance(words, str) and words.endswith(".") and words[0].isupper():
                yield words


def _first(message: object) -> str:
    """Return the words of a message, or those of its singular."""
    return str(message[0] if isinstance(message, tuple | list) else message)

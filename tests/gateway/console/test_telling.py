"""A life is told in French as well as on the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway.telling
from routing.envelope import Outcome
from routing.ledger import Account
from routing.lifecycle import (
    DepositState,
    DispatchState,
    ExpectationState,
    HandbackState,
    LotState,
    ReturnState,
)
from tests.gateway.console.test_words import untranslated

_ROOT = Path(gateway.telling.__file__).parent
_STATES = (DepositState, LotState, DispatchState, ExpectationState, ReturnState)


def sentences(path: Path) -> Iterator[str]:
    """Yield what a module says: its texts of several words, but for documentation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, kinds) and isinstance(node.body[0], ast.Expr):
            silent.add(id(node.body[0].value))
        if isinstance(node, ast.JoinedStr):
            silent |= {id(each) for each in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in silent:
            text = node.value
            if isinstance(text, str) and " " in text.strip():
                yield text


@pytest.mark.parametrize("path", sorted(_ROOT.glob("*.py")), ids=lambda path: path.name)
def test_every_sentence_of_a_life_is_french_too(path: Path) -> None:
    """Whoever tells something new tells it in both languages."""
    assert untranslated(sentences(path)) == []


def test_every_state_is_french_too() -> None:
    """States stand as tags on every page."""
    states = [each for kind in _STATES for each in kind]
    told = [*states, *HandbackState, *Outcome]
    known = {"partly paid", *(each for each in Account if each != Account.OUTSIDE)}
    missing = untranslated(iter([*told, *known]))
    assert missing == []

"""What the gateway wrote into the journal is French for who reads French."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.console.languages import sentences
from gateway.console.written import in_language

_ROOT = Path(__file__).parents[3]
_PLACE = re.compile(r"\{[^{}]*\}")
_WRITERS = [
    *sorted((_ROOT / "gateway" / "steps").glob("*.py")),
    *sorted((_ROOT / "gateway" / "webhooks").glob("*.py")),
    _ROOT / "routing" / "directory.py",
]

SAID = {
    "lot 001 of 123456789": "lot 001 de 123456789",
    "invoice 042 in lot 001 of 123456789": "facture 042 du lot 001 de 123456789",
    "lot d1-1: no payer of sesam has code '01999'; the directory has: none alike; add "
    "the code, or a payer with it": "lot d1-1 : aucun organisme de sesam n’a le code "
    "'01999' ; l’annuaire connaît : aucun qui ressemble ; ajoutez le code, ou un "
    "organisme qui l’a",
    "endpoint p: sending a b.b2: line broke; nothing was handed over, it may be tried "
    "again": "point d’accès p : envoi de a b.b2 : line broke ; rien n’a été remis, on "
    "peut réessayer",
    "caisse: sending /in/a.b2: the payer's system, asked to open /in/.a.b2 for writing, "
    "answered: Permission denied (status 3); it was expected to take the request: have the "
    "payer give our account that right": "caisse : envoi de /in/a.b2 : le système de "
    "l’organisme, à qui l’on demandait de préparer /in/.a.b2 en écriture, a répondu : permission refusée "
    "(statut 3) ; il devait accepter la demande : faites donner ce droit à notre compte "
    "par l’organisme",
    "e1: posting a.920000: HTTP status 503: not now; nothing was done, it may be tried "
    "again": "e1 : dépôt de a.920000 : statut HTTP 503 : pas maintenant ; rien n’a été "
    "fait, on peut réessayer",
    "lot d1-1 of payer p: the payer says nothing at all; nothing safe is left to try. "
    "Tried: nothing": "lot d1-1 de l’organisme p : l’organisme ne dit rien du tout ; il "
    "ne reste rien de sûr à essayer. Essayé : rien",
}


@pytest.mark.parametrize("words", sorted(SAID))
def test_a_sentence_is_said_with_what_stands_in_it(words: str) -> None:
    """Sentences within sentences, too; names and numbers stay as they are."""
    assert in_language("fr", words) == SAID[words]
    assert in_language("en", words) == words


def test_what_no_form_fits_is_not_said() -> None:
    """It is shown in English, and marked as such; a long text costs nothing."""
    assert in_language("fr", "something of its own") is None
    assert in_language("fr", "lot a: " * 5000) is None


def test_each_form_keeps_its_places() -> None:
    """No fact is lost on the way."""
    for form, words in sentences("fr").items():
        assert sorted(_PLACE.findall(form)) == sorted(_PLACE.findall(words)), form


def text_of(node: ast.expr) -> str | None:
    """Write a string of the code with its places empty; None for what is no such."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(each) or "{}" for each in node.values)
    return None


def written(file: Path) -> Iterator[str]:
    """Name the sentences with which a module raises anomalies and holds lots."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = [each.value for each in node.keywords if each.arg == "words"]
        if name == "NoRoute":
            given += node.args[1:]
        if name in {"raise_", "NoRoute"}:
            yield from filter(None, map(text_of, given))


def test_every_sentence_of_an_anomaly_has_a_form() -> None:
    """Whoever raises a new one gives it to who reads French, too."""
    forms = {_PLACE.sub("{}", form) for form in sentences("fr")}
    found = {words for file in _WRITERS for words in written(file)}
    assert len(found) > 15
    assert sorted(found - forms) == []

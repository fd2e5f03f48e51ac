"""The console speaks French as well as English."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import resources
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import gateway.console
from gateway.console.languages import language
from gateway.console.rights import RIGHTS
from gateway.console.templates import _environment
from gateway.journal.anomalies import KINDS
from gateway.journal.staff import ROLES
from routing.lifecycle import AnomalyState

_ROOT = Path(gateway.console.__file__).parent
_OPTIONS = {
    "extensions": "jinja2.ext.do",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
}


def in_template(path: Path) -> Iterator[str]:
    """Yield what a template translates."""
    with path.open("rb") as file:
        for _, _, message, _ in babel_extract(file, ["_", "ngettext"], [], _OPTIONS):
            yield (message if isinstance(message, str) else (message or [""])[0]) or ""


def in_module(path: Path) -> Iterator[str]:
    """Yield the sentences that a room of pages says: its constants, and what `go` tells."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "go":
            yield from (
                each.value
                for each in node.args[1:]
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str) and text[:1].isupper() and text[-1:] in ".?!":
                yield text


def untranslated(messages: Iterator[str]) -> list[str]:
    french = language("fr").translations
    known = vars(french)["_catalog"]
    return sorted(
        {each for each in messages if each not in known and (each, 0) not in known}
    )


@pytest.mark.parametrize(
    "path", sorted((_ROOT / "templates").glob("*.html")), ids=lambda path: path.name
)
def test_every_template_is_translated(path: Path) -> None:
    """No page is half French."""
    assert untranslated(in_template(path)) == []


@pytest.mark.parametrize("path", sorted(_ROOT.glob("*.py")), ids=lambda path: path.name)
def test_every_sentence_of_a_view_is_translated(path: Path) -> None:
    """What is said after a form, or about a mistake in it, is French too."""
    assert untranslated(in_module(path)) == []


def test_words_from_data_are_translated() -> None:
    """Roles, states and kinds of anomalies come from code, and are on every page."""
    words = [*ROLES, *AnomalyState, *KINDS.values(), "warning", "error", "critical"]
    assert untranslated(iter(words)) == []
    assert set(ROLES) == set(RIGHTS)


def test_catalogues_hold_no_word_twice_in_two_ways() -> None:
    """A word that two rooms use is translated alike."""
    found: dict[str, tuple[str, object]] = {}
    folder = resources.files("gateway.console") / "translations" / "fr"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        for message in read_po(BytesIO(file.read_bytes()), locale="fr"):
            if not message.id:
                continue
            key = str(message.id)
            where, said = found.setdefault(key, (file.name, message.string))
            assert said == message.string, f"{key}: {where} and {file.name} differ"


def test_a_number_in_a_sentence_is_written_as_the_language_writes_numbers() -> None:
    """As those in tables are: 12484 is read by nobody."""
    text = "{{ ngettext('%(num)s deposit', '%(num)s deposits', 12484) }}"
    assert _environment("en").from_string(text).render() == "12,484 deposits"
    french = _environment("fr").from_string(text).render()
    own = "{{ ngettext('%(num)s day', '%(num)s days', 3, num='three') }}"
    assert _environment("en").from_string(own).render() == "three days"
    assert french == "12\N{NARROW NO-BREAK SPACE}484 dépôts"

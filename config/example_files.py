"""The example files that `octway init` writes, and that the tests load.

A payer's file has `${name}` where the place of its endpoint belongs; a value
goes in as TOML writes it inside quotes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template

COUNTRIES = {"fr": "payers", "be": "payers-be"}
"""Where the example payers of a country lie, among the examples."""

_FOLDER = Path(__file__).parent / "examples"


def names() -> tuple[str, ...]:
    """Return every example file, by its name relative to the written folder."""
    return tuple(
        sorted(
            file.relative_to(_FOLDER).as_posix()
            for file in _FOLDER.rglob("*")
            if file.is_file()
        )
    )


def payers_of(network: str) -> tuple[str, ...]:
    """Return the example payers of a network, and its tables."""
    return tuple(
        name
        for name in names()
        if name.startswith(f"payers/tables/{network}/")
        or (name.startswith("payers/") and f'\nnetwork = "{network}"\n' in _text(name))
    )


def placeholders(name: str) -> tuple[str, ...]:
    """Return what `render` needs for an example."""
    return tuple(Template(_text(name)).get_identifiers())


def render(name: str, values: Mapping[str, object]) -> str:
    """Return the text of an example with its places filled.

    Raises `KeyError` for a value that is missing; values not asked for are
    ignored.
    """
    quoted = {key: json.dumps(str(value))[1:-1] for key, value in values.items()}
    return Template(_text(name)).substitute(quoted)


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")

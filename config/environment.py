"""Environment variables that win over the file: `OCTWAY_SECTION__KEY`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from config.definitions import Definition, from_text
from config.errors import Mistake
from config.reader import Table

_PREFIX = "OCTWAY_"


def variable(path: str) -> str:
    """Return the variable of a setting: `sftp.listen` is OCTWAY_SFTP__LISTEN."""
    return _PREFIX + path.replace(".", "__").replace("-", "_").upper()


def network_names(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the networks that variables name, whether or not the file does."""
    parts = (name.split("__") for name in environ)
    wanted = _PREFIX + "NETWORK"
    return frozenset(
        part[1].lower()
        for part in parts
        if len(part) == len(_KEYED) and part[0] == wanted
    )


_KEYED = ("section", "name", "key")


def overrides(
    known: Mapping[str, Definition], environ: Mapping[str, str], mistakes: list[Mistake]
) -> dict[str, dict[str, Table]]:
    """Return a table of one key for each variable, by section and key.

    `known` maps each setting's whole path to its definition; a variable of ours
    that is none of them is a mistake.
    """
    variables = {variable(path): path for path in known}
    found: dict[str, dict[str, Table]] = {}
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or "__" not in name:
            continue
        file = f"environment: {name}"
        if name not in variables:
            near = difflib.get_close_matches(name, variables, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            mistakes.append(Mistake(file, 0, "", f"is unknown{hint}"))
            continue
        path = variables[name]
        section, _, key = path.rpartition(".")
        value = from_text(known[path], environ[name])
        found.setdefault(section, {})[key] = Table(
            {key: value}, mistakes, file=file, path=section
        )
    return found

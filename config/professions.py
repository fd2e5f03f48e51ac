"""The professions that payers may be told apart by: `professions.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).parent / "professions.toml"


@cache
def professions() -> Mapping[str, str]:
    """Return what each profession is, by its name; they come with the program."""
    found: dict[str, str] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return found

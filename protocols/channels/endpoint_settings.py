"""Settings that endpoints of several channels have, read alike.

A secret comes from a file or the environment, never from the directory itself;
its mistakes name the place and never the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from config.reader import Table


def password(
    table: Table, environment: Mapping[str, str], *, prefix: str = ""
) -> str | None:
    """Read `<prefix>password_file` or `<prefix>password_env`; None for neither."""
    in_file, in_environment = f"{prefix}password_file", f"{prefix}password_env"
    file = table.get(in_file, str, "")
    variable = table.get(in_environment, str, "")
    if file and variable:
        table.wrong(in_environment, f"is given as well as {in_file}; wanted one")
    if variable:
        if not environment.get(variable):
            table.wrong(in_environment, f"names {variable}, which is not set or empty")
        return environment.get(variable)
    if not file:
        return None
    try:
        found = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        table.wrong(in_file, f"{file} cannot be read: {reason}")
        return None
    if not found:
        table.wrong(in_file, f"{file} is empty; wanted a password")
    return found


def number(table: Table, key: str, default: int, most: int) -> int:
    """Read a whole number from 1 to `most`."""
    found = table.get(key, int, default)
    if not 1 <= found <= most:
        table.wrong(key, f"is {found}; wanted a number from 1 to {most}")
    return found


def seconds(table: Table, key: str, default: str) -> float:
    """Read a duration that is some time."""
    found = table.duration(key, default)
    if found <= 0 and isinstance(table.data.get(key), str):
        table.wrong(key, "is no time at all; wanted a duration such as 30s")
    return found

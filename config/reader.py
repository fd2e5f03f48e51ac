"""Reads tables of a TOML file, and remembers everything wrong in them.

A reader never raises at the first mistake: it notes file, line, key, what was
found and what was wanted, so that one start shows every line to mend.  An
empty value comes back in place of a bad one, so reading can go on.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from config.errors import Mistake

T = TypeVar("T", int, str, bool, float)
_WORDS = {
    int: "a whole number",
    str: "a text",
    bool: "true or false",
    float: "a number",
    list: "a list",
    dict: "a table",
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+)([kMGT]?)B?")
_BYTES = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}


class Table:
    """One table of a file, read key by key; `done` reports what nobody asked for."""

    def __init__(
        self,
        data: Mapping[str, Any],
        mistakes: list[Mistake],
        *,
        file: str,
        path: str = "",
        lines: Mapping[str, int] | None = None,
    ) -> None:
        self.data = data
        self.path = path
        self._mistakes = mistakes
        self._file = file
        self._lines = lines or {}
        self._seen: set[str] = set()

    def wrong(self, key: str, message: str) -> None:
        """Note a mistake at `key` of this table."""
        where = self._where(key) if key else self.path
        self._mistakes.append(Mistake(self._file, self.line(key), where, message))

    def line(self, key: str) -> int:
        """Return the line of `key`, or of this table where it is absent, or 0."""
        where = self._where(key) if key else self.path
        return self._lines.get(where, self._lines.get(self.path, 0))

    def get(self, key: str, kind: type[T], default: T | None = None) -> T:
        """Return `key` as `kind`; without a default it must be there."""
        found = self._find(key, missing=default is None)
        if found is None:
            return kind() if default is None else default
        if kind is float and type(found) is int:
            return kind(found)
        if type(found) is not kind:  # a bool is no int here
            self.wrong(key, f"is {found!r}; wanted {_WORDS[kind]}")
            return kind()
        return found

    def choice(
        self, key: str, allowed: Sequence[str], default: str | None = None
    ) -> str:
        """Return a text that is one of `allowed`."""
        found = self.get(key, str, default)
        if found and found not in allowed:
            self.wrong(key, f"is {found!r}; wanted one of {', '.join(allowed)}")
            return allowed[0]
        return found

    def duration(self, key: str, default: str | None = None) -> float:
        """Return seconds from a text like `90s`, `5m`, `2h` or `1d`."""
        wanted = "a duration such as 30s, 5m or 2h"
        match = self._quantity(key, default, _DURATION, wanted)
        return float(match[1]) * _SECONDS[match[2]] if match else 0.0

    def size(self, key: str, default: str | None = None) -> int:
        """Return bytes from a text like `256k`, `50M` or `1G` (powers of 1000)."""
        wanted = "a size such as 256k, 50M or 1G"
        match = self._quantity(key, default, _SIZE, wanted)
        return int(match[1]) * _BYTES[match[2]] if match else 0

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Return a list of texts."""
        found = self._find(key, missing=False)
        if found is None:
            return tuple(default)
        if not isinstance(found, list) or any(type(x) is not str for x in found):
            self.wrong(key, f"is {found!r}; wanted a list of texts")
            return ()
        return tuple(found)

    def table(self, key: str, *, required: bool = False) -> Table:
        """Return a table inside this one; an absent one reads as empty."""
        found = self._find(key, missing=required)
        if found is not None and not isinstance(found, dict):
            self.wrong(key, f"is {found!r}; wanted a table")
            found = None
        return self._inner(found or {}, self._where(key))

    def tables(self, key: str) -> Iterator[Table]:
        """Yield each table of an array of tables."""
        found = self._find(key, missing=False)
        if found is None:
            return
        if not isinstance(found, list) or any(not isinstance(x, dict) for x in found):
            self.wrong(key, "is no list of tables; wanted one or more [[...]]")
            return
        for number, each in enumerate(found):
            yield self._inner(each, f"{self._where(key)}[{number}]")

    def rest(self) -> Mapping[str, Any]:
        """Return every key nobody asked for yet, and count them as asked for."""
        left = {key: self.data[key] for key in self.data if key not in self._seen}
        self._seen.update(left)
        return left

    def skip(self, key: str) -> None:
        """Count `key` as asked for: something else wins over it."""
        self._seen.add(key)

    def done(
        self, *, known: Sequence[str] = (), belongs: Mapping[str, str] | None = None
    ) -> None:
        """Note every key nobody asked for, with the likely right name.

        Without a likely one the names that are `known` are listed, if any are given.
        A key of `belongs` is said to belong into the table that it names.
        """
        for key in self.data:
            if key in self._seen:
                continue
            near = difflib.get_close_matches(key, self._seen, n=1)
            if belongs and key in belongs:
                hint = f" here; it belongs into [{belongs[key]}]"
            elif near:
                hint = f"; did you mean {near[0]!r}?"
            else:
                hint = f"; wanted some of {', '.join(known)}" if known else ""
            self.wrong(key, f"is unknown{hint}")

    def _quantity(
        self, key: str, default: str | None, pattern: re.Pattern[str], wanted: str
    ) -> re.Match[str] | None:
        found = self._find(key, missing=default is None)
        if found is None:
            return pattern.fullmatch(default or "")
        match = pattern.fullmatch(found) if type(found) is str else None
        if match is None:
            self.wrong(key, f"is {found!r}; wanted {wanted}")
        return match

    def _inner(self, data: Mapping[str, Any], path: str) -> Table:
        return Table(
            data, self._mistakes, file=self._file, path=path, lines=self._lines
        )

    def _where(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _find(self, key: str, *, missing: bool) -> Any:
        self._seen.add(key)
        if key not in self.data and missing:
            near = difflib.get_close_matches(key, self.data.keys(), n=1)
            hint = f"; is {near[0]!r} meant for it?" if near else ""
            self.wrong(key, f"is missing{hint}")
        return self.data.get(key)


def read_file(
    path: Path, mistakes: list[Mistake], *, shown: str | None = None
) -> Table:
    """Read a TOML file into a `Table`; a file that cannot be read is a mistake."""
    name = shown or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        mistakes.append(Mistake(name, 0, "", f"cannot be read: {why}"))
        return Table({}, [], file=name)
    return read_text(text, mistakes, name)


def read_text(text: str, mistakes: list[Mistake], name: str) -> Table:
    """Read TOML text into a `Table` whose mistakes name their lines."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else 0
        mistakes.append(Mistake(name, line, "", f"is no valid TOML: {error}"))
        return Table({}, [], file=name)
    except RecursionError:
        message = "is nested too deeply; wanted tables and lists as the documents show"
        mistakes.append(Mistake(name, _deepest(text), "", message))
        return Table({}, [], file=name)
    except ValueError as error:  # a number of thousands of digits
        mistakes.append(Mistake(name, 0, "", f"holds a value beyond measure: {error}"))
        return Table({}, [], file=name)
    return Table(data, mistakes, file=name, lines=_line_numbers(text))


def _deepest(text: str) -> int:
    """Return the line that opens the most lists and tables."""
    lines = text.splitlines()
    opened = [line.count("[") + line.count("{") for line in lines]
    return opened.index(max(opened)) + 1 if opened else 0


_HEADER = re.compile(r"^\s*\[(\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"'.]+)\s*=")


def _line_numbers(text: str) -> dict[str, int]:
    """Map each dotted key to its line; a guide for people, so close is enough."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            plain = header[2].replace('"', "").replace("'", "")
            prefix = _with_indexes(plain, counts)
            if header[1]:
                count = counts.get(prefix, -1) + 1
                counts[prefix] = count
                prefix = f"{prefix}[{count}]"
            lines.setdefault(prefix, number)
        elif key := _KEY.match(line):
            name = key[1].replace('"', "").replace("'", "")
            lines.setdefault(f"{prefix}.{name}" if prefix else name, number)
    return lines


def _with_indexes(path: str, counts: Mapping[str, int]) -> str:
    """Name a table inside the newest element of an array of tables."""
    done = ""
    parts = path.split(".")
    for place, part in enumerate(parts):
        done = f"{done}.{part}" if done else part
        if place < len(parts) - 1 and done in counts:
            done = f"{done}[{counts[done]}]"
    return done

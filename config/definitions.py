"""One definition per setting: its kind, its default, its words.

From the definition of a record come its reader, its line in the list of
settings and its part of the JSON schema, so they cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import attrs

from config.reader import Table
from config.time_zones import zone_names

R = TypeVar("R")
IpNetwork = IPv4Network | IPv6Network
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+)):(\d{1,5})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_LAST_PORT = 65535
_LISTS = frozenset({"paths", "durations", "networks"})


class Address(NamedTuple):
    """Where to listen: a host and a port; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Definition(NamedTuple):
    """What is known of one setting; `default` is as it would stand in the file."""

    key: str
    kind: str
    default: Any
    words: str
    of: tuple[str, ...]
    least: int


def setting(
    kind: str,
    default: Any,
    words: str,
    *,
    of: tuple[str, ...] = (),
    least: int = 0,
    secret: bool = False,
) -> Any:
    """Define a field of a record; a secret one is never shown by its `repr`.

    `of` lists what a choice may be, `least` is the least whole number.
    """
    found = Definition("", kind, default, words, of, least)
    # The default stands for a file that says nothing, read in no folder.
    value = _KINDS[kind](Table({}, [], file=""), found._replace(key="-"), Path())
    return attrs.field(default=value, repr=not secret, metadata={"setting": found})


def definitions(record: type[Any]) -> Mapping[str, Definition]:
    """Return the definitions of a record's fields, by key."""
    return {
        each.name: each.metadata["setting"]._replace(key=each.name)
        for each in attrs.fields(record)
    }


def read_record(
    record: type[R], table: Table, overrides: Mapping[str, Table], folder: Path
) -> R:
    """Read a whole record; `overrides` are tables of one key that win over it.

    Relative paths are taken from `folder`.
    """
    values = {}
    for key, each in definitions(record).items():
        table.skip(key)
        values[key] = _KINDS[each.kind](overrides.get(key, table), each, folder)
    table.done()
    return record(**values)


def from_text(definition: Definition, text: str) -> Any:
    """Return what a file would hold for `text`, given in an environment variable.

    A text that does not fit is returned as it is, for the reader to refuse.
    """
    if definition.kind == "whole" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if definition.kind == "flag":
        return {"true": True, "1": True, "false": False, "0": False}.get(
            text.lower(), text
        )
    if definition.kind in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def schema(record: type[Any]) -> dict[str, Any]:
    """Return the JSON schema of a record's table."""
    found = definitions(record)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _schema(each) for key, each in found.items()},
        "required": [key for key, each in found.items() if each.kind == "required"],
    }


def _schema(definition: Definition) -> dict[str, Any]:
    found: dict[str, Any] = {"description": definition.words}
    if definition.kind == "whole":
        found |= {"type": "integer", "minimum": definition.least}
    elif definition.kind == "flag":
        found |= {"type": "boolean"}
    elif definition.kind in _LISTS:
        found |= {"type": "array", "items": {"type": "string"}}
    else:
        found |= {"type": "string"}
    if definition.kind == "name":
        found["pattern"] = f"^{_NAME.pattern}$"
    if definition.of:
        found["enum"] = list(definition.of)
    if definition.kind != "required":
        found["default"] = definition.default
    return found


def _text(table: Table, each: Definition, folder: Path) -> str:
    return table.get(each.key, str, str(each.default))


def _name(table: Table, each: Definition, folder: Path) -> str:
    found = _text(table, each, folder)
    if not _NAME.fullmatch(found) and type(table.data.get(each.key, "")) is str:
        table.wrong(
            each.key,
            f"is {found!r}; wanted at most 63 letters, digits, dots, hyphens and "
            f"underscores, such as {each.default}",
        )
    return found


def _required(table: Table, each: Definition, folder: Path) -> str:
    found = table.get(each.key, str)
    if not found and table.data.get(each.key) == "":
        table.wrong(each.key, f"is empty; wanted {each.words}")
    return found


def _choice(table: Table, each: Definition, folder: Path) -> str:
    return table.choice(each.key, each.of, str(each.default))


def _whole(table: Table, each: Definition, folder: Path) -> int:
    found = table.get(each.key, int, int(each.default))
    if found < each.least and type(table.data.get(each.key)) is int:
        table.wrong(each.key, f"is {found}; wanted {each.least} or more")
    return found


def _flag(table: Table, each: Definition, folder: Path) -> bool:
    return table.get(each.key, bool, bool(each.default))


def _seconds(table: Table, each: Definition, folder: Path) -> float:
    found = table.duration(each.key, str(each.default))
    if found == 0 and table.data.get(each.key) in ("0s", "0ms", "0m", "0h", "0d"):
        table.wrong(each.key, "is zero; wanted a time that passes")
    return found


def _bytes(table: Table, each: Definition, folder: Path) -> int:
    return table.size(each.key, str(each.default))


def _path(table: Table, each: Definition, folder: Path) -> Path:
    found = table.get(each.key, str, str(each.default))
    if not found and table.data.get(each.key) == "":
        table.wrong(each.key, "is empty; wanted a path")
    return folder / found


def _optional_path(table: Table, each: Definition, folder: Path) -> Path | None:
    found = table.get(each.key, str, "")
    return folder / found if found else None


def _paths(table: Table, each: Definition, folder: Path) -> tuple[Path, ...]:
    return tuple(folder / part for part in table.texts(each.key, each.default))


def _durations(table: Table, each: Definition, folder: Path) -> tuple[float, ...]:
    found = []
    for text in table.texts(each.key, each.default):
        mistakes: list[Any] = []
        seconds = Table({"-": text}, mistakes, file="").duration("-")
        if mistakes or not seconds:
            table.wrong(each.key, f"holds {text!r}; wanted durations such as 30s or 5m")
        found.append(seconds)
    if not found:
        table.wrong(each.key, "is empty; wanted at least one duration such as 30s")
    return tuple(found)


def _networks(table: Table, each: Definition, folder: Path) -> tuple[IpNetwork, ...]:
    found = []
    for text in table.texts(each.key, each.default):
        try:
            found.append(ip_network(text))
        except ValueError:
            table.wrong(
                each.key,
                f"holds {text!r}; wanted networks such as 10.1.0.0/16 or 127.0.0.1/32",
            )
    return tuple(found)


def _address(table: Table, each: Definition, folder: Path) -> Address:
    found = table.get(each.key, str, str(each.default))
    match = _ADDRESS.fullmatch(found)
    if match is None or int(match[3]) > _LAST_PORT:
        if found or table.data.get(each.key) == "":
            table.wrong(
                each.key, f"is {found!r}; wanted host:port such as {each.default}"
            )
        return Address("", 0)
    return Address(match[1] or match[2], int(match[3]))


def _zone(table: Table, each: Definition, folder: Path) -> ZoneInfo:
    found = table.get(each.key, str, str(each.default))
    if found not in zone_names():
        table.wrong(each.key, f"is {found!r}; wanted a name such as {each.default}")
        found = str(each.default)
    return ZoneInfo(found)


_KINDS: Mapping[str, Callable[[Table, Definition, Path], Any]] = {
    "text": _text,
    "name": _name,
    "required": _required,
    "choice": _choice,
    "whole": _whole,
    "flag": _flag,
    "seconds": _seconds,
    "bytes": _bytes,
    "path": _path,
    "optional path": _optional_path,
    "paths": _paths,
    "durations": _durations,
    "networks": _networks,
    "address": _address,
    "zone": _zone,
}

"""What `octway.toml` says, as frozen records.

The sections stand in `config.sections`.  The decision that surprises: a relative path, also inside a URL, is taken from
the folder of the file it stands in, never from where the process was started.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import attrs
from attrs import frozen

from config.definitions import Definition, definitions, read_record, schema
from config.environment import network_names, overrides, variable
from config.errors import ConfigErrors, Mistake
from config.places import database_url, storage_url
from config.reader import Table, read_file, read_text
from config.sections import (
    Attachments,
    Console,
    Database,
    DirectoryPlace,
    Https,
    Limits,
    Log,
    Matching,
    NetworkEmitter,
    Node,
    NotificationPlace,
    OpenId,
    Operations,
    Receipts,
    Retention,
    Sftp,
    Storage,
    Webhooks,
    Work,
)

R = TypeVar("R")


@frozen(kw_only=True)
class Settings:
    """Everything `octway.toml` says; `file` and `lines` say where it says it."""

    node: Node = attrs.field(factory=Node)
    database: Database = attrs.field(factory=Database)
    storage: Storage = attrs.field(factory=Storage)
    sftp: Sftp = attrs.field(factory=Sftp)
    https: Https = attrs.field(factory=Https)
    console: Console = attrs.field(factory=Console)
    openid: OpenId = attrs.field(factory=OpenId)
    operations: Operations = attrs.field(factory=Operations)
    limits: Limits = attrs.field(factory=Limits)
    receipts: Receipts = attrs.field(factory=Receipts)
    retention: Retention = attrs.field(factory=Retention)
    directory: DirectoryPlace = attrs.field(factory=DirectoryPlace)
    network: Mapping[str, NetworkEmitter] = attrs.field(factory=dict)
    work: Work = attrs.field(factory=Work)
    matching: Matching = attrs.field(factory=Matching)
    attachments: Attachments = attrs.field(factory=Attachments)
    notifications: NotificationPlace = attrs.field(factory=NotificationPlace)
    webhooks: Webhooks = attrs.field(factory=Webhooks)
    log: Log = attrs.field(factory=Log)
    file: str = attrs.field(default="octway.toml", eq=False)
    lines: Mapping[str, int] = attrs.field(factory=dict, eq=False, repr=False)
    variables: frozenset[str] = attrs.field(factory=frozenset, eq=False, repr=False)
    """Keys whose value is an environment variable's, and not the file's."""

    @property
    def doors(self) -> tuple[str, ...]:
        """The listeners that are open, by their sections."""
        sections = {
            "sftp": self.sftp.enabled,
            "https": self.https.enabled,
            "operations": self.operations.enabled,
        }
        return tuple(name for name, is_open in sections.items() if is_open)

    def mistake(self, key: str, message: str) -> Mistake:
        """Return a mistake that names the place of `key`: in the file, or the variable."""
        if key in self.variables:
            return Mistake(f"environment: {variable(key)}", 0, key, message)
        return Mistake(self.file, self.lines.get(key, 0), key, message)


_SECTIONS: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {
        "node": Node,
        "database": Database,
        "storage": Storage,
        "sftp": Sftp,
        "https": Https,
        "console": Console,
        "openid": OpenId,
        "operations": Operations,
        "limits": Limits,
        "receipts": Receipts,
        "retention": Retention,
        "directory": DirectoryPlace,
        "work": Work,
        "matching": Matching,
        "attachments": Attachments,
        "notifications": NotificationPlace,
        "webhooks": Webhooks,
        "log": Log,
    }
)


def _known(networks: Iterable[str] = ("NAME",)) -> dict[str, Definition]:
    """Return the definition of every setting by its whole path."""
    records = dict(_SECTIONS)
    records |= {f"network.{name}": NetworkEmitter for name in networks}
    return {
        f"{section}.{key}": each
        for section, record in records.items()
        for key, each in definitions(record).items()
    }


SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {path: each.words for path, each in _known().items()}
)
"""Every setting, as `section.key`, with one line of words."""


def settings_schema() -> dict[str, Any]:
    """Return the JSON schema of `octway.toml`, for editors that check while typing."""
    sections = {key: schema(record) for key, record in _SECTIONS.items()}
    sections["network"] = {
        "type": "object",
        "additionalProperties": schema(NetworkEmitter),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "octway.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": sections,
    }


def load(
    source: Path | str, environ: Mapping[str, str], *, folder: Path | None = None
) -> Settings:
    """Read a file, or TOML text, or raise `ConfigErrors` with every mistake.

    A variable `OCTWAY_SECTION__KEY` wins over the file.  Relative paths are taken
    from the file's folder, or from `folder`.  Nothing that a path names is
    opened, except `database.url_file`; `config.checks` looks at the rest.
    """
    settings, mistakes = attempt(source, environ, folder=folder)
    if settings is None or mistakes:
        raise ConfigErrors(mistakes)
    return settings


def attempt(
    source: Path | str, environ: Mapping[str, str], *, folder: Path | None = None
) -> tuple[Settings | None, list[Mistake]]:
    """Read as `load` does, and return what could be read beside every mistake.

    What was wrong is empty or its default; None if the file is no TOML at all.
    """
    mistakes: list[Mistake] = []
    if isinstance(source, Path):
        name, folder = str(source), folder or source.parent
        root = read_file(source, mistakes)
    else:
        name, folder = "octway.toml", folder or Path()
        root = read_text(source, mistakes, name)
    if mistakes:
        return None, mistakes
    return _read(root, name, environ, folder, mistakes), mistakes


def _read(
    root: Table,
    name: str,
    environ: Mapping[str, str],
    folder: Path,
    mistakes: list[Mistake],
) -> Settings:
    networks = root.table("network")
    emitters = sorted({*networks.data, *network_names(environ)})
    won = overrides(_known(emitters), environ, mistakes)
    lines: dict[str, int] = {}

    def section(record: type[R], key: str, table: Table) -> R:
        lines.update((f"{key}.{each}", table.line(each)) for each in table.data)
        return read_record(record, table, won.get(key, {}), folder)

    values = {
        key: section(record, key, root.table(key)) for key, record in _SECTIONS.items()
    }
    values["network"] = {
        each: section(NetworkEmitter, f"network.{each}", networks.table(each))
        for each in emitters
    }
    root.done()
    variables = frozenset(f"{place}.{key}" for place in won for key in won[place])
    settings = Settings(**values, file=name, lines=lines, variables=variables)
    return _with_places(settings, won.get("database", {}), folder, mistakes)


def _with_places(
    settings: Settings,
    won: Mapping[str, Table],
    folder: Path,
    mistakes: list[Mistake],
) -> Settings:
    """Read the file of the database url, and make the places in urls absolute."""
    places: dict[str, str] = {"database.url": settings.database.url}
    places["storage.url"] = settings.storage.url
    url_file = settings.database.url_file
    key = "database.url_file"
    if url_file is not None and not ("url" in won and "url_file" not in won):
        if "database.url" in settings.lines and key in settings.lines:
            mistakes.append(settings.mistake(key, "stands beside url; wanted only one"))
        try:
            places["database.url"] = url_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            mistakes.append(settings.mistake(key, f"cannot read {url_file}: {why}"))
    for place, absolute in (
        ("database.url", database_url),
        ("storage.url", storage_url),
    ):
        try:
            places[place] = absolute(places[place], folder)
        except ValueError as error:
            mistakes.append(settings.mistake(place, str(error)))
    return attrs.evolve(
        settings,
        database=attrs.evolve(settings.database, url=places["database.url"]),
        storage=attrs.evolve(settings.storage, url=places["storage.url"]),
    )

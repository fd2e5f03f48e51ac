"""The site's own files: settings and directory go into a backup, keys never do.

Whoever has both can read patients' data, so keys are named one by one and left to be
kept elsewhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import frozen
from sqlalchemy.engine import make_url

from config.settings import Settings

_TEXTS: Final = (".toml", ".csv", ".csv.before")  # of the payer directory
_JOURNAL: Final = ("", "-wal", "-shm", "-journal")
_NO_KEYS: Final = frozenset({".lock"})
_FILE: Final = "_file"


@frozen(kw_only=True)
class SiteFiles:
    """Paths of an installation, as they are on disk.

    `texts` lie in the folder of the settings; `keys` are all else that is needed and
    that no backup holds: keys, certificates, passwords.
    """

    folder: Path
    texts: tuple[Path, ...]
    keys: tuple[Path, ...]

    def name(self, path: Path) -> str:
        """Name a path from the folder of the settings, where it lies in it."""
        if path.is_relative_to(self.folder):
            return str(path.relative_to(self.folder))
        return str(path)


def site_files(settings: Settings) -> SiteFiles:
    """List what an installation has beside journal and storage."""
    file = Path(settings.file).absolute()
    folder = file.parent
    directory = settings.directory.path.absolute()
    named = list(_named(settings))
    beside = list(_under(directory))
    wanted = [file, *(each for each in [*named, *beside] if each.name.endswith(_TEXTS))]
    texts = [each for each in wanted if each.is_file() and each.is_relative_to(folder)]
    keys = {each for each in (*beside, *named, *wanted) if each.is_file()}
    keys.update(_of_data(settings))
    for text in texts:
        root = directory if text.is_relative_to(directory) else text.parent
        keys.update(each for each in _said(text, root) if each.is_file())
    return SiteFiles(
        folder=folder,
        texts=tuple(dict.fromkeys(texts)),
        keys=tuple(sorted(keys.difference(texts))),
    )


def _of_data(settings: Settings) -> Iterator[Path]:
    """List the files of the data folder that are neither journal nor storage."""
    journal = make_url(settings.database.url).database or ""
    ours = {Path(journal + end).absolute() for end in _JOURNAL}
    storage = settings.storage.folder.absolute()
    for each in _under(settings.node.data.absolute()):
        if each in ours or each.is_relative_to(storage) or each.suffix in _NO_KEYS:
            continue
        yield each


def _named(settings: Settings) -> Iterator[Path]:
    """List the files that any setting names."""
    for section in attrs.astuple(settings, recurse=False):
        if not attrs.has(type(section)):
            continue
        for value in attrs.astuple(section, recurse=False):
            several = value if isinstance(value, tuple) else (value,)
            yield from (
                each.absolute()
                for each in several
                if isinstance(each, Path) and each.is_file()
            )


def _said(text: Path, root: Path) -> Iterator[Path]:
    """List the files that a text names by keys such as `password_file`."""
    if text.suffix != ".toml":
        return
    try:
        tables: list[Any] = [tomllib.loads(text.read_text(encoding="utf-8"))]
    except ValueError:  # a mistake in it is told by `octway check`, and is no hindrance
        return
    while tables:
        table = tables.pop()
        if isinstance(table, list):
            tables += table
        elif isinstance(table, dict):
            tables += table.values()
            yield from (
                (root / value).absolute()
                for key, value in table.items()
                if key.endswith(_FILE) and isinstance(value, str) and value
            )


def _under(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (each for each in sorted(folder.rglob("*")) if each.is_file())

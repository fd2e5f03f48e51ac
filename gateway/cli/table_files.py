"""Tables that a command puts into the payer directory: tried first, then written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from config.directory_records import DirectoryData
from config.errors import ConfigErrors
from gateway.cli import key_files
from gateway.house import read_directory
from protocols.catalog import Catalog


def try_out(folder: Path, files: Mapping[str, str]) -> DirectoryData:
    """Return the directory as it would be; raise `ConfigErrors` if it would not work.

    `files` are texts by their names in the directory; nothing of it is touched.
    """
    with tempfile.TemporaryDirectory(prefix="octway-import-") as temporary:
        copy = Path(temporary) / "payers"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("keys"))
        for name, text in files.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(text, encoding="utf-8")
        catalog = Catalog.installed()
        networks = {network.name: network for network in catalog.networks()}
        try:
            return read_directory(copy, catalog, networks)
        except ConfigErrors as errors:
            raise ConfigErrors(
                each._replace(file=each.file.replace(str(copy), str(folder)))
                for each in errors.mistakes
            ) from None


def replace(table: Path, text: str, *, keep: bool) -> None:
    """Write a table in one step; `keep` leaves the one before as NAME.before.

    Raises `OSError`, as on a full disk; then the table is as it was.
    """
    table.parent.mkdir(parents=True, exist_ok=True)
    if keep:
        before = table.with_name(f"{table.name}.before")
        key_files.replace(before, table.read_bytes(), key_files.PUBLIC)
    key_files.replace(table, text, key_files.PUBLIC)

"""Copies of keys, in a folder of their own that is kept apart from every backup."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.backup.site_files import SiteFiles
from gateway.storage.local import sync_folder


def copy(site: SiteFiles, to: Path) -> None:
    """Copy the keys that lie in the site's folder; what is there of them is replaced."""
    for each in site.keys:
        if each.is_relative_to(site.folder):
            _copy(each, to / each.relative_to(site.folder))


def put_back(keys: Path, into: Path) -> list[str]:
    """Copy keys to where they belong; return those copied.  None is overwritten."""
    made = []
    for each in sorted(keys.rglob("*")):
        name = each.relative_to(keys)
        if each.is_file() and not (into / name).exists():
            _copy(each, into / name)
            made.append(str(name))
    return made


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    working = target.with_name(f".{target.name}.part")
    with working.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(source.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    working.rename(target)
    sync_folder(target.parent)

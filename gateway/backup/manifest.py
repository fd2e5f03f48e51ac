"""What a backup holds: one list a moment, written last and read first.

    DIR/storage/                      stored files, shared by all moments
    DIR/20261126T230501Z/             one moment: the journal, the site's own files
    DIR/20261126T230501Z/manifest.json

A moment without a manifest was never finished and is nothing; a manifest names every
file with its size and SHA-256.  Files in storage only grow, so an older moment is the
beginning of what lies there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

import attrs
from attrs import frozen

from gateway.errors import IntegrityBroken
from gateway.storage.local import sync_folder

FORMAT: Final = 1
STORAGE: Final = "storage"
_NAME: Final = "manifest.json"
_BLOCK: Final = 1 << 20


@frozen(kw_only=True)
class Kept:
    """One file of a backup: the first `size` bytes of it have this SHA-256.

    `last` is the stored thing that ends it, where it is a file of storage.
    """

    name: str
    size: int
    sha256: str
    last: str = ""


@frozen(kw_only=True)
class Manifest:
    """One moment of an installation: everything acknowledged before `taken_at`.

    The first of `site` are the settings.  `keys` are the ids of the key-encryption keys without which its files are noise;
    `broken` says what could not be taken over as it should be.
    """

    taken_at: float
    version: str
    schema: str
    engine: str
    journal: Kept
    site: Sequence[Kept]
    files: Sequence[Kept]
    payloads: int
    keys: Sequence[str]
    key_files: Sequence[str]
    broken: Sequence[str] = ()


def write(folder: Path, manifest: Manifest) -> None:
    """Finish a moment: durable and whole when this returns, absent before."""
    content = {"format": FORMAT, **attrs.asdict(manifest)}
    fresh = folder / f".{_NAME}.part"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(folder / _NAME)
    sync_folder(folder)
    sync_folder(folder.parent)


def read(folder: Path) -> Manifest:
    """Read the list of one moment, or raise `IntegrityBroken`."""
    try:
        content = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise IntegrityBroken(
                f"{folder / _NAME}: is of a newer octway; restore with that one"
            )
        content["journal"] = Kept(**content["journal"])
        for each in ("site", "files"):
            content[each] = tuple(Kept(**one) for one in content[each])
        made = Manifest(**content)
        for one in (made.journal, *made.site, *made.files):
            _must_lie_inside(one.name)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise IntegrityBroken(
            f"{folder / _NAME}: is no list of a backup ({type(error).__name__}); "
            "restore another moment, and move this one away so that backups go on"
        ) from error
    return made


def _must_lie_inside(name: str) -> None:
    """Refuse a name that would lead out of the folder that it is restored into."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(name)


def moments(backup: Path) -> list[Path]:
    """List the finished moments of a backup, oldest first."""
    return sorted(each.parent for each in backup.glob(f"*/{_NAME}"))


def by_name(manifest: Manifest) -> Mapping[str, Kept]:
    """Give the files of storage by their names."""
    return {each.name: each for each in manifest.files}


def take(source: Path, target: Path, name: str) -> Kept:
    """Copy a whole small file; durable but for its folder when this returns."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with source.open("rb") as read_from, target.open("xb") as write_to:
        size, sha256 = pour(read_from, write_to)
        os.fsync(write_to.fileno())
    return Kept(name=name, size=size, sha256=sha256)


def pour(source: BinaryIO, target: BinaryIO) -> tuple[int, str]:
    """Copy what comes; return how much it was, and its SHA-256."""
    found, size = hashlib.sha256(), 0
    for block in blocks(source):
        target.write(block)
        found.update(block)
        size += len(block)
    target.flush()
    return size, found.hexdigest()


def seen(path: Path, name: str) -> Kept:
    """Say what a file holds, read as a whole."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Kept(name=name, size=file.tell(), sha256=sha256)


def blocks(file: BinaryIO, most: int | None = None) -> Iterator[bytes]:
    """Read a file block by block, `most` bytes of it."""
    left = most
    while block := file.read(_BLOCK if left is None else min(_BLOCK, left)):
        yield block
        if left is not None:
            left -= len(block)


def facts(manifest: Manifest, folder: Path) -> dict[str, Any]:
    """Tell of a moment for programs."""
    return {
        "moment": folder.name,
        "taken_at": manifest.taken_at,
        "version": manifest.version,
        "schema": manifest.schema,
        "engine": manifest.engine,
        "files": len(manifest.files),
        "payloads": manifest.payloads,
        "bytes": sum(each.size for each in manifest.files) + manifest.journal.size,
        "keys": list(manifest.keys),
        "key_files": list(manifest.key_files),
        "broken": list(manifest.broken),
    }

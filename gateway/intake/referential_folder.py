"""The folder `/out/referential` of one client: the payer directory in force, as a file.

It holds the newest version until the client removes it, by which it says that it has
that one; then nothing, until there is another.  An older version can still be got by
its name, so that a change between a listing and a download breaks nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.errors import NoSuchPath
from gateway.intake.downloads import InMemory
from gateway.intake.interface import Download, Entry
from gateway.journal import directories, referentials
from gateway.referential import file
from gateway.referential.versions import Version, Versions

NAME: Final = "referential"


class ReferentialFolder:
    """What stands in it; all of it reads the journal, so it is for threads."""

    def __init__(self, versions: Versions, client: str, channel: str) -> None:
        self._versions = versions
        self._read = versions.database.read
        self._client = client
        self._channel = channel

    def entries(self) -> Sequence[Entry]:
        """List it: one file, or none where the client has it."""
        current = self._versions.current()
        has = self._read(referentials.has, self._client, current.name)
        return [] if has else [self._entry(current)]

    def entry(self, name: str) -> Entry | None:
        """Look at one name."""
        found = self._find(name)
        return None if found is None else self._entry(found)

    def open(self, name: str) -> Download | None:
        """Open a version by its name."""
        found = self._find(name)
        return None if found is None else InMemory(found.whole)

    def take(self, name: str) -> tuple[str, str, str]:
        """Return what is to be journaled when the client removes a name."""
        found = self._find(name)
        if found is None:
            raise NoSuchPath(f"/out/{NAME}/{name}: there is no such file")
        return self._client, found.name, self._channel

    def _find(self, name: str) -> Version | None:
        """Find a version that the client has not removed."""
        current = self._versions.current()
        version: Version | None = current
        if name != file.name_of(current.name):
            beginning = file.version_in(name)
            whole = beginning and self._read(directories.beginning_with, beginning)
            version = self._versions.of(whole) if whole else None
        if version is None:
            return None
        has = self._read(referentials.has, self._client, version.name)
        return None if has else version

    def _entry(self, version: Version) -> Entry:
        loaded = self._read(directories.loaded_at, version.name)
        return Entry(
            name=file.name_of(version.name),
            is_folder=False,
            size=len(version.whole),
            modified=loaded or 0.0,
            writable=False,
        )

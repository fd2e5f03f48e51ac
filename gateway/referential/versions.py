"""Versions of the referential: the one in force, and each that ever was.

One version never changes, so what was made of it once is kept for the next who asks;
any node makes the same again from the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from attrs import define

from config.directory_files import from_json
from gateway.clock import Now
from gateway.database import Database
from gateway.journal import directories
from gateway.referential import file
from protocols.interface import Network
from routing import payer_search
from routing.card import Card, CardFound
from routing.directory import Directory
from routing.payer_search import Found, PayerSearch
from routing.referential import Payers, payers_of

_KEPT: Final = 4  # versions in memory: what is in force, and what some come from
_ANYWHERE: Final = Path()  # no path of an endpoint is ever used here


@define(eq=False, slots=False)
class Version:
    """One version: its payers, a search among them, and the whole of it as a file."""

    directory: Directory
    networks: Mapping[str, Network]

    @property
    def name(self) -> str:
        """The version of the directory."""
        return self.directory.version

    @cached_property
    def payers(self) -> Payers:
        """All payers, by id."""
        return payers_of(
            self.directory.data,
            lambda network, tables: (
                self.networks[network].card_rows(tables)
                if network in self.networks
                else ()
            ),
        )

    @cached_property
    def whole(self) -> bytes:
        """The referential as one compressed file."""
        return file.write(self.name, self.payers.values())

    def search(self, wanted: PayerSearch, on: date) -> Found:
        """Find payers of this version."""

        def read_card(network: str, card: Card) -> CardFound | None:
            if network not in self.networks:
                return None
            tables = self.directory.tables(network)
            return self.networks[network].read_card(card, tables, on)

        return payer_search.search(wanted, self.payers, self.directory, read_card, on)


class Versions:
    """Every version by its name; for threads, as a large one takes its time."""

    def __init__(
        self,
        *,
        database: Database,
        directory: Callable[[], Directory],
        networks: Mapping[str, Network],
        now: Now,
    ) -> None:
        self.database = database
        self._directory = directory
        self._networks = networks
        self._now = now
        self._lock = threading.Lock()
        self._made: dict[str, Version] = {}  # the oldest first

    def today(self) -> date:
        """Return the day, in UTC, by which codes are valid or not."""
        return datetime.fromtimestamp(self._now(), UTC).date()

    def current(self) -> Version:
        """Return the version in force."""
        return self._kept(self._directory())

    def of(self, name: str) -> Version | None:
        """Return a version that is or was in force; None if there never was such one."""
        current = self.current()
        if name == current.name:
            return current
        with self._lock:
            known = self._made.get(name)
        if known is not None:
            return known
        content = self.database.read(directories.content, name)
        if content is None:
            return None
        return self._kept(Directory(from_json(content, _ANYWHERE)))

    def _kept(self, directory: Directory) -> Version:
        """Return what is kept of a version, newly made if nothing is."""
        with self._lock:
            found = self._made.pop(directory.version, None)
            if found is None:
                found = Version(directory, self._networks)
            self._made[found.name] = found
            while len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
            return found

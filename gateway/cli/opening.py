"""What most commands open first: the settings, and the journal they name.

A command has an event chain of its own, so that it never disturbs a running
node's.  Nothing is made here: a database that is not there is a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError

from config.errors import ConfigErrors, Mistake
from config.settings import Settings, load
from gateway.cli.arguments import Options
from gateway.cli.terminal import Terminal
from gateway.database import Database
from gateway.house import open_database, read_directory
from gateway.pinning import in_force
from gateway.storage.local import LocalStorage
from gateway.storage.payloads import Payloads
from gateway.storage.vault import read_key_ring
from protocols.catalog import Catalog
from routing.directory import Directory

_DEFAULT: Final = "octway.toml"
_VARIABLE: Final = "OCTWAY_CONFIG"


@frozen(kw_only=True)
class Journal:
    """The journal of an installation, open for one command."""

    settings: Settings
    database: Database


def settings_of(options: Options, terminal: Terminal) -> Settings:
    """Read the settings that a command line means, or raise `ConfigErrors`."""
    return load(settings_file(options, terminal), terminal.environ)


def settings_file(options: Options, terminal: Terminal) -> Path:
    """Name the file of settings that a command line means, or raise `ConfigErrors`."""
    path = Path(options.config or terminal.environ.get(_VARIABLE) or _DEFAULT)
    if not path.is_file():
        why = "is no file" if path.exists() else "is missing"
        raise ConfigErrors(
            [
                Mistake(
                    str(path),
                    0,
                    "",
                    f"{why}; wanted settings as `octway init DIR` writes them, "
                    "named with -c FILE",
                )
            ]
        )
    return path


@contextmanager
def journal(options: Options, terminal: Terminal) -> Iterator[Journal]:
    """Open the journal and let go of it afterwards."""
    settings = settings_of(options, terminal)
    database = database_of(settings, terminal)
    try:
        yield Journal(settings=settings, database=database)
    finally:
        database.stop()


def database_of(settings: Settings, terminal: Terminal) -> Database:
    """Open the database, or raise `ConfigErrors` or `SchemaMismatch`."""
    with database_errors(settings):
        _must_be_there(settings)
        return open_database(
            settings, f"{settings.node.id}/command", terminal.now, call_at_once
        )


@contextmanager
def database_errors(settings: Settings) -> Iterator[None]:
    """Turn what a driver says into a mistake of `database.url`, without the url."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        why = str(error.orig).strip().splitlines()[0]
        hint = "; is its disk full?" if "disk" in why.lower() else ""
        message = f"the database cannot be opened: {why}{hint}"
        raise ConfigErrors([settings.mistake("database.url", message)]) from error
    except ArgumentError as error:
        message = "is no address of a database; wanted sqlite:///FILE or postgresql+…"
        raise ConfigErrors([settings.mistake("database.url", message)]) from error


def payloads_of(settings: Settings, terminal: Terminal) -> Payloads:
    """Open the storage of payloads with its keys."""
    return Payloads(
        storage=LocalStorage(
            settings.storage.folder,
            node=settings.node.id,
            segment_size=settings.storage.segment_size,
        ),
        keys=read_key_ring(settings.storage.key_file, terminal.entropy),
        now=terminal.now,
        entropy=terminal.entropy,
        segment_limit=settings.storage.segment_limit,
    )


def directory_of(settings: Settings, catalog: Catalog) -> Directory:
    """Read the payer directory, or raise `ConfigErrors` with all mistakes."""
    networks = {network.name: network for network in catalog.networks()}
    return Directory(read_directory(settings.directory.path, catalog, networks))


def directory_in_force(opened: Journal, catalog: Catalog) -> Directory:
    """Return the directory that the nodes work with: a pinned version, or the files'.

    Raises `ConfigErrors` with all mistakes of the files.
    """
    networks = {network.name: network for network in catalog.networks()}
    folder = opened.settings.directory.path
    files = read_directory(folder, catalog, networks)
    return Directory(in_force(opened.database, files, networks, folder))


def call_at_once(call: Callable[[], None]) -> None:
    """Call where we are: a command has no reactor."""
    call()


def sqlite_file(settings: Settings) -> Path | None:
    """Return the file of an embedded database, or None for a server."""
    url = make_url(settings.database.url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(url.database)


def _must_be_there(settings: Settings) -> None:
    file = sqlite_file(settings)
    if file is not None and not file.exists():
        message = f"{file} is missing; run `octway migrate` to make it"
        raise ConfigErrors([settings.mistake("database.url", message)])

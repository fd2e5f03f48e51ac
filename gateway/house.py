"""What a node and the command line share: journal, storage, keys, directory.

Built from the settings and nothing else; no listener, no step, no reactor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from attrs import evolve, field, frozen
from sqlalchemy import Connection, insert, select

from config.directory_files import load_directory
from config.directory_records import DirectoryData, PayerEntry
from config.settings import Settings
from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import revision, schema
from gateway.journal.dialect import open_engine
from gateway.notifications.in_force import CurrentNotifications, read_notifications
from gateway.storage.local import LocalStorage
from gateway.storage.payloads import Payloads
from gateway.storage.vault import read_key_ring
from protocols.catalog import Catalog
from protocols.interface import Network
from protocols.networks import ByNetwork, Networks
from protocols.sending import Emitter
from routing import profile
from routing.directory import Directory


@frozen(kw_only=True)
class House:
    """The parts behind every door and every command."""

    settings: Settings
    catalog: Catalog
    networks: Mapping[str, Network]
    emitters: Mapping[str, Emitter]
    database: Database
    payloads: Payloads
    directory: CurrentDirectory
    now: Now
    entropy: Entropy
    notifications: CurrentNotifications = field(factory=CurrentNotifications)

    def close(self) -> None:
        """Write what waits, and let go of files and connections."""
        self.database.stop()
        self.payloads.storage.close()


class CurrentDirectory:
    """The payer directory in force; called for it, replaced as a whole."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __call__(self) -> Directory:
        """Return the directory in force."""
        return self._directory

    def replace(self, directory: Directory) -> None:
        """Put another version in force."""
        self._directory = directory


def open_house(
    settings: Settings,
    *,
    chain: str,
    now: Now,
    entropy: Entropy,
    call_from_thread: Callable[[Callable[[], None]], None],
    durable: bool = True,
    catalog: Catalog | None = None,
) -> House:
    """Open everything, or raise; networks are those installed, or of a `catalog`.

    What is written need not outlive the machine where it is not `durable`.

    Raises `SchemaMismatch` when the database is of another version,
    `ConfigErrors` when the payer directory or the rules of notification have mistakes.
    """
    catalog = catalog or Catalog.installed()
    networks = Networks(catalog.networks())
    directory = Directory(read_directory(settings.directory.path, catalog, networks))
    told = read_notifications(settings, [each.id for each in directory.payers()])
    database = open_database(settings, chain, now, call_from_thread, durable=durable)
    storage = LocalStorage(
        settings.storage.folder,
        node=settings.node.id,
        segment_size=settings.storage.segment_size,
        durable=durable,
    )
    payloads = Payloads(
        storage=storage,
        keys=read_key_ring(settings.storage.key_file, entropy),
        now=now,
        entropy=entropy,
        segment_limit=settings.storage.segment_limit,
    )
    emitters = ByNetwork(
        {
            name: Emitter(
                number=each.emitter_number,
                kind=each.emitter_kind,
                name=each.emitter_name,
            )
            for name, each in settings.network.items()
        }
    )
    return House(
        settings=settings,
        catalog=catalog,
        networks=networks,
        emitters=emitters,
        database=database,
        payloads=payloads,
        directory=CurrentDirectory(directory),
        now=now,
        entropy=entropy,
        notifications=CurrentNotifications(told),
    )


def open_database(
    settings: Settings,
    chain: str,
    now: Now,
    call_from_thread: Callable[[Callable[[], None]], None],
    *,
    durable: bool = True,
) -> Database:
    """Open the journal and check its version; the writer is not started yet."""
    url = settings.database.url
    writer = open_engine(url, write=True, connections=1, durable=durable)
    with writer.connect() as connection:
        revision.check(connection)
    return Database(
        writer=writer,
        reader=open_engine(
            url,
            write=False,
            connections=settings.database.connections,
            durable=durable,
        ),
        chain=chain,
        now=now,
        call_from_thread=call_from_thread,
    )


def read_directory(
    path: Path, catalog: Catalog, networks: Mapping[str, Network]
) -> DirectoryData:
    """Read the payer directory's files, or raise `ConfigErrors` with all mistakes."""
    data = load_directory(
        path,
        check_rules=lambda network, rules: networks[network].check_rules(rules),
        check_code=lambda network, code: networks[network].check_code(code),
        check_table=lambda network, name, rows: networks[network].check_table(
            name, rows
        ),
        check_profile=lambda payer: _profile_problems(payer, networks[payer.network]),
        known_networks=catalog.network_names,
        known_channels=catalog.channel_names,
    )
    kinds = {name: tuple(each.answer_kinds) for name, each in networks.items()}
    return evolve(data, kinds=kinds)


def _profile_problems(payer: PayerEntry, network: Network) -> Iterator[tuple[str, str]]:
    if network.countries and payer.country not in network.countries:
        home = " or ".join(network.countries)
        yield (
            "payer.country",
            f"is {payer.country!r}, whose holidays would count; payers of "
            f"{network.name} are in {home}: wanted that, and their time_zone",
        )
    yield from profile.problems(payer, network.answer_kinds)


def note_directory(tx: Tx, data: DirectoryData) -> bool:
    """Keep a version of the directory in the journal; False if it is there."""
    table = schema.directory_version
    there = tx.connection.execute(
        select(table.c.version).where(table.c.version == data.version)
    ).scalar_one_or_none()
    if there is None:
        tx.connection.execute(
            insert(table),
            {
                "version": data.version,
                "content": _without_secrets(data),
                "loaded_at": tx.now,
            },
        )
    tx.say("directory.loaded", data.version, payers=len(data.payers))
    return there is None


def known_versions(connection: Connection) -> list[str]:
    """Name every directory version that was ever in force, oldest first."""
    table = schema.directory_version
    query = select(table.c.version).order_by(table.c.loaded_at)
    return [row.version for row in connection.execute(query)]


def _without_secrets(data: DirectoryData) -> str:
    """Write a version down; endpoints name their secret files, never secrets."""
    return data.to_json()

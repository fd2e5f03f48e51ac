"""The folder of a demo: settings, keys, simulated payers, clients, a login.

What is there is kept, so a second run on the same folder goes on where the
first one ended.  Only the payers' files are written anew each time: the payers
listen somewhere else, and their days last a second.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from paramiko import Ed25519Key

from config.settings import Settings, load
from gateway.cli import key_files
from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.house import open_database
from gateway.intake.credentials import (
    hash_password,
    new_password,
    ssh_fingerprint,
    token_hash,
)
from gateway.journal import clients, migrations, staff
from gateway.journal.dialect import open_engine
from gateway.simulator.demo_payers import DemoPayer, hurried, is_payer, payers_of
from gateway.simulator.emitters import emitter_settings
from gateway.simulator.vendor_accounts import Account, invent, read_account
from gateway.simulator.vendor_files import Address
from gateway.storage.vault import new_key_file
from protocols.catalog import Simulated

CONFIG: Final = "octway.toml"
_PAYER_KEY: Final = "payer_ed25519"
_LOGIN: Final = "login.json"
_NODE: Final = "demo"
_STAFF: Final = "demo"

_SETTINGS: Final = """\
# Octway's demo: settings of its gateway.  What is not said here has its default;
# `octway init DIR` writes a file with every setting.
[node]
id = "demo"

[sftp]
listen = "127.0.0.1:0"          # 0: any free port; the demo prints which

[https]
listen = "127.0.0.1:0"

[operations]
listen = "127.0.0.1:0"

[limits]
free_space = "50M"

{emitters}[work]                          # a simulated payer's day lasts a second
gather_interval = "1s"
collect_interval = "2s"
watch_interval = "2s"
"""


class NotADemo(Exception):
    """A folder belongs to a gateway that is no demo."""


@frozen(kw_only=True)
class DemoHome:
    """A folder that is ready: whom it knows, and with which keys."""

    folder: Path
    settings: Settings
    vendors: tuple[Account, ...]
    visitor: Account
    receipt_key: Ed25519PublicKey
    staff: str
    password: str
    payer_key: str
    simulated: tuple[Simulated, ...]
    payers: tuple[DemoPayer, ...]
    addresses: tuple[Address, ...]

    @property
    def config(self) -> Path:
        """Its `octway.toml`."""
        return self.folder / CONFIG

    @property
    def host_key(self) -> str:
        """The public key of its SFTP door, as known_hosts wants it."""
        key = Ed25519Key.from_private_key_file(str(self.settings.sftp.host_keys[0]))
        return f"{key.get_name()} {key.get_base64()}"


def prepare(
    folder: Path,
    simulated: Sequence[Simulated],
    *,
    count: int,
    seed: int,
    now: Now,
    entropy: Entropy,
) -> DemoHome:
    """Make what is missing for `count` clients of simulated networks, and a visitor.

    Raises `NotADemo` for the folder of another gateway, and leaves it alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = _SETTINGS.format(emitters=emitter_settings(simulated))
    key_files.write_new(folder / CONFIG, text, key_files.PUBLIC)
    settings = load(folder / CONFIG, {})
    if settings.node.id != _NODE:
        raise NotADemo(
            f"{folder}: is the folder of gateway {settings.node.id!r}, not of a demo, "
            "which would put invented claims and payers into it; name a new or empty "
            "folder, or one that a demo made"
        )
    receipt_key = _write_keys(settings, now, entropy)
    payer_key = _keep_key(folder / "keys" / _PAYER_KEY, entropy)
    vendors = [
        _account(folder, invent(number, seed, entropy, simulated), entropy)
        for number in range(1, count + 1)
    ]
    visitor = _account(folder, invent(0, seed, entropy, simulated), entropy)
    password = _prepare_database(folder, settings, [*vendors, visitor], now, entropy)
    payers = list(payers_of(simulated))
    return DemoHome(
        folder=folder,
        settings=settings,
        vendors=tuple(vendors),
        visitor=visitor,
        receipt_key=receipt_key,
        staff=_STAFF,
        password=password,
        payer_key=payer_key,
        simulated=tuple(simulated),
        payers=tuple(payers),
        addresses=tuple(address for each in payers for address in each.addresses()),
    )


def write_payers(
    home: DemoHome,
    *,
    where: str,
    host_key: str,
    hosts: Mapping[str, Mapping[str, object]],
) -> None:
    """Write the payer directory for payers that listen at `where`.

    Those of a network with a host of its own are reached as `hosts` says.
    """
    host, _, port = where.rpartition(":")
    places = {
        "host": host,
        "port": port,
        "key_file": home.folder / "keys" / _PAYER_KEY,
        "host_key": host_key,
    }
    folder = home.settings.directory.path
    for of in home.simulated:
        place = hosts.get(of.name, places)
        for name, text in of.simulation.demo_files(place).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if is_payer(name):
                desk = of.simulation.open_host is None
                made = hurried(text, of.simulation.answers, desk=desk)
                path.write_text(made, encoding="utf-8")
            else:
                path.write_text(text, encoding="utf-8")


def write_known_hosts(home: DemoHome, where: str) -> None:
    """Write the known_hosts file for trying the SFTP door by hand."""
    host, _, port = where.rpartition(":")
    text = f"[{host}]:{port} {home.host_key}\n"
    (home.folder / "known_hosts").write_text(text, encoding="ascii")


def _write_keys(settings: Settings, now: Now, entropy: Entropy) -> Ed25519PublicKey:
    key_files.write_new(
        settings.storage.key_file, new_key_file(entropy, "k1"), key_files.PRIVATE
    )
    receipts = settings.receipts.key_file
    signer = key_files.new_ed25519(entropy)
    key_files.write_new(receipts, key_files.pem_private(signer), key_files.PRIVATE)
    _keep_key(settings.sftp.host_keys[0], entropy)
    if not settings.https.key.exists():
        certificate, key = key_files.self_signed(settings.node.id, now())
        settings.https.certificate.unlink(missing_ok=True)
        key_files.write_new(settings.https.certificate, certificate, key_files.PUBLIC)
        key_files.write_new(settings.https.key, key, key_files.PRIVATE)
    kept = load_pem_private_key(receipts.read_bytes(), password=None)
    public = kept.public_key()
    if not isinstance(public, Ed25519PublicKey):
        raise TypeError(f"{receipts}: is no Ed25519 key; wanted the demo's own")
    return public


def _keep_key(path: Path, entropy: Entropy) -> str:
    """Make an SSH key unless it is there; return its public line without a name."""
    key = key_files.new_ed25519(entropy)
    key_files.write_new(path, key_files.ssh_private(key), key_files.PRIVATE)
    kept = Ed25519Key.from_private_key_file(str(path))
    return f"{kept.get_name()} {kept.get_base64()}"


def _account(folder: Path, invented: Account, entropy: Entropy) -> Account:
    """Keep an account as it was first invented, with its key and token in files."""
    place = folder / "clients" / invented.id
    key_files.write_new(
        place / "account.json", json.dumps(invented.to_json(), indent=2), 0o600
    )
    _keep_key(place / "key", entropy)
    kept = read_account(place)
    key_files.write_new(kept.token_file, f"{kept.token}\n", key_files.PRIVATE)
    return kept


def _prepare_database(
    folder: Path,
    settings: Settings,
    accounts: list[Account],
    now: Now,
    entropy: Entropy,
) -> str:
    settings.node.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(settings.database.url, write=True, connections=1)
    try:
        migrations.upgrade(engine)
    finally:
        engine.dispose()
    database = open_database(settings, "demo/setup", now, _call_at_once)
    try:
        for account in accounts:
            if database.read(clients.find, account.id) is None:
                database.write("demo.client", _add_client, account)
        return _login(folder, database, entropy)
    finally:
        database.stop()


def _add_client(tx: Tx, account: Account) -> None:
    clients.add(
        tx,
        account.id,
        name=account.name,
        vendor=account.vendor,
        software=account.software,
    )
    key = Ed25519Key.from_private_key_file(str(account.key_file))
    clients.add_key(
        tx,
        account.id,
        kind=clients.SSH,
        fingerprint=ssh_fingerprint(key.asbytes()),
        public=f"{key.get_name()} {key.get_base64()}",
        comment="demo",
    )
    clients.add_key(
        tx,
        account.id,
        kind=clients.TOKEN,
        fingerprint=token_hash(account.token),
        public="",
        comment="demo",
    )
    for network in account.networks:
        senders = [
            (each.number, each.name)
            for each in account.senders
            if each.network == network
        ]
        clients.add_senders(tx, account.id, network, senders)


def _login(folder: Path, database: Database, entropy: Entropy) -> str:
    """Open the staff account once, and keep its password beside it: it is a demo."""
    password = new_password(entropy)
    text = json.dumps({"staff": _STAFF, "password": password})
    path = folder / _LOGIN
    key_files.write_new(path, text, key_files.PRIVATE)
    kept: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
    if not any(row.id == _STAFF for row in database.read(staff.every)):
        hashed = hash_password(kept["password"])

        def add(tx: Tx) -> None:
            staff.add(tx, _STAFF, role="admin", password_hash=hashed, by="octway demo")

        database.write("demo.staff", add)
    return kept["password"]


def _call_at_once(call: Callable[[], None]) -> None:
    call()

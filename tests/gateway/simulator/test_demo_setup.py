"""The folder of a demo: made once, kept ever after."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.house import read_directory
from gateway.journal import clients, schema, staff
from gateway.journal.dialect import open_engine
from gateway.simulator.demo_figures import Figures, count
from gateway.simulator.demo_setup import (
    DemoHome,
    NotADemo,
    prepare,
    write_known_hosts,
    write_payers,
)
from gateway.simulator.demo_welcome import welcome
from protocols.catalog import Catalog
from routing.directory import Directory
from tests.gateway.simulator.study import FRENCH

NOW = 1_795_305_600.0
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx1Y2t5bHVja3lsdWNreWx1Y2t5bHVja3lsdWNr"


def make(folder: Path, count: int = 3) -> DemoHome:
    return prepare(
        folder, [FRENCH], count=count, seed=1, now=lambda: NOW, entropy=os.urandom
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a folder with spaces"


def test_the_folder_of_a_gateway_is_left_alone(tmp_path: Path) -> None:
    """Invented claims never get into the ledger of a gateway that is no demo."""
    config = tmp_path / "octway.toml"
    config.write_text('[node]\nid = "node-1"\n', encoding="utf-8")
    with pytest.raises(NotADemo, match="gateway 'node-1', not of a demo"):
        make(tmp_path)
    assert list(tmp_path.iterdir()) == [config]


def test_a_second_run_goes_on_where_the_first_one_ended(folder: Path) -> None:
    """Keys, accounts and the login are those of the first run."""
    first = make(folder)
    files = {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if "data/octway" not in str(path) and path.is_file()
    }
    second = make(folder)

    assert second == first
    assert {path: path.read_bytes() for path in files} == files


def test_more_clients_may_come_later(folder: Path) -> None:
    """A second run with more clients opens accounts for the new ones only."""
    before = make(folder, 2)
    after = make(folder, 4)
    engine = open_engine(after.settings.database.url, write=False, connections=1)
    with engine.connect() as connection:
        names = [row.id for row in clients.every(connection)]
        keys = connection.execute(
            select(func.count()).select_from(schema.client_key)
        ).scalar_one()
        logins = [row.id for row in staff.every(connection)]
    engine.dispose()

    assert names == ["cabinet-1", "cabinet-2", "cabinet-3", "cabinet-4", "visitor"]
    assert keys == 2 * len(names)
    assert logins == ["demo"]
    assert after.vendors[:2] == before.vendors


def test_no_private_file_can_be_read_by_others(folder: Path) -> None:
    """Keys, tokens and the password are for the owner of the folder alone."""
    home = make(folder)
    private = [
        home.settings.storage.key_file,
        home.settings.receipts.key_file,
        home.settings.https.key,
        *home.settings.sftp.host_keys,
        *(folder / "keys").iterdir(),
        *(folder / "clients").rglob("*.json"),
        *(folder / "clients").rglob("key"),
        folder / "login.json",
    ]

    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


def test_senders_belong_to_one_client_each(folder: Path) -> None:
    """No two simulated clients bill for the same professional."""
    home = make(folder, 12)
    numbers = [
        sender.number
        for account in (*home.vendors, home.visitor)
        for sender in account.senders
    ]

    assert len(set(numbers)) == len(numbers)


def test_the_payers_lead_to_the_simulated_ones(folder: Path) -> None:
    """Every payer of the demo is simulated, reachable, and addressed by a fund."""
    home = make(folder)
    write_payers(home, where="127.0.0.1:4022", host_key=KEY, hosts={})
    catalog = Catalog.installed()
    networks = {network.name: network for network in catalog.networks()}
    directory = Directory(
        read_directory(home.settings.directory.path, catalog, networks)
    )
    endpoints = [directory.endpoint_of(payer) for payer in directory.payers()]
    codes = {code.code for payer in directory.payers() for code in payer.codes}

    ids = {each.id for each in home.payers}
    assert {payer.id for payer in directory.payers()} == ids
    assert all(each.simulated for each in endpoints)
    assert {each.settings["port"] for each in endpoints} == {4022}
    assert {each.settings["user"] for each in endpoints} == ids
    assert {each.code for each in home.addresses} == codes


def test_before_anything_came_all_figures_are_zero(folder: Path) -> None:
    """The first picture of a demo can be drawn from an empty journal."""
    home = make(folder)
    engine = open_engine(home.settings.database.url, write=False, connections=1)
    with engine.connect() as connection:
        found = count(connection, NOW)
    engine.dispose()

    assert found == Figures()
    assert found.all_answered


def test_a_newcomer_is_told_how_to_try_it(folder: Path) -> None:
    """The command lines name the port, the key and a host key that is known."""
    home = make(folder)
    places = {
        "sftp": "127.0.0.1:4122",
        "https": "127.0.0.1:4443",
        "operations": "127.0.0.1:4464",
    }
    write_known_hosts(home, places["sftp"])
    text = "\n".join(welcome(home, places, [folder / "sample.b2"]))
    known = (folder / "known_hosts").read_text()
    login = json.loads((folder / "login.json").read_text())

    assert "sftp -P 4122 -i '" in text
    assert "https://127.0.0.1:4443/docs" in text
    assert "http://127.0.0.1:4464/metrics" in text
    assert login["password"] in text
    token = folder.resolve() / "clients" / "visitor" / "token"
    assert f"token       {token}" in text
    assert token.read_text() == f"{home.visitor.token}\n"
    assert known == f"[127.0.0.1]:4122 {home.host_key}\n"

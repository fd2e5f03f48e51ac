"""The examples that `octway init` writes are themselves right."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import example_files
from config.directory_files import load_directory
from protocols.sesam.network import SESAM
from protocols.sesam.routing import COLUMNS, check_code, check_rules
from routing.profile import problems

PLACES = {
    "host": "127.0.0.1",
    "port": 2022,
    "user": "octway",
    "key_file": 'C:\\keys\\"k"',
    "host_key": "ssh-ed25519 AAAA",
}


def test_the_example_directory_loads(tmp_path: Path) -> None:
    """Simulated funds, a complementary payer and tables, all marked as simulated."""
    for name in example_files.names():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(example_files.render(name, PLACES), encoding="utf-8")
    data = load_directory(
        tmp_path / "payers",
        check_rules=lambda network, rules: check_rules(rules),
        check_code=lambda network, code: check_code(code),
        check_profile=lambda payer: problems(payer, SESAM.answer_kinds),
        known_networks=["sesam"],
        known_channels=["sftp"],
    )
    assert [payer.id for payer in data.payers] == [
        "caisse-nord",
        "caisse-sud",
        "msa-est",
        "mutuelle-exemple",
    ]
    assert all("simulated" in payer.name for payer in data.payers)
    assert all(endpoint.simulated for endpoint in data.endpoints)
    assert data.endpoints[0].settings["port"] == 2022
    assert str(data.endpoints[0].settings["key_file"]).endswith('C:\\keys\\"k"')
    tables = data.tables["sesam"]
    assert tuple(tables["destinations"][0]) == COLUMNS
    assert not any(list(SESAM.check_table(name, rows)) for name, rows in tables.items())


def test_places_that_are_missing_are_named() -> None:
    """A payer's file cannot be written with a hole in it."""
    name = "payers/caisse-nord.toml"
    assert set(example_files.placeholders(name)) == set(PLACES)
    with pytest.raises(KeyError, match="port"):
        example_files.render(name, {"host": "h"})

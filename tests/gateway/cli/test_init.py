"""`octway init`, `check` and `migrate`: a folder from which a node can be run."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

from cryptography import x509

from tests.gateway.cli.installation import Installation

PRIVATE = (
    "data/keys/storage.keys",
    "data/keys/receipts.key",
    "data/keys/ssh_host_ed25519_key",
    "data/keys/https.key",
    "payers/keys/payer_ed25519",
)


def test_a_fresh_folder_passes_its_own_check(installed: Installation) -> None:
    """What init writes is complete and right: check finds nothing."""
    checked = installed.octway("check", "--json")
    assert checked.status == 0
    assert checked.facts["ok"]
    assert checked.facts["payers"] == 4


def test_secrets_are_for_their_owner_only(installed: Installation) -> None:
    """Every private file has mode 0600."""
    for name in PRIVATE:
        mode = stat.S_IMODE((installed.folder / name).stat().st_mode)
        assert mode == 0o600, name


def test_the_password_is_shown_once(installed: Installation) -> None:
    """The first account's password is printed, and no file holds it."""
    (line,) = [
        line for line in installed.made.out.splitlines() if line.startswith("password")
    ]
    password = line.split()[-1].encode()
    assert len(password) >= 20
    for file in installed.folder.rglob("*"):
        assert not file.is_file() or password not in file.read_bytes()


def test_init_never_overwrites(installed: Installation) -> None:
    """A second run keeps every byte, and makes no second account."""
    before = {
        file: file.read_bytes()
        for file in installed.folder.rglob("*")
        if file.is_file() and "octway.db" not in file.name
    }
    again = installed.octway("init", str(installed.folder), "--json", bare=True)
    assert again.status == 0
    assert again.facts["made"] == []
    assert again.facts["password"] is None
    assert {file: file.read_bytes() for file in before} == before


def test_a_new_node_asks_no_example_for_anything(
    installed: Installation, tmp_path: Path
) -> None:
    """Examples are not connected; taking off the # brings their endpoint back."""
    fresh = tmp_path / "fresh"
    installed.octway("init", str(fresh), bare=True)
    ask = ("payer", "list", "--json", "-c", str(fresh / "octway.toml"))
    listed = installed.octway(*ask, bare=True).facts["payers"]
    assert {each["endpoint"] for each in listed} == {None}
    payer = fresh / "payers/caisse-sud.toml"
    above, mark, below = payer.read_text(encoding="utf-8").partition("# [endpoint]")
    payer.write_text(above + (mark + below).replace("# ", ""), encoding="utf-8")
    listed = installed.octway(*ask, bare=True).facts["payers"]
    assert [each["payer"] for each in listed if each["endpoint"]] == ["caisse-sud"]


def test_init_completes_a_folder_that_lacks_a_key(installed: Installation) -> None:
    """Only what is missing is made."""
    key = installed.folder / "data/keys/receipts.key"
    key.unlink()
    (installed.folder / "data/keys/receipts.pub").unlink()
    again = installed.octway("init", str(installed.folder), "--json", bare=True)
    assert again.facts["made"] == ["data/keys/receipts.key", "data/keys/receipts.pub"]


def test_the_certificate_is_good_for_this_machine(installed: Installation) -> None:
    """Browsers and clients on this machine find its names in the certificate."""
    content = (installed.folder / "data/keys/https.crt").read_bytes()
    names = (
        x509.load_pem_x509_certificate(content)
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value
    )
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "node-1"]
    assert "127.0.0.1" in map(str, names.get_values_for_type(x509.IPAddress))


def test_check_tells_every_mistake_at_once(installed: Installation) -> None:
    """Settings, key modes, key contents, payers and the database in one go."""
    keys = installed.folder / "data/keys"
    (keys / "storage.keys").chmod(0o644)
    (keys / "receipts.key").write_text("no key")
    payer = installed.folder / "payers/msa-est.toml"
    payer.write_text(payer.read_text().replace('regime = "02"', 'regime = "2"'))
    (installed.folder / "data/octway.db").unlink()
    checked = installed.octway("check", "--json")
    assert checked.status == 2
    found = {each["key"] for each in checked.facts["mistakes"]}
    assert found == {
        "storage.key_file",
        "receipts.key_file",
        "rules.regime",
        "database.url",
    }


def test_check_asks_no_journal_that_is_named_wrongly(installed: Installation) -> None:
    """A kind of database that is not known is a mistake like any other, told once."""
    text = installed.config.read_text(encoding="utf-8")
    text = text.replace('"sqlite:///', '"mysql://octway@db.example/')
    installed.config.write_text(text.replace('"256k"', '"much"'), encoding="utf-8")
    checked = installed.octway("check", "--json")
    assert checked.status == 2
    found = [each["key"] for each in checked.facts["mistakes"]]
    assert sorted(found) == ["database.url", "storage.segment_limit"]


def test_check_goes_on_where_the_settings_are_wrong(installed: Installation) -> None:
    """One run names what is wrong in the settings, the files and the directory."""
    text = installed.config.read_text(encoding="utf-8")
    for right, wrong in (("node-1", "node/1"), ("0" * 14, "12 34"), ("256k", "much")):
        text = text.replace(f'"{right}"', f'"{wrong}"')
    installed.config.write_text(text, encoding="utf-8")
    payer = installed.folder / "payers" / "caisse-nord.toml"
    text = payer.read_text(encoding="utf-8").replace('"FR"', '"France"', 1)
    payer.write_text(text.replace('code = "01990"', 'code = "1990"'), "utf-8")
    (installed.folder / "data" / "keys" / "receipts.key").unlink()
    checked = installed.octway("check", "--json")
    assert checked.status == 2
    found = [each["key"] for each in checked.facts["mistakes"]]
    for key in ("node.id", "storage.segment_limit", "receipts.key_file"):
        assert found.count(key) == 1, key
    assert {"payer.country", "network.sesam.emitter_number"} <= set(found)
    assert [key for key in found if key.startswith("code[")]


def test_check_tells_a_database_that_must_be_migrated(installed: Installation) -> None:
    """A database that is not there is told with what to do, and exit 1."""
    for file in (installed.folder / "data").glob("octway.db*"):
        file.unlink()
    checked = installed.octway("check")
    assert checked.status == 1
    assert "octway migrate" in checked.err
    assert installed.octway("migrate", "--json").facts["before"] is None
    assert installed.octway("check").status == 0


def test_check_tells_an_endpoint_that_cannot_be_opened(
    installed: Installation,
) -> None:
    """A payer's endpoint with a wrong setting is told with its name."""
    payer = installed.folder / "payers/msa-est.toml"
    payer.write_text(payer.read_text() + 'no_such_setting = "x"\n')
    checked = installed.octway("check")
    assert checked.status == 2
    assert "endpoint msa-est: no_such_setting: is unknown" in checked.err


def test_check_wants_an_emitter_for_each_network(installed: Installation) -> None:
    """A network that payers use needs our number in it."""
    text = installed.config.read_text()
    start = text.index("[network.sesam]")
    installed.config.write_text(text[:start] + text[text.index("[work]") :])
    checked = installed.octway("check")
    assert checked.status == 2
    assert "network.sesam: is missing" in checked.err


def test_a_database_of_a_newer_program_is_left_alone(installed: Installation) -> None:
    """It is told in words which program it needs."""
    with sqlite3.connect(installed.folder / "data/octway.db") as journal:
        journal.execute("UPDATE alembic_version SET version_num = '9999_later'")
    done = installed.octway("migrate")
    assert done.status == 2
    assert "at '9999_later', which this program does not know" in done.err


def test_migrating_twice_changes_nothing(installed: Installation) -> None:
    """A database of today's schema is left alone."""
    done = installed.octway("migrate", "--json")
    assert done.status == 0
    assert not done.facts["changed"]


def test_a_certificate_and_another_key_are_refused(
    installed: Installation, tmp_path: Path
) -> None:
    """A pair of files that does not fit is told before any start."""
    other = tmp_path / "other"
    installed.octway("init", str(other), bare=True)
    key = installed.folder / "data/keys/https.key"
    key.write_bytes((other / "data/keys/https.key").read_bytes())
    checked = installed.octway("check")
    assert checked.status == 2
    assert "https.certificate" in checked.err


def test_a_belgian_newcomer_begins_with_a_union(
    installed: Installation, tmp_path: Path
) -> None:
    """No French payer is asked; the union waits for its endpoint, and raises nothing."""
    folder = tmp_path / "belgian"
    made = installed.octway("init", str(folder), "--country", "be", bare=True)
    assert made.status == 0, made.err
    config = str(folder / "octway.toml")
    checked = installed.octway("check", "-c", config, "--json", bare=True)
    assert (checked.facts["ok"], checked.facts["payers"]) == (True, 1), checked.out
    listed = installed.octway("payer", "list", "-c", config, bare=True).out
    assert "union-300" in listed
    assert "caisse" not in listed

    both = tmp_path / "both"
    installed.octway("init", str(both), "--country", "all", bare=True)
    config = str(both / "octway.toml")
    assert installed.octway("check", "-c", config, "--json", bare=True).facts["ok"]

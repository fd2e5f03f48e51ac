"""Settings: defaults, overrides by environment, and every mistake at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import example_files
from config.definitions import Address
from config.errors import ConfigErrors
from config.settings import SETTINGS, Settings, attempt, load, settings_schema

HERE = Path("/srv/octway")


def mistakes(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(text, environ, folder=HERE)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_an_empty_file_is_a_whole_configuration() -> None:
    """Everything has a default, and places are beside the file."""
    found = load("", {}, folder=HERE)
    assert found.sftp.listen == Address("127.0.0.1", 2222)
    assert found.database.url == "sqlite:////srv/octway/data/octway.db"
    assert found.storage.folder == HERE / "data/storage"
    assert found.directory.path == HERE / "payers"
    assert found.work == Settings().work


def test_relative_paths_start_from_the_files_folder(tmp_path: Path) -> None:
    """It does not matter where the process was started."""
    file = tmp_path / "octway.toml"
    file.write_text('[database]\nurl = "sqlite:////var/x.db"\n[node]\ndata = "d"\n')
    found = load(file, {})
    assert found.node.data == tmp_path / "d"
    assert found.database.url == "sqlite:////var/x.db"


def test_every_mistake_comes_at_once() -> None:
    """One start shows all lines to mend, each with what was expected."""
    text = """\
[sftp]
listen = "0.0.0.0"
max_conections = 3
[work]
lease = 3
split_workers = 0
idle = "0s"
[storage]
url = "s3://bucket"
[log]
level = "loud"
[network.sesam]
emitter_name = "X"
[foo]
"""
    assert mistakes(text) == [
        "octway.toml:2: sftp.listen: is '0.0.0.0'; "
        "wanted host:port such as 127.0.0.1:2222",
        "octway.toml:3: sftp.max_conections: is unknown; "
        "did you mean 'max_connections'?",
        "octway.toml:6: work.split_workers: is 0; wanted 1 or more",
        "octway.toml:5: work.lease: is 3; wanted a duration such as 30s, 5m or 2h",
        "octway.toml:7: work.idle: is zero; wanted a time that passes",
        "octway.toml:11: log.level: is 'loud'; wanted one of debug, info, warn, error",
        "octway.toml:12: network.sesam.emitter_number: is missing; "
        "is 'emitter_name' meant for it?",
        "octway.toml:14: foo: is unknown",
        "octway.toml:9: storage.url: is an S3 bucket, which this version cannot use "
        "yet; wanted file:FOLDER",
    ]


def test_a_variable_wins_over_the_file() -> None:
    """OCTWAY_SECTION__KEY overrides, as text, number, flag, size and list."""
    found = load(
        "[sftp]\nlisten = '127.0.0.1:1'\nenabled = true\n",
        {
            "OCTWAY_SFTP__LISTEN": "[::1]:0",
            "OCTWAY_SFTP__ENABLED": "false",
            "OCTWAY_SFTP__HOST_KEYS": "a, b",
            "OCTWAY_LIMITS__OPEN_UPLOADS": "4",
            "OCTWAY_LIMITS__RATE": "2M",
            "OCTWAY_NETWORK__SESAM__EMITTER_NUMBER": "42",
            "OCTWAY": "not ours",
            "HOME": "/root",
        },
        folder=HERE,
    )
    assert found.sftp.listen == Address("::1", 0)
    assert str(found.sftp.listen) == "[::1]:0"
    assert found.sftp.enabled is False
    assert found.sftp.host_keys == (HERE / "a", HERE / "b")
    assert (found.limits.open_uploads, found.limits.rate) == (4, 2_000_000)
    assert found.network["sesam"].emitter_number == "42"


def test_a_bad_variable_is_named_as_such() -> None:
    """The message names the variable, not the file."""
    found = mistakes("", OCTWAY_SFTP__ENABLED="yess", OCTWAY_LIMITS__RATEE="1")
    assert found == [
        "environment: OCTWAY_LIMITS__RATEE: is unknown; "
        "did you mean OCTWAY_LIMITS__RATE?",
        "environment: OCTWAY_SFTP__ENABLED: sftp.enabled: is 'yess'; "
        "wanted true or false",
    ]


def test_what_a_value_lacks_is_told_of_the_variable_that_gave_it() -> None:
    """Nobody looks for it in a file where something else stands."""
    file = '[database]\nurl = "sqlite:///data/octway.db"\n'
    _, mistakes = attempt(file, {"OCTWAY_DATABASE__URL": "mysql://db.example/x"})
    (mistake,) = mistakes
    assert mistake.file == "environment: OCTWAY_DATABASE__URL"
    assert (mistake.line, mistake.key) == (0, "database.url")


def test_the_database_url_may_come_from_a_file(tmp_path: Path) -> None:
    """A url with a password stays out of the file, the log and every error."""
    secret = "postgresql+psycopg://octway:hunter2@db/octway"
    (tmp_path / "url").write_text(secret + "\n")
    found = load("[database]\nurl_file = 'url'\n", {}, folder=tmp_path)
    assert found.database.url == secret
    assert "hunter2" not in repr(found)
    over = load(
        "[database]\nurl_file = 'url'\n",
        {"OCTWAY_DATABASE__URL": "sqlite:///x.db"},
        folder=tmp_path,
    )
    assert over.database.url == f"sqlite:///{tmp_path}/x.db"


def test_a_bad_database_url_is_refused_without_showing_it(tmp_path: Path) -> None:
    """The value may hold a password, so only the wanted form is shown."""
    found = mistakes("[database]\nurl = 'mysql://octway:hunter2@db/x'\n")
    assert len(found) == 1
    assert found[0].startswith("octway.toml:2: database.url: is of an unknown kind")
    assert "hunter2" not in found[0]


def test_two_places_for_the_database_are_refused() -> None:
    """A url beside a url_file is a mistake, and so is a file that is not there."""
    found = mistakes("[database]\nurl = 'sqlite:///x'\nurl_file = 'absent'\n")
    assert found == [
        "octway.toml:3: database.url_file: stands beside url; wanted only one",
        "octway.toml:3: database.url_file: cannot read /srv/octway/absent: "
        "No such file or directory",
    ]


@pytest.mark.parametrize(
    "text", ["localhost", "localhost:", ":22", "a:b", "::1:22", "h:65536", ""]
)
def test_an_address_needs_host_and_port(text: str) -> None:
    """A listener is host:port, IPv6 hosts in brackets."""
    assert "wanted host:port" in mistakes(f"[https]\nlisten = '{text}'\n")[0]


def test_the_example_shows_every_setting_with_its_default() -> None:
    """The file that `octway init` writes says what an empty file means."""
    text = example_files.render("octway.toml", {})
    shown = load(text, {}, folder=HERE)
    assert set(shown.network) == {"sesam"}
    empty = load("", {"OCTWAY_NETWORK__SESAM__EMITTER_NUMBER": "0" * 14}, folder=HERE)
    for section in ("node", "database", "storage", "sftp", "https", "operations"):
        assert getattr(shown, section) == getattr(empty, section)
    for section in ("limits", "receipts", "directory", "work", "log"):
        assert getattr(shown, section) == getattr(empty, section)
    for path in SETTINGS:
        assert re.search(rf"^(# )?{path.rsplit('.')[-1]} = ", text, re.MULTILINE), path


def test_the_schema_knows_what_the_reader_knows() -> None:
    """An editor that checks by the schema agrees with `octway check`."""
    sections = settings_schema()["properties"]
    for path in SETTINGS:
        section, key = path.split(".")[0], path.rsplit(".", maxsplit=1)[-1]
        table = sections[section]
        if section == "network":
            table = table["additionalProperties"]
            assert table["required"] == ["emitter_number"]
        assert table["properties"][key]["description"] == SETTINGS[path]
        assert table["additionalProperties"] is False


def test_lists_of_durations_and_networks_are_read_as_such() -> None:
    """From the file, and from a variable with commas."""
    text = '[webhooks]\nwaits = ["5s", "2m"]\nallow = ["10.1.0.0/16", "::1/128"]\n'
    found = load(text, {}).webhooks
    assert found.waits == (5.0, 120.0)
    assert [str(each) for each in found.allow] == ["10.1.0.0/16", "::1/128"]
    found = load(text, {"OCTWAY_WEBHOOKS__WAITS": "1s, 3s"}).webhooks
    assert found.waits == (1.0, 3.0)
    wrong = '[webhooks]\nwaits = ["5", "0s"]\nallow = ["10.1.2.3/16"]\n'
    assert mistakes(wrong) == [
        "octway.toml:2: webhooks.waits: holds '5'; wanted durations such as 30s or 5m",
        "octway.toml:2: webhooks.waits: holds '0s'; wanted durations such as 30s or 5m",
        "octway.toml:3: webhooks.allow: holds '10.1.2.3/16'; wanted networks such as "
        "10.1.0.0/16 or 127.0.0.1/32",
    ]
    assert "is empty" in mistakes("[webhooks]\nwaits = []\n")[0]

"""Checks across settings and on the files they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.checks import check_files, check_settings
from config.settings import Settings, load

KEYS = (
    "storage.keys",
    "receipts.key",
    "ssh_host_ed25519_key",
    "https.key",
    "https.crt",
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    keys = tmp_path / "data" / "keys"
    keys.mkdir(parents=True)
    (tmp_path / "payers").mkdir()
    for name in KEYS:
        (keys / name).write_text("x")
        (keys / name).chmod(0o600)
    return tmp_path


def words(text: str) -> list[str]:
    return [str(mistake) for mistake in check_settings(load(text, {}))]


def test_the_defaults_clash_with_nothing() -> None:
    """What works out of the box passes its own checks."""
    assert check_settings(Settings()) == []


@pytest.mark.parametrize(
    ("sftp", "https", "clash"),
    [
        ("127.0.0.1:8443", "127.0.0.1:8443", True),
        ("0.0.0.0:8443", "127.0.0.1:8443", True),
        ("127.0.0.1:8443", "[::]:8443", True),
        ("127.0.0.1:8443", "127.0.0.2:8443", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
    ],
)
def test_two_listeners_on_one_port(sftp: str, https: str, clash: bool) -> None:
    """Two doors cannot share a port, unless the system chooses it."""
    found = words(f"[sftp]\nlisten = '{sftp}'\n[https]\nlisten = '{https}'\n")
    assert bool(found) is clash
    if clash:
        assert found[0].startswith(f"octway.toml:4: https.listen: is {https}, which")


def test_a_closed_door_takes_no_port() -> None:
    """A disabled listener clashes with nothing; both doors closed is a mistake."""
    same = "listen = '127.0.0.1:9464'\nenabled = false\n"
    found = words(f"[sftp]\n{same}[https]\n{same}")
    assert found == [
        "octway.toml:3: sftp.enabled: is false, as https.enabled; "
        "wanted one door at least"
    ]


def test_sizes_that_cannot_work() -> None:
    """A segment that is smaller than what it shall hold is refused."""
    found = words(
        "[storage]\nsegment_size = '1k'\n[limits]\nmax_file_size = '0'\n"
        "[work]\nlease = '100ms'\n"
    )
    assert [mistake.split(": ")[1] for mistake in found] == [
        "storage.segment_limit",
        "limits.max_file_size",
        "work.lease",
    ]


def test_files_that_are_right_pass(home: Path) -> None:
    """All keys there, for this user alone: nothing to say."""
    assert check_files(load("", {}, folder=home)) == []


def test_a_secret_others_can_read_is_refused(home: Path) -> None:
    """The message holds the command that mends it."""
    key = home / "data/keys/storage.keys"
    key.chmod(0o640)
    (found,) = check_files(load("", {}, folder=home))
    assert found.key == "storage.key_file"
    assert found.message.endswith(f"has mode 0640; wanted 0600, so do: chmod 600 {key}")


def test_every_missing_file_is_named(home: Path) -> None:
    """All at once, each with the setting that names it."""
    for name in KEYS:
        (home / "data/keys" / name).unlink()
    (home / "payers").rmdir()
    found = check_files(load("", {}, folder=home))
    assert [mistake.key for mistake in found] == [
        "storage.key_file",
        "receipts.key_file",
        "sftp.host_keys",
        "https.key",
        "https.certificate",
        "directory.path",
    ]


def test_files_of_a_closed_door_are_not_wanted(home: Path) -> None:
    """Without HTTPS nobody needs a certificate."""
    for name in ("https.key", "https.crt"):
        (home / "data/keys" / name).unlink()
    settings = load("[https]\nenabled = false\n", {}, folder=home)
    assert check_files(settings) == []

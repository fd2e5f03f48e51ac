"""The settings of an SFTP endpoint: every mistake at once, and no secret shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from config.errors import ConfigErrors
from protocols.channels.sftp_settings import SftpSettings, read_settings

SECRET = "an invented password"


@pytest.fixture
def right(tmp_path: Path) -> dict[str, object]:
    """Settings with nothing wrong in them."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (tmp_path / "key").write_bytes(private)
    (tmp_path / "password").write_text(f"{SECRET}\n")
    return {
        "host": "sftp.payer.example",
        "user": "octway",
        "key_file": str(tmp_path / "key"),
        "host_keys": [f"{public.decode()} the payer's"],
    }


def _mistakes(settings: dict[str, object], **environment: str) -> dict[str, str]:
    with pytest.raises(ConfigErrors) as caught:
        read_settings(settings, environment)
    return {mistake.key: mistake.message for mistake in caught.value.mistakes}


def test_little_is_needed(right: dict[str, object]) -> None:
    """A host, who we are, one secret and the pinned key make an endpoint."""
    read = read_settings(right, {})

    assert read.endpoint == "sftp://octway@sftp.payer.example:22"
    assert (read.send_folder, read.collect_folder) == ("/in", "/out")
    assert (read.connect_timeout, read.operation_timeout) == (15, 60)
    assert "*.tmp" in read.skip
    assert read.key is not None
    assert read.password is None


def test_nothing_at_all_is_told_as_a_whole() -> None:
    """An empty endpoint is told everything it lacks."""
    assert set(_mistakes({})) == {"host", "user", "key_file", "host_keys"}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"port": 0}, "port"),
        ({"port": "22"}, "port"),
        ({"connections": 65}, "connections"),
        ({"channels_per_connection": 0}, "channels_per_connection"),
        ({"connect_timeout": "0s"}, "connect_timeout"),
        ({"idle_timeout": "soon"}, "idle_timeout"),
        ({"temporary_suffix": ""}, "temporary_suffix"),
        ({"temporary_suffix": "/x"}, "temporary_suffix"),
        ({"host_keys": []}, "host_keys"),
        ({"host_keys": "ssh-ed25519 AAAA"}, "host_keys"),
        ({"host_keys": ["ssh-ed25519"]}, "host_keys[0]"),
        ({"host_keys": ["ssh-ed25519 !!!"]}, "host_keys[0]"),
        ({"host_keys": ["ssh-ed25519 AAAA"]}, "host_keys[0]"),
        ({"host_keys": ["ssh-dss AAAAB3NzaC1kc3M="]}, "host_keys[0]"),
        ({"key_file": "/nowhere/key"}, "key_file"),
        ({"password_file": "/nowhere/password"}, "password_file"),
        ({"password_env": "NOT_SET"}, "password_env"),
        ({"key_fil": "x"}, "key_fil"),
    ],
)
def test_each_mistake_names_its_key(
    right: dict[str, object], changes: dict[str, object], key: str
) -> None:
    """One wrong setting is one line, which names it."""
    assert set(_mistakes({**right, **changes})) == {key}


def test_a_password_comes_from_a_file_or_the_environment(
    right: dict[str, object], tmp_path: Path
) -> None:
    """Both ways give the same password; both at once are a mistake."""
    by_file = {**right, "password_file": str(tmp_path / "password")}
    by_name = {**right, "password_env": "PAYER_PASSWORD"}
    environment = {"PAYER_PASSWORD": SECRET}

    assert read_settings(by_file, {}).password == SECRET
    assert read_settings(by_name, environment).password == SECRET
    assert set(_mistakes({**by_file, **by_name}, **environment)) == {"password_env"}


def test_no_secret_is_ever_shown(right: dict[str, object], tmp_path: Path) -> None:
    """Neither the settings as text nor a mistake beside them holds a secret."""
    given = {**right, "password_file": str(tmp_path / "password")}
    read: SftpSettings = read_settings(given, {})

    assert SECRET not in repr(read)
    assert SECRET not in str(_mistakes({**given, "port": -1}))
    (tmp_path / "key").write_text(SECRET)
    assert SECRET not in str(_mistakes(given))

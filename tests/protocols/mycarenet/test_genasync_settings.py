"""The settings of a GenAsync endpoint: every mistake at once, and no secret shown."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from config.errors import ConfigErrors
from protocols.mycarenet.genasync import open_channel
from protocols.mycarenet.genasync_settings import read_settings
from tests.protocols.mycarenet.simulated_mycarenet import PASSWORD, Certificates

URL = "https://pilot.mycarenet.be/mycarenet-ws/async/generic/hcpfac"


@pytest.fixture
def right(tmp_path: Path, certificates: Certificates) -> dict[str, object]:
    """Settings with nothing wrong in them."""
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    return {
        "url": URL,
        "certificate_file": str(certificates.client.certificate),
        "key_file": str(certificates.client.key),
        "ca_file": str(certificates.ours.certificate),
        "nihii": "41234567001",
        "package": "Octway",
        "license_user": "octway",
        "license_password_file": str(tmp_path / "password"),
        "signer": "local-stand-in",
    }


def _mistakes(settings: dict[str, object], **environment: str) -> dict[str, str]:
    with pytest.raises(ConfigErrors) as caught:
        read_settings(settings, environment)
    return {mistake.key: mistake.message for mistake in caught.value.mistakes}


def test_little_is_needed(right: dict[str, object]) -> None:
    """Where, who we are, our certificate, our licence, and who signs."""
    read = read_settings(right, {})

    assert read.endpoint == f"https://pilot.mycarenet.be:443{URL[26:]}"
    assert (read.max_messages, read.get_interval, read.get_wait) == (64, 30, 30)
    assert read.tls.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert read.tls.check_hostname
    open_channel(right).close()


def test_nothing_at_all_is_told_as_a_whole() -> None:
    """An empty endpoint is told everything it lacks."""
    assert set(_mistakes({})) == {
        "url",
        "certificate_file",
        "key_file",
        "ca_file",
        "nihii",
        "package",
        "license_user",
        "license_password_file",
        "signer",
    }


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"url": "http://pilot.mycarenet.be/x"}, "url"),
        ({"url": "https://user@pilot.mycarenet.be/x"}, "url"),
        ({"url": "https://pilot.mycarenet.be:port/x"}, "url"),
        ({"url": "https:///x"}, "url"),
        ({"certificate_file": "/nowhere/at-all"}, "certificate_file"),
        ({"ca_file": "/nowhere/at-all"}, "ca_file"),
        ({"nihii": "123"}, "nihii"),
        ({"license_password_file": "/nowhere"}, "license_password_file"),
        ({"license_password_env": "X"}, "license_password_env"),
        ({"signer": "ehealth"}, "signer"),
        ({"max_messages": 0}, "max_messages"),
        ({"max_answer": "much"}, "max_answer"),
        ({"get_wait": 30}, "get_wait"),
        ({"answer_timeout": "0s"}, "answer_timeout"),
        ({"tack_proof": "no"}, "tack_proof"),
        ({"user": "x"}, "user"),
    ],
)
def test_each_mistake_names_its_key(
    right: dict[str, object], changes: dict[str, object], key: str
) -> None:
    """One wrong setting is one line, which names it."""
    assert set(_mistakes({**right, **changes}, X="y")) == {key}


def test_a_key_that_is_another_ones_is_told(
    right: dict[str, object], certificates: Certificates
) -> None:
    """A certificate and a key that do not fit never reach a line."""
    other = {"key_file": str(certificates.server.key)}

    assert "no pair" in _mistakes({**right, **other})["certificate_file"]


def test_the_password_may_come_from_the_environment(right: dict[str, object]) -> None:
    """As for every channel; and it is shown nowhere."""
    del right["license_password_file"]
    read = read_settings({**right, "license_password_env": "P"}, {"P": PASSWORD})

    assert read.origin.password == PASSWORD
    assert PASSWORD not in repr(read)

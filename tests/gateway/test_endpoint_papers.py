"""What an endpoint needs: named by fingerprints and ends, never by a secret."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from config.directory_records import EndpointEntry
from gateway.cli import key_files
from gateway.endpoint_papers import first_end, papers, places

SECRET = "a secret of the payer"


def endpoint(settings: dict[str, object]) -> EndpointEntry:
    return EndpointEntry(id="e", channel="sftp", simulated=False, settings=settings)


def write(path: Path, content: bytes, mode: int = 0o600) -> str:
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_keys_certificates_and_host_keys_are_named(tmp_path: Path) -> None:
    """A certificate tells when it ends; a private key shows its public half only."""
    key = Ed25519PrivateKey.from_private_bytes(random.Random(1).randbytes(32))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    now = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    certificate, own = key_files.self_signed("node-1", now)
    found = papers(
        endpoint(
            {
                "host": "sftp.payer.example",
                "key_file": write(tmp_path / "id", private),
                "certificate_file": write(tmp_path / "c.pem", certificate),
                "other_key_file": write(tmp_path / "k.pem", own, 0o644),
                "password_file": write(tmp_path / "p", SECRET.encode()),
                "password_env": "OCTWAY_TEST_PASSWORD",
                "host_keys": [public.decode(), "ssh-ed25519 nonsense", ""],
                "missing_file": str(tmp_path / "nothing"),
            }
        ),
        {"OCTWAY_TEST_PASSWORD": SECRET},
    )

    kinds = [each.kind for each in found]
    assert kinds == [
        *("key", "certificate", "key", "password", "variable"),
        *("host-key", "host-key", "host-key", "file"),
    ]
    assert found[0].mark == found[5].mark
    assert found[0].mark.startswith("SHA256:")
    assert first_end(found) == found[1].ends
    assert [bool(each.wrong) for each in found] == [
        *(False, False, True, False, False),
        *(False, True, True, True),
    ]
    assert SECRET not in str(found)
    assert "PRIVATE" not in str(found)
    assert str(tmp_path) not in str(found)


def test_places_hold_no_secret() -> None:
    """Where it is and as whom we go there; nothing that it does not know is shown."""
    told = places(endpoint({"host": "h", "user": "u", "token": SECRET, "port": 22}))
    assert told == {"host": "h", "user": "u", "port": "22"}

"""The local stand-in: signed envelopes hold, changed ones do not, and it says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from config.errors import Mistake
from config.reader import Table
from protocols.mycarenet import genasync_signer
from protocols.mycarenet.genasync_signature import (
    BadSignature,
    PrivateKey,
    sign,
    verify,
)
from protocols.mycarenet.genasync_signer import NoSigner, Signer, open_signer
from protocols.mycarenet.genasync_xml import (
    GENERIC,
    Element,
    add,
    envelope,
    parse,
    root,
    written,
)

NOW = 1_800_000_000.0


@pytest.fixture(scope="module", params=["rsa", "ec"])
def key(request: pytest.FixtureRequest) -> PrivateKey:
    if request.param == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def certificate(key: PrivateKey) -> x509.Certificate:
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "invented")])
    begins = datetime.fromtimestamp(NOW, UTC)
    return (
        x509.CertificateBuilder(called, called, key.public_key(), 1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


@pytest.fixture
def signed(key: PrivateKey, certificate: x509.Certificate) -> bytes:
    body = root("get")
    add(body, GENERIC, "Origin", "somebody")
    document = envelope("urn:action", body, message_id="id")
    sign(document, key=key, certificate=certificate, now=NOW)
    return written(document)


def _read(data: bytes) -> Element:
    return parse(data, limit=100_000)


def test_a_signed_envelope_holds(signed: bytes, certificate: x509.Certificate) -> None:
    """Read from the line, timestamp and body are what the certificate's key signed."""
    assert verify(_read(signed), now=NOW + 30) == certificate


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"somebody", b"somebodx"),
        (b"2027-01-15", b"2027-01-16"),
        (b"<gen:Origin>", b"<gen:Origin> "),
        (b"SignatureValue>", b"SignatureValue>AA"),
        (b"exc-c14n#", b"exc-c14n##"),
        (b"ds:SignedInfo>", b"ds:Nothing>"),
        (b"wsu:Created", b"wsu:Made"),
        (b"wsse:Security ", b"wsse:Nothing "),
    ],
)
def test_a_changed_envelope_does_not_hold(
    signed: bytes, old: bytes, new: bytes
) -> None:
    """Whatever is changed of what was signed, or of the signature, is noticed."""
    assert old in signed
    changed = signed.replace(old, new)
    if old == b"wsse:Security ":
        changed = changed.replace(b"</wsse:Security>", b"</wsse:Nothing>")

    with pytest.raises(BadSignature):
        verify(_read(changed), now=NOW + 1)


@pytest.mark.parametrize("now", [NOW + 30.5, NOW - 6, NOW + 86_400])
def test_a_timestamp_holds_for_thirty_seconds(signed: bytes, now: float) -> None:
    """An envelope that somebody kept is worth nothing half a minute later."""
    with pytest.raises(BadSignature, match="timestamp"):
        verify(_read(signed), now=now)


def _open(name: str) -> tuple[Signer | None, list[Mistake]]:
    mistakes: list[Mistake] = []
    return open_signer(name, Table({}, mistakes, file="endpoint")), mistakes


def test_a_signer_can_be_plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that has the homologation brings its signer by an entry point."""
    entry = EntryPoint("ehealth", f"{__name__}:make_signer", genasync_signer.GROUP)
    monkeypatch.setattr(genasync_signer, "entry_points", lambda group: [entry])

    assert isinstance(_open("ehealth")[0], NoSigner)
    signer, mistakes = _open("other")
    assert signer is None
    assert "wanted one of ehealth, local-stand-in, none" in mistakes[0].message


def test_a_signer_that_cannot_be_loaded_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A package that is half gone is a mistake of the endpoint, not a crash."""
    entry = EntryPoint("ehealth", "nothing.at.all:x", genasync_signer.GROUP)
    monkeypatch.setattr(genasync_signer, "entry_points", lambda group: [entry])

    signer, mistakes = _open("ehealth")
    assert signer is None
    assert "ehealth cannot be loaded" in mistakes[0].message


def make_signer(table: Table) -> Signer:
    return NoSigner()


def test_a_stand_in_without_its_key_is_none(tmp_path: Path) -> None:
    """Files that are missing are told once, by whoever opens the line with them."""
    mistakes: list[Mistake] = []
    files = {"certificate_file": str(tmp_path / "a"), "key_file": str(tmp_path / "b")}

    assert open_signer("local-stand-in", Table(files, mistakes, file="x")) is None
    assert mistakes == []

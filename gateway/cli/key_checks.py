"""Do the key files hold what they should?  Looks at what `config.checks` found readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from twisted.conch.ssh.keys import BadKeyError, EncryptedKeyError, Key

from config.errors import Mistake
from config.settings import Settings
from gateway.clock import Entropy, Now
from gateway.intake.https_tls import read_certificates
from gateway.intake.receipts import read_signer
from gateway.storage.vault import read_key_ring

_SOON: Final = 30 * 86400.0  # seconds before its end that a certificate is told of
_UNUSABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    UnsupportedAlgorithm,
    BadKeyError,
    EncryptedKeyError,
)


def check_keys(settings: Settings, entropy: Entropy, now: Now) -> Iterator[Mistake]:
    """Yield a mistake for each key or certificate that could not be used."""
    tried: list[tuple[str, Path, Callable[[], object], str]] = [
        (
            "storage.key_file",
            settings.storage.key_file,
            lambda: read_key_ring(settings.storage.key_file, entropy),
            "key-encryption keys as `octway init` makes",
        ),
        (
            "receipts.key_file",
            settings.receipts.key_file,
            lambda: read_signer(settings.receipts.key_file),
            "an Ed25519 key in PEM, without a passphrase",
        ),
    ]
    if settings.sftp.enabled:
        tried.extend(
            (
                "sftp.host_keys",
                path,
                lambda path=path: Key.fromFile(str(path)),  # type: ignore[misc]
                "a private SSH key without a passphrase",
            )
            for path in settings.sftp.host_keys
        )
    for key, path, read, wanted in tried:
        if path.is_file() and (why := _unusable(read)) is not None:
            yield settings.mistake(
                key, f"{path} cannot be used ({why}); wanted {wanted}"
            )
    if settings.https.enabled:
        yield from _check_certificate(settings, now())


def _check_certificate(settings: Settings, now: float) -> Iterator[Mistake]:
    place, key_place = settings.https.certificate, settings.https.key
    if not (place.is_file() and key_place.is_file()):
        return  # told of already
    try:
        certificate = read_certificates(place)[0]
        key = serialization.load_pem_private_key(key_place.read_bytes(), None)
    except _UNUSABLE as error:
        yield settings.mistake(
            "https.certificate",
            f"{place} and {key_place} cannot be used ({type(error).__name__}); wanted "
            "a certificate and its private key in PEM, without a passphrase",
        )
        return
    if certificate.public_key() != key.public_key():
        yield settings.mistake(
            "https.certificate", f"{place} is not of the key {key_place}; wanted a pair"
        )
    if certificate.not_valid_after_utc.timestamp() <= now:
        yield settings.mistake(
            "https.certificate", f"{place} has expired; wanted a valid one"
        )


def expires_soon(settings: Settings, now: float) -> float | None:
    """Return when the HTTPS certificate ends if that is soon, in epoch seconds."""
    certificate = read_certificates(settings.https.certificate)[0]
    ends = certificate.not_valid_after_utc.timestamp()
    return ends if ends < now + _SOON else None


def _unusable(read: Callable[[], object]) -> str | None:
    try:
        read()
    except _UNUSABLE as error:
        return type(error).__name__
    return None

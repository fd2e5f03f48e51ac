"""S/MIME envelopes (CMS, encryption only): sealed for a fund, opened with our keys.

AES of 128 and 256 bits in CBC is done by `cryptography`.  What it does not know,
3DES and everything but plain DER, is done by the program `openssl`, where there is
one.  Nothing here encrypts by itself.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7EnvelopeBuilder,
    PKCS7Options,
    pkcs7_decrypt_der,
)

LEGACY: Final = "des3"
_AES: Final[Mapping[str, Any]] = MappingProxyType(
    {"aes-128-cbc": algorithms.AES128, "aes-256-cbc": algorithms.AES256}
)
CIPHERS: Final = (*_AES, LEGACY)
_SECONDS: Final = 30.0
_NOT_OURS: Final = "No recipient found"


class NotSealed(Exception):
    """A file could not be put into an envelope; the words say why."""


class NotOpened(Exception):
    """An envelope could not be opened; the words say why."""


@frozen(kw_only=True)
class OwnKey:
    """A certificate of ours and its key; their files are what `openssl` reads."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)
    certificate_file: Path
    key_file: Path


def has_openssl() -> bool:
    """Say whether there is a program `openssl`."""
    return shutil.which("openssl") is not None


def seal(content: bytes, certificate: x509.Certificate, cipher: str) -> bytes:
    """Encrypt for the owner of a certificate; returns DER.  Raises `NotSealed`."""
    if cipher == LEGACY:
        return _seal_legacy(content, certificate)
    try:
        return (
            PKCS7EnvelopeBuilder()
            .set_data(content)
            .add_recipient(certificate)
            .set_content_encryption_algorithm(_AES[cipher])
            .encrypt(Encoding.DER, [PKCS7Options.Binary])
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotSealed(f"the certificate cannot be encrypted to: {error}") from error


def unseal(sealed: bytes, keys: Sequence[OwnKey]) -> bytes:
    """Decrypt with the first of our keys that fits; raises `NotOpened`."""
    if not keys:
        raise NotOpened(
            "it is encrypted, and the endpoint has no certificate_file and key_file"
        )
    why = ""
    for own in keys:
        try:
            return pkcs7_decrypt_der(sealed, own.certificate, own.key, [])
        except UnsupportedAlgorithm:
            why = "its cipher needs the program openssl"
        except (ValueError, TypeError) as error:
            if _NOT_OURS in str(error):
                why = why or "it is encrypted for another certificate than ours"
                continue
            why = "it is no envelope that can be read"
        if has_openssl():
            try:
                return _unseal_legacy(sealed, own)
            except NotOpened as error:
                why = str(error)
    raise NotOpened(why)


def _seal_legacy(content: bytes, certificate: x509.Certificate) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(certificate.public_bytes(Encoding.PEM))
        file.flush()
        encrypt = ("-encrypt", "-des3", "-outform", "DER", file.name)
        done = _openssl(encrypt, content)
    if done is None:
        raise NotSealed("cipher des3 needs the program openssl; wanted it installed")
    if done.returncode or not done.stdout:
        raise NotSealed(f"openssl refused: {_said(done)}")
    return done.stdout


def _unseal_legacy(sealed: bytes, own: OwnKey) -> bytes:
    files = ("-recip", str(own.certificate_file), "-inkey", str(own.key_file))
    done = _openssl(("-decrypt", "-inform", "DER", *files), sealed)
    if done is None or done.returncode:
        said = "it is gone" if done is None else _said(done)
        raise NotOpened(f"openssl cannot open it: {said}")
    return done.stdout


def _openssl(
    arguments: Sequence[str], content: bytes
) -> subprocess.CompletedProcess[bytes] | None:
    """Run `openssl cms`; None if there is no such program, or it does not end."""
    program = shutil.which("openssl")
    if program is None:
        return None
    try:
        return subprocess.run(  # noqa: S603 - a fixed program, arguments of ours
            [program, "cms", "-binary", *arguments],
            input=content,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("latin-1").splitlines() or ["no reason given"]
    return lines[0].strip()[:200]

"""The keys and the certificate that `octway init` makes, and reading them to check.

Every private file is made with mode 0600 from its first byte, under a name that
must be free: nothing here can overwrite a key.
"""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.clock import Entropy

PRIVATE: Final = 0o600
PUBLIC: Final = 0o644
_VALID_DAYS: Final = 825  # the longest that browsers take
_NO_ENCRYPTION = serialization.NoEncryption()


def write_new(path: Path, content: bytes | str, mode: int) -> bool:
    """Write a file that is not there yet, durable; False if it is there.

    Raises `OSError` with the file's name, as on a full disk; then there is none.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error
    return True


def replace(path: Path, content: bytes | str, mode: int) -> None:
    """Put new content in place of a file at once: the old or the new, never half."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    write_new(fresh, content, mode)
    fresh.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_ed25519(entropy: Entropy) -> Ed25519PrivateKey:
    """Make an Ed25519 key."""
    return Ed25519PrivateKey.from_private_bytes(entropy(32))


def ssh_private(key: Ed25519PrivateKey) -> bytes:
    """Write a private key as OpenSSH does."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        _NO_ENCRYPTION,
    )


def ssh_public(key: Ed25519PrivateKey, comment: str) -> str:
    """Write the public half on one line, as in authorized_keys."""
    line = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return f"{line.decode()} {comment}"


def pem_private(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """Write a private key as PKCS #8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, _NO_ENCRYPTION
    )


def pem_public(key: Ed25519PrivateKey) -> bytes:
    """Write the public half as PEM."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def self_signed(name: str, now: float) -> tuple[bytes, bytes]:
    """Make a P-256 key and a certificate for this machine and `name`, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.fromtimestamp(now, UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName(each) for each in dict.fromkeys(("localhost", name))
    ]
    names += [
        x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(hours=1))
        .not_valid_after(start + timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), pem_private(key)

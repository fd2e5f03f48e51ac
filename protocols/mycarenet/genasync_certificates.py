"""Certificates for a simulated MyCareNet and for those who call it, made on the spot.

One authority of its own signs a server's and a client's certificate.  They mean
nothing anywhere else: real ones come from eHealth.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from attrs import frozen
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LASTS: Final = timedelta(days=30)
_NAMES: Final = [
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
]


@frozen
class Pair:
    """A certificate and its key, each in a PEM file."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates into a folder; valid for thirty days from `now`."""

    def __init__(self, folder: Path, *, now: float, name: str = "authority") -> None:
        self._folder = folder
        self._from = datetime.fromtimestamp(now, UTC) - timedelta(hours=1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _called(f"{name} (SIMULATED)")
        signed = self._sign(
            self._name,
            self._key.public_key(),
            x509.BasicConstraints(ca=True, path_length=0),
            _may(sign_certificates=True),
        )
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        self._own = signed

    def server(self, name: str = "server") -> Pair:
        """Make what a server on this machine shows."""
        return self._pair(name, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, name: str = "client") -> Pair:
        """Make what a caller shows."""
        return self._pair(name, ExtendedKeyUsageOID.CLIENT_AUTH)

    def issued(self, certificate: x509.Certificate) -> bool:
        """Say whether a certificate was signed here."""
        try:
            certificate.verify_directly_issued_by(self._own)
        except (InvalidSignature, TypeError, ValueError):
            return False
        return True

    def _pair(self, name: str, use: x509.ObjectIdentifier) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._sign(
            _called(f"{name} (SIMULATED)"),
            key.public_key(),
            x509.BasicConstraints(ca=False, path_length=None),
            _may(sign_certificates=False),
            x509.ExtendedKeyUsage([use]),
            x509.SubjectAlternativeName(_NAMES),
        )
        made = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        made.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        made.key.touch(mode=0o600)
        made.key.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return made

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *extensions: x509.ExtensionType,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._from)
            .not_valid_after(self._from + _LASTS)
        )
        own = self._key.public_key()
        for each in (
            x509.SubjectKeyIdentifier.from_public_key(key),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(own),
            *extensions,
        ):
            critical = isinstance(each, x509.BasicConstraints | x509.KeyUsage)
            builder = builder.add_extension(each, critical=critical)
        return builder.sign(self._key, hashes.SHA256())


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _may(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

"""TLS of the HTTPS door: 1.2 and newer, ALPN http/1.1, optional client certificates.

The files are read again on `reload`, which new connections see and open ones
do not; a pair of files that does not fit leaves the old one in force.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.interfaces import IProtocolFactory, IReactorTime, ITransport

from gateway.intake.https_line import TlsLine, TlsLines

_PEM_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\s*", re.DOTALL
)
_TICKETS: Final = 1  # to resume with; each costs, and clients use one at a time


class ServerTls:
    """Makes the server's side of TLS connections from files."""

    def __init__(self, *, certificate: Path, key: Path, client_ca: Path | None) -> None:
        self._certificate = certificate
        self._key = key
        self._client_ca = client_ca
        self._context = self._load()

    def reload(self) -> None:
        """Read the files again; raises and changes nothing if they do not fit."""
        self._context = self._load()

    def over(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> ssl.SSLObject:
        """Make the TLS side of a new connection over a pair of buffers."""
        return self._context.wrap_bio(incoming, outgoing, server_side=True)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
        context.num_tickets = _TICKETS
        context.set_alpn_protocols(["http/1.1"])
        self._load_own(context)
        if self._client_ca is not None:
            trusted = read_certificates(self._client_ca)
            context.load_verify_locations(
                cadata=b"".join(each.public_bytes(Encoding.DER) for each in trusted)
            )
            # A certificate is welcome, and checked; a token logs in as well.
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _load_own(self, context: ssl.SSLContext) -> None:
        read_certificates(self._certificate)
        self._key.read_bytes()  # so that the error of a missing file names it
        try:
            # Without a password given, an encrypted key would ask the terminal.
            context.load_cert_chain(self._certificate, self._key, password="")
        except ssl.SSLError as error:
            raise ValueError(
                f"{self._certificate} and {self._key}: are no pair that works "
                f"({error.reason or error}); wanted a certificate and its own key, "
                "both PEM, the key without a password"
            ) from error


def with_tls(door: IProtocolFactory, tls: ServerTls, clock: IReactorTime) -> TlsLines:
    """Put TLS in front of a door."""
    return TlsLines(door, tls, clock)


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Read the certificates of a PEM file, the server's own first."""
    found = [
        x509.load_pem_x509_certificate(each)
        for each in _PEM_CERTIFICATE.findall(path.read_bytes())
    ]
    if not found:
        raise ValueError(f"{path}: holds no certificate; wanted PEM")
    return found


def fingerprint(certificate: x509.Certificate) -> str:
    """Name a certificate as the journal does: SHA-256 in hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def peer_fingerprint(transport: ITransport) -> str:
    """Name the certificate that the other side proved to have, or empty."""
    if not isinstance(transport, TlsLine):
        return ""
    certificate = transport.getPeerCertificate()
    return "" if certificate is None else hashlib.sha256(certificate).hexdigest()

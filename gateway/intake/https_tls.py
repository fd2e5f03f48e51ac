"""TLS of the HTTPS door: 1.2 and newer, ALPN http/1.1, optional client certificates.

The files are read again on `reload`, which new connections see and open ones
do not; a pair of files that does not fit leaves the old one in force.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import (
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTime,
    ITransport,
)
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    TLSVersion,
    trustRootFromCertificates,
)
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

_PEM_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\s*", re.DOTALL
)


@implementer(IOpenSSLServerConnectionCreator)
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

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Make the TLS side of a new connection."""
        return SSL.Connection(self._context, None)

    def _load(self) -> SSL.Context:
        chain = read_certificates(self._certificate)
        pem = self._key.read_bytes()
        try:
            # Without a password given, an encrypted key would ask the terminal.
            key = crypto.load_privatekey(crypto.FILETYPE_PEM, pem, passphrase=b"")
            return self._make(chain, key)
        except (SSL.Error, crypto.Error) as error:
            raise ValueError(
                f"{self._certificate} and {self._key}: are no pair that works; wanted a "
                "certificate and its own key, both PEM, the key without a password"
            ) from error

    def _make(self, chain: list[x509.Certificate], key: crypto.PKey) -> SSL.Context:
        trust = None
        if self._client_ca is not None:
            trust = trustRootFromCertificates(
                [
                    Certificate(crypto.X509.from_cryptography(each))
                    for each in read_certificates(self._client_ca)
                ]
            )
        options = CertificateOptions(
            privateKey=key,
            certificate=crypto.X509.from_cryptography(chain[0]),
            extraCertChain=[crypto.X509.from_cryptography(each) for each in chain[1:]],
            trustRoot=trust,
            enableSessionTickets=True,
            lowerMaximumSecurityTo=None,
            insecurelyLowerMinimumTo=TLSVersion.TLSv1_2,
            acceptableProtocols=[b"http/1.1"],
        )
        context = options.getContext()
        if trust is not None:
            # A certificate is welcome, and checked; a token logs in as well.
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_CLIENT_ONCE)
        context.use_privatekey(key)
        context.check_privatekey()
        return context


def with_tls(
    door: IProtocolFactory, tls: ServerTls, clock: IReactorTime
) -> TLSMemoryBIOFactory:
    """Put TLS in front of a door."""
    return TLSMemoryBIOFactory(tls, False, door, clock)


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
    if not isinstance(transport, TLSMemoryBIOProtocol):
        return ""
    certificate = transport.getPeerCertificate()
    return "" if certificate is None else fingerprint(certificate.to_cryptography())

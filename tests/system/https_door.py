"""A process with the HTTPS door on loopback, for real clients to knock at.

Prints one line of JSON (port, token, files) and ends with its standard input.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.x509.oid import NameOID
from twisted.internet import reactor as running
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO
from twisted.internet.task import LoopingCall

from gateway.intake.https_tls import ServerTls, fingerprint, with_tls
from gateway.journal import clients
from tests.gateway.api.door import Door
from tests.gateway.house import START, House

reactor: Any = running
_TICK = 0.05


class UntilClosed(Protocol):
    """Ends the process when nobody holds its input any more."""

    def connectionLost(self, reason: Any = None) -> None:
        reactor.stop()


def make_certificate(
    name: str,
    folder: Path,
    issuer: tuple[x509.Certificate, CertificateIssuerPrivateKeyTypes] | None = None,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make a P-256 certificate, self-signed or by an issuer, and write both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    day = datetime.datetime.fromtimestamp(START, datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day - datetime.timedelta(days=3650))
        .not_valid_after(day + datetime.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
        )
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    (folder / f"{name}.crt").write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
    )
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, key


def main() -> None:
    """Serve until standard input ends."""
    house = House()
    door = Door(house)
    house.client("alpha", max_file_size=200_000_000)
    authority = make_certificate("authority", house.folder)
    make_certificate("localhost", house.folder)
    mine, _ = make_certificate("client", house.folder, authority)
    make_certificate("stranger", house.folder, authority)
    house.database.write(
        "client.key",
        lambda tx: clients.add_key(
            tx,
            "alpha",
            kind=clients.CERTIFICATE,
            fingerprint=fingerprint(mine),
            public="",
            comment="test",
        ),
    )
    tls = ServerTls(
        certificate=house.folder / "localhost.crt",
        key=house.folder / "localhost.key",
        client_ca=house.folder / "authority.crt",
    )
    served = with_tls(door.site, tls, house.clock)
    port = reactor.listenTCP(0, served, interface="127.0.0.1")
    LoopingCall(house.clock.advance, _TICK).start(_TICK)
    StandardIO(UntilClosed())
    facts = {
        "port": port.getHost().port,
        "token": house.token("alpha"),
        "folder": str(house.folder),
        "receipt_key": house.receipt_key.public_key().public_bytes_raw().hex(),
    }
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
    reactor.run()
    house.close()


if __name__ == "__main__":
    main()

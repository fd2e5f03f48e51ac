"""Who signs an envelope before it leaves: WS-Security, as a part that is plugged in.

Nationally this is an assertion of the eHealth STS (SAML 1.1, holder of key), the
signature with its key, and XAdES-T on the content.  All that needs an eHealth
certificate and a homologation, so none of it is here: here is the place where it
goes.  A package brings its own signer through the entry point group
`octway.genasync_signers`: a `SignerFactory` under the name that the setting
`signer` then gives.

What comes with Octway is `local-stand-in`, which the simulated MyCareNet checks,
and `none`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.reader import Table
from protocols.mycarenet.genasync_signature import PrivateKey, sign
from protocols.mycarenet.genasync_xml import Element

GROUP: Final = "octway.genasync_signers"
STAND_IN_WORDS: Final = (
    "signed by the LOCAL STAND-IN (X.509, no eHealth STS, SAML or XAdES-T): the real"
    " MyCareNet refuses it"
)


class Signer(Protocol):
    """Adds a `Security` header to envelopes.  Thread-safe."""

    words: str
    """What it is, for people: part of what `check` says."""

    def sign(self, envelope: Element, *, now: float) -> None:
        """Add the header; `now` is epoch seconds, and nothing changes afterwards."""
        ...


SignerFactory = Callable[[Table], Signer | None]
"""Makes a signer from the endpoint's settings.

It asks the table for its own keys and notes what is wrong with them; None then.
"""


class LocalStandIn:
    """Signs a timestamp and the body with a key of ours: a stand-in, and says so."""

    words = STAND_IN_WORDS

    def __init__(self, *, key: PrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate

    def sign(self, envelope: Element, *, now: float) -> None:
        """Add a timestamp of 30 seconds and a signature over it and the body."""
        sign(envelope, key=self._key, certificate=self._certificate, now=now)


class NoSigner:
    """Leaves envelopes as they are: for services that trust the TLS line alone."""

    words = "without WS-Security: only mutual TLS says who we are"

    def sign(self, envelope: Element, *, now: float) -> None:
        """Add nothing."""


def open_signer(name: str, table: Table) -> Signer | None:
    """Make the signer of a name; None where something is wrong, noted in `table`."""
    made = _BUILT_IN.get(name)
    if made is not None:
        return made(table)
    found = {each.name: each for each in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted({*_BUILT_IN, *found}))
        table.wrong("signer", f"is {name!r}; wanted one of {known}")
        return None
    try:
        factory: SignerFactory = found[name].load()
    except (ImportError, AttributeError) as error:
        table.wrong("signer", f"{name} cannot be loaded: {error}")
        return None
    return factory(table)


def _stand_in(table: Table) -> Signer | None:
    """Sign with the key and certificate that the TLS line has too."""
    names = (table.get("certificate_file", str), table.get("key_file", str))
    if not all(names):
        return None
    try:
        certificate = x509.load_pem_x509_certificate(Path(names[0]).read_bytes())
        key = load_pem_private_key(Path(names[1]).read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None  # told by whoever reads the same files for the line
    if not isinstance(key, PrivateKey):
        table.wrong("key_file", "is of a kind that cannot sign here; wanted RSA or EC")
        return None
    return LocalStandIn(key=key, certificate=certificate)


def _none(table: Table) -> Signer:
    return NoSigner()


_BUILT_IN: Final[Mapping[str, SignerFactory]] = {
    "local-stand-in": _stand_in,
    "none": _none,
}

"""The funds' certificates: which one a mail to an address is encrypted for.

They come from a file, or from a directory (LDAP) of the authority.  Of those for an
address the valid one with the highest serial number counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

_DAY: Final = 86_400.0
_LOOK_AGAIN: Final = _DAY  # seconds after which the directory is asked again
_TRY_AGAIN: Final = 60.0  # the same, where it did not help


class NoCertificate(Exception):
    """There is none to encrypt with; the words say why."""


class NoDirectory(Exception):
    """The directory of certificates did not answer; the words say why."""


class Directory(Protocol):
    """Where certificates can be looked up."""

    def find(self, address: str) -> Sequence[x509.Certificate]:
        """Return what it has for an address; raises `NoDirectory`."""
        ...


class Certificates:
    """Certificates by address, from a file and a directory.  Thread-safe."""

    def __init__(
        self,
        *,
        bundle: Iterable[x509.Certificate],
        issuers: Sequence[x509.Certificate] = (),
        directory: Directory | None,
        now: Callable[[], float],
    ) -> None:
        self._bundle = tuple(bundle)
        self._issuers = issuers
        self._directory = directory
        self._now = now
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, Sequence[x509.Certificate]]] = {}

    def of(self, address: str) -> x509.Certificate:
        """Return the one to use now; raises `NoCertificate`, or `NoDirectory`."""
        now = self._now()
        own = [each for each in self._bundle if names(each, address)]
        best = newest(own, now)
        if best is not None:
            return best
        found = self._look_up(address, now)
        best = newest(found, now)
        if best is not None:
            return best
        there = [*own, *found]
        if not there:
            raise NoCertificate(f"there is no certificate of {address}")
        ended = max(each.not_valid_after_utc for each in there)
        raise NoCertificate(
            f"no certificate of {address} is valid now; the last one ends on"
            f" {ended:%Y-%m-%d}"
        )

    def words(self) -> str:
        """Say for people what there is, and which one ends first."""
        now = self._now()
        addresses = {address_of(each) for each in self._bundle}
        used = [
            best
            for address in sorted(addresses)
            if (best := newest(_of(self._bundle, address), now)) is not None
        ]
        gone = len(addresses) - len(used)
        told = f"payers with a valid certificate: {len(used)}"
        if used:
            first = min(used, key=lambda each: each.not_valid_after_utc)
            told += f", the first ends {_in_days(first, now)} ({address_of(first)})"
        if gone:
            told += f"; payers with none that is valid now: {gone}"
        if self._directory is not None:
            told += "; others are looked up in the directory"
        return told

    def _look_up(self, address: str, now: float) -> Sequence[x509.Certificate]:
        if self._directory is None:
            return ()
        with self._lock:
            at, found = self._found.get(address, (None, ()))
        usable = newest(found, now) is not None
        if at is not None and now - at < (_LOOK_AGAIN if usable else _TRY_AGAIN):
            return found
        try:
            asked = [
                each
                for each in self._directory.find(address)
                if names(each, address) and self._is_trusted(each)
            ]
        except NoDirectory:
            if usable:
                return found
            raise
        with self._lock:
            self._found[address] = (now, asked)
        return asked

    def _is_trusted(self, certificate: x509.Certificate) -> bool:
        return any(_issued(issuer, certificate) for issuer in self._issuers)


def newest(found: Iterable[x509.Certificate], now: float) -> x509.Certificate | None:
    """Return the valid one with the highest serial number."""
    valid = [
        each
        for each in found
        if each.not_valid_before_utc.timestamp()
        <= now
        < each.not_valid_after_utc.timestamp()
    ]
    return max(valid, key=lambda each: each.serial_number, default=None)


def address_of(certificate: x509.Certificate) -> str:
    """Return the address that a certificate is for: its common name."""
    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value).strip().casefold() if named else ""


def names(certificate: x509.Certificate, address: str) -> bool:
    """Say whether a certificate is for an address."""
    return address_of(certificate) == address.casefold()


def _of(found: Iterable[x509.Certificate], address: str) -> list[x509.Certificate]:
    return [each for each in found if names(each, address)]


def _in_days(certificate: x509.Certificate, now: float) -> str:
    left = (certificate.not_valid_after_utc.timestamp() - now) / _DAY
    return f"on {certificate.not_valid_after_utc:%Y-%m-%d}, in {left:.0f} days"


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True

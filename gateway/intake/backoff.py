"""Makes addresses wait that guess passwords, at whichever door they do.

Kept in memory and for this node only: a guesser who comes back after a restart
starts with a few free tries, and no more.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Final

from attrs import define, frozen
from twisted.internet.interfaces import IReactorTime

FREE_FAILURES: Final = 10
_LONGEST_WAIT: Final = 900.0
_FORGOTTEN_AFTER: Final = 3600.0
_MOST_ADDRESSES: Final = 10_000


@define
class _Record:
    failures: int
    at: float
    number: int = 0  # of its newest try


@frozen
class Try:
    """A try that counts as failed, so that those at the same time see it."""

    address: str
    number: int
    before: float


class AddressBackoff:
    """Remembers failed logins by address; IPv6 addresses by their /64."""

    def __init__(self, *, clock: IReactorTime) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def begin(self, address: str, *, free: int = FREE_FAILURES) -> Try | None:
        """Count a try as failed before it is looked at; None if it has to wait.

        Who turns out to be right is told with `take_back`.
        """
        return None if self.wait(address, free=free) > 0 else self.failed(address)

    def take_back(self, made: Try) -> None:
        """A try that was begun did not fail."""
        record = self._records.get(made.address)
        if record is None:
            return
        record.failures -= 1
        if record.number == made.number:
            record.at = made.before
        if record.failures <= 0:
            del self._records[made.address]

    def forget(self, address: str) -> None:
        """Nobody who is counted under `address` has to wait any more."""
        self._records.pop(network_of(address), None)

    def failed(self, address: str) -> Try:
        """A login from `address` failed."""
        network = network_of(address)
        record = self._records.pop(network, None)
        if record is None or self._age(record) > _FORGOTTEN_AFTER:
            record = _Record(failures=0, at=0.0)
        record.failures += 1
        record.number += 1
        made = Try(network, record.number, record.at)
        record.at = self._clock.seconds()
        self._records[network] = record
        if len(self._records) > _MOST_ADDRESSES:
            del self._records[next(iter(self._records))]  # the one longest ago
        return made

    def wait(self, address: str, *, free: int = FREE_FAILURES) -> float:
        """Give the seconds for which `address` is to be turned away; 0 for none.

        The wait doubles with each failure after the free ones.
        """
        record = self._records.get(network_of(address))
        if record is None or record.failures < free:
            return 0.0
        doublings = min(record.failures - free, 20)
        return max(0.0, min(2.0**doublings, _LONGEST_WAIT) - self._age(record))

    def _age(self, record: _Record) -> float:
        return self._clock.seconds() - record.at


def network_of(address: str) -> str:
    """Return the network that an address counts for: IPv6 its /64, else itself."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return parsed.exploded[:19]
    return str(parsed)

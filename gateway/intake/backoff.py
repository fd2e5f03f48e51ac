"""Makes addresses wait that guess passwords, at whichever door they do.

Kept in memory and for this node only: a guesser who comes back after a restart
starts with a few free tries, and no more.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Final

from attrs import define
from twisted.internet.interfaces import IReactorTime

_FREE_FAILURES: Final = 10
_LONGEST_WAIT: Final = 900.0
_FORGOTTEN_AFTER: Final = 3600.0
_MOST_ADDRESSES: Final = 10_000


@define
class _Record:
    failures: int
    at: float


class AddressBackoff:
    """Remembers failed logins by address; IPv6 addresses by their /64."""

    def __init__(self, *, clock: IReactorTime) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def failed(self, address: str) -> None:
        """A login from `address` failed."""
        network = _network(address)
        record = self._records.pop(network, None)
        if record is None or self._age(record) > _FORGOTTEN_AFTER:
            record = _Record(failures=0, at=0.0)
        record.failures += 1
        record.at = self._clock.seconds()
        self._records[network] = record
        if len(self._records) > _MOST_ADDRESSES:
            del self._records[next(iter(self._records))]  # the one longest ago

    def wait(self, address: str) -> float:
        """Give the seconds for which `address` is to be turned away; 0 for none.

        The wait doubles with each failure after the free ones.
        """
        record = self._records.get(_network(address))
        if record is None or record.failures < _FREE_FAILURES:
            return 0.0
        doublings = min(record.failures - _FREE_FAILURES, 20)
        return max(0.0, min(2.0**doublings, _LONGEST_WAIT) - self._age(record))

    def _age(self, record: _Record) -> float:
        return self._clock.seconds() - record.at


def _network(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return parsed.exploded[:19]
    return str(parsed)

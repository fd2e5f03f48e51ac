"""Which networks and channels are installed, found by name.

Every package may bring some through the entry points `octway.networks` and
`octway.channels`; our own come the same way, so nothing here names one.  A part
is loaded when first asked for: `octway inspect` needs no SSH library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, NamedTuple

from protocols.channels.interface import Channel, ChannelFactory
from protocols.interface import Network
from protocols.simulation import Simulation
from routing.errors import GatewayError


class UnknownName(GatewayError):
    """No installed package brings a network or channel of that name."""

    code: ClassVar[str] = "unknown-name"


class NotLoadable(GatewayError):
    """A package says it brings one, and it cannot be loaded; or two say so."""

    code: ClassVar[str] = "not-loadable"


class Recognised(NamedTuple):
    """What a file is: the network that knows it, and its format's name."""

    network: Network
    format: str


class Simulated(NamedTuple):
    """A network that can be simulated."""

    network: Network
    simulation: Simulation

    @property
    def name(self) -> str:
        """The network's name."""
        return self.network.name


class Catalog:
    """The networks and channels of given entry points."""

    def __init__(
        self, *, networks: Iterable[EntryPoint], channels: Iterable[EntryPoint]
    ) -> None:
        self._networks = _Shelf("network", networks)
        self._channels = _Shelf("channel", channels)

    @classmethod
    def installed(cls) -> Catalog:
        """Find what the installed packages bring."""
        there = entry_points()
        return cls(
            networks=there.select(group="octway.networks"),
            channels=there.select(group="octway.channels"),
        )

    @property
    def network_names(self) -> tuple[str, ...]:
        """Every network's name, in alphabetical order."""
        return self._networks.names

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Every channel's name, in alphabetical order."""
        return self._channels.names

    def network(self, name: str) -> Network:
        """Return a network; raises `UnknownName` with the names there are."""
        network: Network = self._networks.take(name)
        return network

    def networks(self) -> Iterator[Network]:
        """Yield every network, in alphabetical order."""
        return (self.network(name) for name in self.network_names)

    def simulated(self) -> Iterator[Simulated]:
        """Yield every network that brings a simulation, in alphabetical order."""
        for network in self.networks():
            if network.simulation is not None:
                yield Simulated(network, network.simulation)

    def channel(self, name: str) -> ChannelFactory:
        """Return what opens a kind of channel; raises `UnknownName`."""
        factory: ChannelFactory = self._channels.take(name)
        return factory

    def open_channel(self, name: str, settings: Mapping[str, object]) -> Channel:
        """Open a channel; raises `ConfigErrors` for wrong settings."""
        return self.channel(name)(settings)

    def recognise(self, head: bytes) -> Recognised | None:
        """Say what a file is from its first 4096 bytes, or None if nobody knows."""
        for network in self.networks():
            format = network.recognise(head)
            if format is not None:
                return Recognised(network, format)
        return None


class _Shelf:
    """Entry points of one group, loaded once each."""

    def __init__(self, kind: str, entries: Iterable[EntryPoint]) -> None:
        self._kind = kind
        self._entries: dict[str, EntryPoint] = {}
        self._loaded: dict[str, Any] = {}
        for entry in entries:
            known = self._entries.setdefault(entry.name, entry)
            if known.value != entry.value:
                raise NotLoadable(
                    f"{kind} {entry.name!r} is brought by {known.value} and by"
                    f" {entry.value}; wanted one: uninstall the other package"
                )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries))

    def take(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Any:
        entry = self._entries.get(name)
        if entry is None:
            there = ", ".join(self.names) or "none is installed"
            raise UnknownName(f"no {self._kind} {name!r}; there are: {there}")
        try:
            return entry.load()
        except (ImportError, AttributeError) as error:
            raise NotLoadable(
                f"{self._kind} {name!r} cannot be loaded from {entry.value}: {error};"
                " mend or uninstall the package that brings it"
            ) from error

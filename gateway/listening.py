"""Listens for the doors: where the settings say, or on sockets that were passed."""

from __future__ import annotations

import os
import socket
from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import (
    AdoptedStreamServerEndpoint,
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
)
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.protocols.haproxy import proxyEndpoint

from config.definitions import Address
from gateway.service_manager import Passed

_BACKLOG: Final = 1024


class Listening:
    """The ports of a node.

    A socket in `passed` wins over the address of its door, and stays open when the
    node closes it: who passed it goes on taking connections for the next node.
    """

    def __init__(self, reactor: Any, passed: Passed) -> None:
        self._reactor = reactor
        self._passed = passed
        self._ports: list[IListeningPort] = []

    async def open(
        self, door: str, address: Address, factory: IProtocolFactory, *, proxied: bool
    ) -> list[str]:
        """Listen for one door, and say where; `proxied` behind a PROXY balancer."""
        places = []
        for endpoint in self._endpoints(door, address):
            spoken = proxyEndpoint(endpoint) if proxied else endpoint
            port = await spoken.listen(factory)
            self._ports.append(port)
            host = port.getHost()
            places.append(str(Address(host.host, host.port)))
        return places

    async def close(self) -> None:
        """Take no more connections; those that are open stay."""
        await gatherResults([_closed(port) for port in self._ports])

    def _endpoints(self, door: str, address: Address) -> list[Any]:
        if door in self._passed:
            return [
                AdoptedStreamServerEndpoint(self._reactor, each, _family(each))
                for each in self._passed[door]
            ]
        kind = TCP6ServerEndpoint if ":" in address.host else TCP4ServerEndpoint
        return [kind(self._reactor, address.port, _BACKLOG, address.host)]


def _family(descriptor: int) -> socket.AddressFamily:
    with socket.socket(fileno=os.dup(descriptor)) as same:
        return same.family


def _closed(port: IListeningPort) -> Deferred[None]:
    return Deferred.fromCoroutine(_stopped(port))


async def _stopped(port: IListeningPort) -> None:
    stopping = port.stopListening()
    if stopping is not None:
        await stopping

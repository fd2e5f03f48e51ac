"""Packets leave at once, together, in order, and never around a wrapper."""

from __future__ import annotations

import socket
from typing import Any, cast

import pytest
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.trial.unittest import SynchronousTestCase

from gateway.intake.ssh_outlet import Outlet


class Writers:
    """The part of a reactor that a socket tells of what it wants."""

    def __init__(self) -> None:
        self.waiting: set[object] = set()

    def addWriter(self, writer: object) -> None:
        self.waiting.add(writer)

    def removeWriter(self, writer: object) -> None:
        self.waiting.discard(writer)

    def removeReader(self, reader: object) -> None:
        pass


class Producer:
    """Notes when it is told to pause."""

    paused = False

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False

    def stopProducing(self) -> None:
        pass


class Wrapper:
    """A layer over a socket, as Twisted's wrappers are: attributes pass through."""

    def __init__(self, below: Connection) -> None:
        self.below = below
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.below, name)


class OutletTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Writers()
        ours, self.peer = socket.socketpair()
        self.addCleanup(self.peer.close)
        self.addCleanup(ours.close)
        self.peer.setblocking(False)
        self.socket = Connection(ours, Protocol(), cast(Any, self.reactor))
        self.socket.connected = 1
        self.outlet = Outlet(self.socket)

    def test_outside_a_turn_each_packet_leaves_at_once(self) -> None:
        """No round of the reactor is waited for."""
        self.outlet.write(b"now")
        assert self.peer.recv(100) == b"now"
        assert not self.reactor.waiting

    def test_the_packets_of_a_turn_leave_together(self) -> None:
        """In their order, when it ends."""
        self.outlet.begin()
        self.outlet.write(b"one,")
        self.outlet.write(b"two")
        with pytest.raises(BlockingIOError):
            self.peer.recv(100)
        self.outlet.end()
        assert self.peer.recv(100) == b"one,two"

    def test_a_turn_that_says_much_is_sent_in_between(self) -> None:
        """So that a client that does not read is noticed before it ends."""
        self.outlet.begin()
        self.outlet.write(bytes(65 * 1024))
        assert self.peer.recv(1)

    def test_what_the_kernel_does_not_take_waits_in_order(self) -> None:
        """Back-pressure begins, and what is sent later stays behind."""
        producer = Producer()
        self.socket.registerProducer(producer, True)
        first, second = b"1" * 4_000_000, b"2" * 1000
        self.outlet.write(first)
        assert producer.paused
        came = bytearray(self.peer.recv(65536))
        self.outlet.write(second)
        while self.reactor.waiting:
            self.socket.doWrite()
            came += self._all()
        assert bytes(came) == first + second
        assert not producer.paused

    def test_nothing_goes_around_a_wrapper(self) -> None:
        """TLS or a PROXY header would be missing from it."""
        wrapper = Wrapper(self.socket)
        Outlet(cast(ITransport, wrapper)).write(b"wrap me")
        assert wrapper.written == [b"wrap me"]
        with pytest.raises(BlockingIOError):
            self.peer.recv(100)

    def test_a_lost_line_is_left_to_twisted(self) -> None:
        """Its own write finds the error and ends the connection."""
        self.peer.close()
        self.outlet.write(b"too late")
        assert self.socket in self.reactor.waiting
        assert isinstance(self.socket.doWrite(), Exception)

    def _all(self) -> bytes:
        came = bytearray()
        try:
            while True:
                came += self.peer.recv(1_000_000)
        except BlockingIOError:
            return bytes(came)

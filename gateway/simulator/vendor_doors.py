"""What simulated vendor software needs of a door, whichever door it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple, Protocol

from gateway.simulator.vendor_files import Bill


class DoorTrouble(Exception):
    """The door did not do what it promises; the text says what was tried."""


class Paper(NamedTuple):
    """Something given to a client: its name there, and its bytes."""

    name: str
    content: bytes


class Door(Protocol):
    """One client's way in and out.  Blocks; raises `DoorTrouble`.

    One thread uses it; after trouble the next call connects anew.
    """

    def deposit(self, bill: Bill) -> None:
        """Send a file; returns once it is safe."""
        ...

    def deposit_again(self, bill: Bill, deposit: str) -> bytes:
        """Send the same content once more; return the receipt that is given."""
        ...

    def receipts(self, known: Collection[str]) -> Iterator[Paper]:
        """Give receipts by deposit id, but those that are known."""
        ...

    def report(self, deposit: str) -> bytes | None:
        """Give the report on a deposit; None if there is none yet."""
        ...

    def returns(self) -> Iterator[Paper]:
        """Fetch every return that is not acknowledged."""
        ...

    def acknowledge(self, name: str) -> None:
        """Acknowledge a return."""
        ...

    def close(self) -> None:
        """Leave."""
        ...

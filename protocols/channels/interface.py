"""What a channel must offer.  Nothing else of it is used.

A channel moves bytes to and from one endpoint; it blocks and is called from
worker threads, never from the reactor; it retries nothing and journals nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import BinaryIO, NamedTuple, Protocol

from attrs import frozen


class RemoteFile(NamedTuple):
    """A file in a payer's outbox; `modified` is epoch seconds or 0 if unknown."""

    name: str
    size: int
    modified: float


class Arrival(StrEnum):
    """What a payer's side shows of a file whose outcome is unknown."""

    ARRIVED = "arrived"  # under its final name, with the right size
    ABSENT = "absent"  # surely not there: it may be sent again
    UNCLEAR = "unclear"  # cannot be told: the payer may have taken it already


@frozen(kw_only=True)
class Sent:
    """A channel's word that the payer's side holds the file.

    `reference` is what the payer's side calls it, `note` what was verified.
    """

    reference: str
    note: str


class Channel(Protocol):
    """Carries files to and from one endpoint.  Thread-safe; blocks."""

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        """Hand a file over under a temporary name, verify its size, rename it.

        Raises a `TransferError`: `OutcomeUnknown` when the payer may have it.
        """
        ...

    def ask(self, name: str, size: int) -> Arrival:
        """Look whether a file of unknown outcome has arrived."""
        ...

    def list(self) -> Sequence[RemoteFile]:
        """List everything in the outbox that is whole; never "newer than"."""
        ...

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a file of the outbox; return its size; raise if it was cut."""
        ...

    def remove(self, file: RemoteFile) -> None:
        """Confirm a fetched file by removing it; silent if it is gone."""
        ...

    def check(self) -> str:
        """Log in and look at both folders; return words for people, or raise."""
        ...

    def close(self) -> None:
        """Give up every connection."""
        ...


ChannelFactory = Callable[[Mapping[str, object]], Channel]
"""Builds a channel from an endpoint's settings as the directory gives them.

Raises `config.errors.ConfigErrors` when a setting is wrong.
"""

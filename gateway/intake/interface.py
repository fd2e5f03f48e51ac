"""What a door sees of the house: a client, its space, its uploads.

Both doors (SFTP, HTTPS) talk to these and to nothing else.  Paths are absolute
POSIX texts inside the client's own virtual tree (`/in/x.b2`); no path of the
server exists here.  Every refusal is a `gateway.errors.DoorError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen
from twisted.internet.defer import Deferred

from gateway.journal.clients import Login


@frozen(kw_only=True)
class Client:
    """A client that has logged in, and its limits (bytes, counts; 0 = none)."""

    id: str
    name: str
    max_file_size: int
    max_open_uploads: int
    max_bytes_per_second: int


@frozen(kw_only=True)
class Entry:
    """One name in a client's tree; `modified` is epoch seconds."""

    name: str
    is_folder: bool
    size: int
    modified: float
    writable: bool


@frozen(kw_only=True)
class Stored:
    """What a closed upload became.

    `deposit` is empty for work in progress (`.part` and the like); `receipt` is
    the signed receipt, byte for byte the same for the same content.
    `repeated` tells that this content had been deposited before.
    """

    deposit: str
    receipt: bytes
    repeated: bool
    size: int


class Upload(Protocol):
    """One file on its way in.  Compared by identity."""

    size: int  # bytes taken so far

    def write(self, offset: int, data: bytes) -> None:
        """Take bytes; returns when they are in memory or with the kernel.

        Bytes come in order: `offset` is at most `size` (a repeat of bytes
        already taken is allowed and overwrites nothing).  Raises `DoorError`.
        """
        ...

    def close(self) -> Deferred[Stored]:
        """Take the file as whole.  Fires once stored, fsynced and journaled."""
        ...

    def abandon(self) -> None:
        """The line was cut: keep what came for a resume; never raises."""
        ...


class Download(Protocol):
    """One file being read by its client."""

    size: int

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """Give up to `length` bytes; empty at the end."""
        ...

    def close(self, *, whole: bool) -> Deferred[None]:
        """End the reading; `whole` tells that the last byte was handed out."""
        ...


class Space(Protocol):
    """One client's own tree: `/in`, `/out/<network>`, `/receipts`."""

    client: Client

    def open_upload(self, path: str, *, resume: bool) -> Deferred[Upload]:
        """Begin an upload under `path`; with `resume`, go on where it was cut."""
        ...

    def open_download(self, path: str) -> Deferred[Download]:
        """Open a return, a receipt or an own deposit for reading."""
        ...

    def list(self, path: str) -> Deferred[Sequence[Entry]]:
        """List a folder, oldest first."""
        ...

    def stat(self, path: str) -> Deferred[Entry]:
        """Look at one name."""
        ...

    def rename(self, source: str, target: str, *, replace: bool) -> Deferred[Stored]:
        """Rename inside `/in`; work in progress under a final name is a deposit."""
        ...

    def remove(self, path: str) -> Deferred[None]:
        """Take a name away: acknowledges a return, forgets work in progress."""
        ...

    def make_folder(self, path: str) -> Deferred[None]:
        """Make a folder under `/in`."""
        ...

    def remove_folder(self, path: str) -> Deferred[None]:
        """Take away an empty folder under `/in`."""
        ...

    def free_bytes(self) -> int:
        """How many bytes storage could still take (for statvfs)."""
        ...


class Credentials(Protocol):
    """Who may come in.  Each fires with None for a no, and never says why."""

    def by_key(self, client: str, key: bytes) -> Deferred[Client | None]:
        """Look up an SSH public key (RFC 4253 blob) of a client."""
        ...

    def by_password(
        self, client: str, password: bytes, peer: str = ""
    ) -> Deferred[Client | None]:
        """Check a password, where the client has password login switched on.

        Fails with `Crowded` where too many are being checked, in all or for `peer`.
        """
        ...

    def by_token(self, token: str) -> Deferred[Client | None]:
        """Look up an HTTP bearer token."""
        ...

    def by_certificate(self, fingerprint: str) -> Deferred[Client | None]:
        """Look up a TLS client certificate by its SHA-256 fingerprint (hex)."""
        ...

    def ended(self, logins: frozenset[Login]) -> Deferred[frozenset[Login]]:
        """Say which logins that were taken would be refused now."""
        ...

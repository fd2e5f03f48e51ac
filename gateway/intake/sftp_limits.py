"""What the SFTP door allows, and whom it tells what happens."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen


@frozen(kw_only=True)
class SftpLimits:
    """Bounds of the door; counts, seconds and bytes."""

    max_connections: int = 1000
    max_connections_per_address: int = 100
    max_connections_per_client: int = 20
    max_unknown: int = 100  # connections that have not logged in
    max_channels: int = 10  # sessions on one connection
    max_handles: int = 256  # open files and folders of one session
    max_pending: int = 64  # requests of one session being worked on
    max_login_attempts: int = 6
    login_seconds: float = 60
    believe_seconds: float = 5  # how long a key that was a client's is believed
    idle_seconds: float = 900
    rekey_bytes: int = 4 * 1024**3
    offer_password: bool = True  # whether any client has password login
    banner: str = ""


class SftpObserver(Protocol):
    """Counts what happens at the door; must not raise."""

    def connection_opened(self) -> None:
        """A connection was taken."""
        ...

    def connection_closed(self) -> None:
        """A connection that had been taken is gone."""
        ...

    def login(self, outcome: str) -> None:
        """Tell of a login: `key`, `password`, `refused`."""
        ...

    def algorithm(self, name: str) -> None:
        """Tell of an algorithm agreed on with a new connection."""
        ...

    def rejection(self, limit: str) -> None:
        """Tell that a limit turned something away.

        Limits: `connections`, `address`, `client`, `unknown`, `backoff`,
        `channels`, `handles`, `algorithms`, `login-attempts`, `login-time`,
        `passwords`, `idle`, `revoked`.
        """
        ...

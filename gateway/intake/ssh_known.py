"""Keys that were a client's a moment ago, so that they need not be looked up again.

A client asks about its key before it signs, and one that sends a file at a time
logs in again and again: each look-up is a question to the journal, in a thread.
Only a yes is remembered, and only for seconds: a revoked key, a disabled account
and a changed limit hold for new logins after that time at the latest.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gateway.intake.interface import Client, Credentials

_MOST_REMEMBERED: Final = 10_000


class KnownKeys:
    """Finds the client of a key; believes a yes for `believe_seconds`."""

    def __init__(
        self, *, credentials: Credentials, clock: IReactorTime, believe_seconds: float
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._believe = believe_seconds
        self._remembered: dict[tuple[str, bytes], tuple[float, Client]] = {}

    def remembered(self, user: str, blob: bytes) -> Client | None:
        """Give the client, if the key was its own within the last seconds."""
        until, client = self._remembered.get((user, blob), (0.0, None))
        return client if self._clock.seconds() < until else None

    def look_up(self, user: str, blob: bytes) -> Deferred[Client | None]:
        """Ask the journal, and remember a yes."""
        asked = self._clock.seconds()  # what is revoked meanwhile counts from here
        found = self._credentials.by_key(user, blob)
        return found.addCallback(self._found, (user, blob), asked + self._believe)

    def forget(self, client_id: str) -> None:
        """Forget a client's keys: the account has been disabled."""
        for key, (_, client) in tuple(self._remembered.items()):
            if client.id == client_id:
                del self._remembered[key]

    def _found(
        self, client: Client | None, key: tuple[str, bytes], until: float
    ) -> Client | None:
        if client is None:
            self._remembered.pop(key, None)
            return None
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = until, client
        return client

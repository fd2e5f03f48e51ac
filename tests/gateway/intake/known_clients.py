"""Credentials and an observer for tests of the SFTP door."""

from __future__ import annotations

from collections import Counter

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed

from gateway.errors import StorageUnavailable
from gateway.intake.credentials import ssh_fingerprint
from gateway.intake.interface import Client
from gateway.intake.turnstile import Crowded
from gateway.journal.clients import Login
from tests.gateway.intake.memory_space import CLIENT


@define(eq=False, slots=False)
class KnownClients:
    """Says yes to the keys and the password that it was given."""

    keys: set[tuple[str, bytes]] = field(factory=set)
    passwords: dict[str, bytes] = field(factory=dict)
    asked: list[str] = field(factory=list)
    away: bool = False  # whether the journal is
    crowded: bool = False  # whether too many passwords are being checked

    def by_key(self, client: str, key: bytes) -> Deferred[Client | None]:
        self.asked.append(client)
        return succeed(CLIENT if (client, key) in self.keys else None)

    def by_password(
        self, client: str, password: bytes, peer: str = ""
    ) -> Deferred[Client | None]:
        self.asked.append(client)
        if self.crowded:
            return fail(Crowded("too many at once"))
        known = self.passwords.get(client)
        return succeed(CLIENT if known is not None and known == password else None)

    def by_token(self, token: str) -> Deferred[Client | None]:
        return succeed(None)

    def by_certificate(self, fingerprint: str) -> Deferred[Client | None]:
        return succeed(None)

    def ended(self, logins: frozenset[Login]) -> Deferred[frozenset[Login]]:
        self.asked.append("ended")
        if self.away:
            return fail(StorageUnavailable("the journal is away"))
        good = {Login(user, ssh_fingerprint(blob)) for user, blob in self.keys}
        good |= {Login(user, "") for user in self.passwords}
        return succeed(logins - good)


@define(eq=False, slots=False)
class Counts:
    """Counts what the door tells."""

    told: Counter[str] = field(factory=Counter)

    def connection_opened(self) -> None:
        self.told["opened"] += 1

    def connection_closed(self) -> None:
        self.told["closed"] += 1

    def login(self, outcome: str) -> None:
        self.told[f"login {outcome}"] += 1

    def algorithm(self, name: str) -> None:
        self.told[name] += 1

    def rejection(self, limit: str) -> None:
        self.told[f"rejection {limit}"] += 1

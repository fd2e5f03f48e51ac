"""Who an HTTPS request comes from: a bearer token, or a client certificate.

A token that was found is believed for a few seconds without asking again, so
that a busy connection costs no look-up per request; a revoked token or a
disabled account is refused after that time at the latest.
"""

from __future__ import annotations

from typing import Final, Protocol

from gateway.api.problems import Refusal
from gateway.clock import Now
from gateway.intake.interface import Client, Credentials

_MOST_REMEMBERED: Final = 10_000
_BEARER: Final = "bearer "


class LoginObserver(Protocol):
    """Counts logins."""

    def login(self, outcome: str) -> None:
        """Note a look-up: `token`, `certificate` or `refused`."""
        ...


class Doorkeeper:
    """Finds the client of a request."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        now: Now,
        believe_seconds: float,
        observe: LoginObserver,
    ) -> None:
        self._credentials = credentials
        self._now = now
        self._believe = believe_seconds
        self._observe = observe
        self._remembered: dict[str, tuple[float, Client]] = {}

    async def client(self, authorization: str, fingerprint: str) -> Client:
        """Return the client, or raise the refusal that never says why.

        `fingerprint` is the SHA-256 (hex) of the connection's verified client
        certificate, or empty.  A token that is given must hold, whatever
        certificate comes with it.
        """
        if authorization:
            return await self._by_token(authorization)
        if fingerprint:
            return await self._by_certificate(fingerprint)
        raise Refusal(
            "unauthorized",
            "no login came with the request; send Authorization: Bearer TOKEN",
        )

    async def _by_token(self, authorization: str) -> Client:
        remembered = self._remembered.get(authorization)
        if remembered is not None and self._now() < remembered[0]:
            return remembered[1]
        token = authorization[len(_BEARER) :].strip()
        client = None
        if authorization[: len(_BEARER)].lower() == _BEARER and token:
            client = await self._credentials.by_token(token)
        return self._believed("token", authorization, client)

    async def _by_certificate(self, fingerprint: str) -> Client:
        remembered = self._remembered.get(fingerprint)
        if remembered is not None and self._now() < remembered[0]:
            return remembered[1]
        client = await self._credentials.by_certificate(fingerprint)
        return self._believed("certificate", fingerprint, client)

    def _believed(self, kind: str, proof: str, client: Client | None) -> Client:
        if client is None:
            self._remembered.pop(proof, None)
            self._observe.login("refused")
            raise Refusal(
                "unauthorized",
                "the login that came is not known here; send Authorization: Bearer "
                "TOKEN, or the client certificate, of an open account",
            )
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[proof] = self._now() + self._believe, client
        self._observe.login(kind)
        return client

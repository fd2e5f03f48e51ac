"""Logging in with a provider of OpenID Connect: code flow with PKCE (RFC 7636).

An account must be there already: a claim of the provider names it, and the first
whole login, its second factor included, ties it to the person (`iss` and `sub`);
whoever else the provider calls by that name later does not get in.  Roles are given here, never by the provider.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urljoin

import requests
from attrs import define, evolve, field, frozen
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Row
from twisted.logger import Logger

from config.sections import OpenId
from gateway.api.routes import Answer
from gateway.clock import Now
from gateway.console import cookies
from gateway.console.answers import redirect
from gateway.console.login import NO_ACCOUNT, enter, next_of
from gateway.console.pages import Page, get
from gateway.console.visit import Visit
from gateway.intake.backoff import network_of
from gateway.intake.turnstile import Crowded, Turnstile
from gateway.journal import staff

BACK: Final = "/console/login/openid/back"
_WAIT: Final = 10.0
_SCOPE: Final = "openid email profile"
_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
_LEEWAY: Final = 60
_AWAY_FOR: Final = 15.0  # seconds for which a provider that failed is not asked
_KEPT: Final = ("state", "nonce", "verifier", "next")


class Refused(Exception):
    """The provider's answer does not prove who somebody is; the words say why."""


@define
class Provider:
    """The provider, as its own description tells; blocking, for a thread."""

    settings: OpenId
    now: Now
    _away_until: float = field(default=0.0, init=False)
    _told: Mapping[str, Any] | None = field(default=None, init=False)

    def begin(self, back: str, state: str, nonce: str, verifier: str) -> str:
        """Return where the browser is sent to log in."""
        session = self._session(back)
        address, _ = session.create_authorization_url(
            self._endpoint("authorization_endpoint"),
            state=state,
            nonce=nonce,
            code_verifier=verifier,
        )
        return str(address)

    def claims(self, back: str, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        """Trade the code for what the provider says of the person, proven.

        Raises `Refused`, or what `requests` raises.
        """
        try:
            token = self._session(back).fetch_token(
                self._endpoint("token_endpoint"),
                code=code,
                code_verifier=verifier,
                timeout=_WAIT,
            )
            told_keys: Any = self._get(self._endpoint("jwks_uri"))
            keys = KeySet.import_key_set(told_keys)
            told = jwt.decode(token["id_token"], keys, algorithms=list(_ALGORITHMS))
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": self.settings.issuer},
                aud={"essential": True, "value": self.settings.client_id},
                exp={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(told.claims)
        except (JoseError, KeyError, ValueError) as error:
            raise Refused(f"its token does not hold: {error}") from None
        return dict(told.claims)

    def _session(self, back: str) -> OAuth2Session:
        file = self.settings.client_secret_file
        secret = Path(file).read_text(encoding="utf-8").strip() if file else None
        return OAuth2Session(
            self.settings.client_id,
            secret,
            scope=_SCOPE,
            redirect_uri=back,
            code_challenge_method="S256",
        )

    def _endpoint(self, name: str) -> str:
        if self._told is None:
            self._told = self._discovered()
        return str(self._told[name])

    def _discovered(self) -> Mapping[str, Any]:
        """Ask what it offers; after a failure not before some seconds have passed."""
        if self.now() < self._away_until:
            raise Refused("it did not answer as it should a moment ago")
        try:
            return self._description()
        except (Refused, requests.RequestException):
            self._away_until = self.now() + _AWAY_FOR
            raise

    def _description(self) -> Mapping[str, Any]:
        issuer = self.settings.issuer.rstrip("/") + "/"
        told = self._get(urljoin(issuer, ".well-known/openid-configuration"))
        if told.get("issuer") != self.settings.issuer:
            raise Refused(f"it calls itself {told.get('issuer')!r}")
        return told

    def _get(self, address: str) -> dict[str, Any]:
        answer = requests.get(address, timeout=_WAIT)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@frozen
class OpenIdLogin:
    """The pages of it."""

    provider: Provider
    asking: Turnstile
    _log = Logger()

    def pages(self) -> list[Page]:
        """List them."""
        return [
            get("/login/openid", self.leave, None),
            get("/login/openid/back", self.come_back, None),
        ]

    async def leave(self, visit: Visit) -> Answer:
        """Send the browser to the provider."""
        state, nonce, verifier = (
            cookies.new_token(visit.premises.house.entropy) for _ in range(3)
        )
        kept = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "next": next_of(visit.query.get("next")),
        }
        back = _back(visit)
        try:
            address = await self.asking.run(
                network_of(visit.address),
                lambda: self.provider.begin(back, state, nonce, verifier),
            )
        except (Refused, Crowded, requests.RequestException, OSError) as error:
            return self._refused(visit, _AWAY, error)
        answer = redirect(address)
        cookie = cookies.openid_cookie(_packed(kept))
        if visit.boosted:
            headers = ((b"HX-Redirect", address.encode()), cookie)
            return Answer(headers=headers)
        return evolve(answer, headers=(*answer.headers, cookie))

    async def come_back(self, visit: Visit) -> Answer:
        """Begin a session for the account that the provider's word names."""
        kept = _unpacked(visit.cookies.get(cookies.OPENID, ""))
        state, code = visit.query.get("state"), visit.query.get("code")
        if not kept or state != kept["state"] or not code:
            return self._refused(visit, _NOT_BEGUN, Refused("no login waits for it"))
        back = _back(visit)
        try:
            claims = await self.asking.run(
                network_of(visit.address),
                lambda: self.provider.claims(
                    back, code, kept["verifier"], kept["nonce"]
                ),
            )
        except Exception as error:  # whatever a library makes of a strange answer
            return self._refused(visit, _AWAY, error)
        name = _account(self.provider.settings, claims)
        row = await visit.ask(staff.login, name) if name else None
        subject = f"{claims['iss']} {claims['sub']}"
        if row is None or not await _is_theirs(visit, row, subject):
            return self._refused(visit, NO_ACCOUNT, Refused("no account is theirs"))
        target = next_of(kept["next"])
        answer = await enter(visit, row, means="openid", target=target, tie=subject)
        return evolve(answer, headers=(*answer.headers, cookies.no_openid_cookie()))

    def _refused(self, visit: Visit, words: str, why: Exception) -> Answer:
        """Say it on the login page; the log has what the provider's answer lacked."""
        self._log.warn(
            "an OpenID login failed: {why}", why=f"{type(why).__name__}: {why}"[:300]
        )
        return visit.page(
            "login.html",
            status=401,
            name="",
            next=next_of(visit.query.get("next")),
            wrong=words,
            openid=self.provider.settings.name,
            passwords=self.provider.settings.passwords,
        )


_AWAY: Final = "The provider of logins did not answer as it should; try again, or ask an administrator."
_NOT_BEGUN: Final = "That login was not begun here, or took too long; try again."


async def _is_theirs(visit: Visit, row: Row[tuple[Any, ...]], subject: str) -> bool:
    """Say whether an account is a person's; it becomes so unless a code is awaited."""
    if row.totp:
        return row.subject in {"", subject}
    return await visit.write("bind", lambda tx: staff.bind(tx, row.id, subject))


def _account(settings: OpenId, claims: Mapping[str, Any]) -> str:
    """Return the account that the claims name; empty if they name none."""
    if settings.account == "email" and claims.get("email_verified") is not True:
        return ""
    found = claims.get(settings.account)
    return found.lower() if isinstance(found, str) else ""


def _back(visit: Visit) -> str:
    """Return the address that the provider sends the browser back to."""
    own = visit.premises.house.settings.console.url.rstrip("/")
    return f"{own}/login/openid/back" if own else f"https://{visit.host}{BACK}"


def _packed(kept: Mapping[str, str]) -> str:
    return urlsafe_b64encode(urlencode(kept).encode()).decode().rstrip("=")


def _unpacked(text: str) -> dict[str, str]:
    """Read the cookie; one that was changed only hurts who changed it."""
    try:
        told = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        found = dict(parse_qsl(told, max_num_fields=len(_KEPT)))
        return {name: found[name] for name in _KEPT}
    except (ValueError, KeyError):
        return {}

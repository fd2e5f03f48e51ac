"""The cookies of the console, and what proves that a form is the console's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import quote, unquote

from gateway.api.routes import Heading
from gateway.clock import Entropy

SESSION: Final = "__Host-octway"
SAID: Final = "__Host-octway-said"
LANGUAGE: Final = "__Host-octway-language"
DEVICE: Final = "__Host-octway-device"
OPENID: Final = "__Host-octway-openid"
_TOKEN_BYTES: Final = 32
_MOST_SAID: Final = 600
_YEAR: Final = 365 * 86_400
_SAFE: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"


def read(headers: Heading) -> Mapping[str, str]:
    """Read the cookies of a request; what cannot be read is not there."""
    try:
        found = SimpleCookie(headers.get("cookie"))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in found.items()}


def new_token(entropy: Entropy) -> str:
    """Make what a session's cookie holds."""
    return base64.urlsafe_b64encode(entropy(_TOKEN_BYTES)).decode().rstrip("=")


def token_hash(token: str) -> str:
    """Return what the journal keeps of a session's cookie."""
    return hashlib.sha256(token.encode()).hexdigest()


def proof_of(token: str) -> str:
    """Return what the forms of a session carry; it does not tell the cookie."""
    made = hmac.new(token.encode(), b"a form of the console", hashlib.sha256)
    return made.hexdigest()


def proves(proof: str, given: str) -> bool:
    """Say whether a form carries the proof of the session."""
    return hmac.compare_digest(proof.encode(), given.encode())


def session_cookie(token: str) -> tuple[bytes, bytes]:
    """Write the header that begins a session; it ends with the browser, too."""
    return _header(f"{SESSION}={token}; {_SAFE}")


def device_cookie(text: str) -> tuple[bytes, bytes]:
    """Write the header that has a browser known for a year."""
    return _header(f"{DEVICE}={text}; Max-Age={_YEAR}; {_SAFE}")


def openid_cookie(text: str) -> tuple[bytes, bytes]:
    """Write the header that keeps what an OpenID login waits for, for ten minutes."""
    return _header(f"{OPENID}={text}; Max-Age=600; {_SAFE}")


def no_openid_cookie() -> tuple[bytes, bytes]:
    """Write the header that forgets it."""
    return _header(f"{OPENID}=; Max-Age=0; {_SAFE}")


def no_session_cookie() -> tuple[bytes, bytes]:
    """Write the header that ends a session in the browser."""
    return _header(f"{SESSION}=; Max-Age=0; {_SAFE}")


def said_cookie(words: str) -> tuple[bytes, bytes]:
    """Write the header that has the next page tell something."""
    return _header(f"{SAID}={quote(words[:_MOST_SAID], safe='')}; Max-Age=60; {_SAFE}")


def no_said_cookie() -> tuple[bytes, bytes]:
    """Write the header that has it told once."""
    return _header(f"{SAID}=; Max-Age=0; {_SAFE}")


def said_of(cookies: Mapping[str, str]) -> str:
    """Read what the next page shall tell."""
    return unquote(cookies.get(SAID, ""))


def language_cookie(code: str) -> tuple[bytes, bytes]:
    """Write the header that keeps a language for a year."""
    return _header(f"{LANGUAGE}={code}; Max-Age={_YEAR}; {_SAFE}")


def _header(text: str) -> tuple[bytes, bytes]:
    return b"Set-Cookie", text.encode("ascii")

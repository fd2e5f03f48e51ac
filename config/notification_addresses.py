"""Addresses of recipients: what is one, and what could smuggle anything in is none."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit


def mail_address(text: str) -> Address | None:
    """Return the one plain mail address that a text is, or None."""
    with suppress(ValueError, IndexError, MessageError):
        if text.isascii() and text.isprintable() and " " not in text:
            found = Address(addr_spec=text)
            if found.username and "." in found.domain and found.addr_spec == text:
                return found
    return None


def sender_address(text: str) -> Address | None:
    """Return the address, and the name before it, of `Octway <octway@x.org>`."""
    name, plain = parseaddr(text)
    found = mail_address(plain)
    if found is None or not text.isprintable():
        return None
    return Address(name, found.username, found.domain)


def webhook_address(text: str) -> bool:
    """Say whether a text is an https address; http is one on this machine only."""
    with suppress(ValueError):
        parts = urlsplit(text)
        plain = text.isascii() and text.isprintable() and " " not in text
        if not plain or not parts.hostname or parts.username or parts.fragment:
            return False
        _ = parts.port  # raises where it is none
        return parts.scheme == "https" or (
            parts.scheme == "http" and is_here(parts.hostname)
        )
    return False


def is_here(host: str) -> bool:
    """Say whether a host is this machine by its name or number."""
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False

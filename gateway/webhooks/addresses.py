"""Which addresses an endpoint may have: never one inside, unless settings allow it.

A name is resolved anew for each delivery, checked, and the connection is made to
the very address that was checked, so a name that changes its mind leads nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from routing.errors import GatewayError

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[..., Sequence[Any]]

_LONGEST: Final = 2000
_PORTS: Final = {"https": 443, "http": 80}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_OUT_OF_USE: Final = (  # once site-local, and once for tunnels: nobody public is there
    ipaddress.ip_network("fec0::/10"),
    ipaddress.ip_network("192.88.99.0/24"),
)


class AddressRefused(GatewayError):
    """An endpoint's address is not one that we call."""

    code = "address-refused"


@frozen
class Target:
    """An endpoint's address, taken apart."""

    secure: bool
    host: str
    port: int
    path: str


@frozen(kw_only=True)
class Addresses:
    """The rules of one installation."""

    allowed: tuple[IpNetwork, ...] = ()
    resolve: Resolve = socket.getaddrinfo

    def target(self, url: str) -> Target:
        """Take an address apart, or raise `AddressRefused` in words for its owner."""
        parts = _split(url)
        port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
        host = parts.hostname or ""
        if port is None or not host:
            raise AddressRefused("wanted https://HOST/PATH")
        literal = _literal(host)
        if parts.scheme == "http" and not self._is_loopback(host, literal):
            raise AddressRefused("wanted https; http would show what is sent")
        if literal is not None and not self._may(literal):
            raise AddressRefused(_inside(host))
        path = parts.path or "/"
        query = f"?{parts.query}" if parts.query else ""
        return Target(parts.scheme == "https", host, port, path + query)

    def of(self, target: Target) -> list[Any]:
        """Resolve a target to addresses that may be called; raise if there is none.

        Each is as `socket.getaddrinfo` gives it.  Raises `OSError` when the name
        cannot be resolved.
        """
        found = self.resolve(target.host, target.port, type=socket.SOCK_STREAM)
        open_ = [
            each
            for each in found
            if self._may(ip := _ip(each[4][0])) and (target.secure or ip.is_loopback)
        ]
        if not open_:
            raise AddressRefused(_inside(target.host))
        return open_

    def _may(self, ip: _Ip) -> bool:
        inner = _inner(ip)
        if any(
            each.version == one.version and one in each
            for each in self.allowed
            for one in (ip, inner)
        ):
            return True
        return all(
            one.is_global
            and not (one.is_multicast or one.is_reserved or one.is_unspecified)
            and not any(
                one in each for each in _OUT_OF_USE if each.version == one.version
            )
            for one in (ip, inner)
        ) and not _is_tunnel(ip)

    def _is_loopback(self, host: str, literal: _Ip | None) -> bool:
        if host == "localhost":
            return any(each.is_loopback for each in self.allowed)
        return literal is not None and literal.is_loopback


def _split(url: str) -> SplitResult:
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused(
            f"wanted at most {_LONGEST} printable ASCII characters without a space"
        )
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no port
    except ValueError:
        raise AddressRefused("it is no address; wanted https://HOST/PATH") from None
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("it holds a user name or password; leave them out")
    if parts.fragment:
        raise AddressRefused("it holds a fragment (#…), which is never sent")
    return parts


def _literal(host: str) -> _Ip | None:
    try:
        return _ip(host)
    except ValueError:
        return None


def _ip(text: str) -> _Ip:
    return ipaddress.ip_address(text.partition("%")[0])  # without its zone


def _inner(ip: _Ip) -> _Ip:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _is_tunnel(ip: _Ip) -> bool:
    """Say whether packets to it are carried to an IPv4 address inside of it."""
    return isinstance(ip, ipaddress.IPv6Address) and bool(ip.sixtofour or ip.teredo)


def _inside(host: str) -> str:
    return (
        f"{host} leads to a private, loopback or reserved address; wanted a public one"
    )

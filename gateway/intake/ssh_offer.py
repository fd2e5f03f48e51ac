"""What each side offers at the start of a key exchange, and what both agree on.

A pure reading of RFC 4253 7.1 with two markers beside the algorithms: extension
negotiation (RFC 8308) and OpenSSH's strict key exchange, the remedy of the
Terrapin attack.  With a cipher that authenticates by itself no MAC has to match.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

from attrs import field, frozen

from gateway.intake.ssh_ciphers import CIPHERS, MACS
from gateway.intake.ssh_kex import EXCHANGES
from gateway.intake.ssh_wire import Fields, string, u32

COOKIE_SIZE: Final = 16
_USUAL_OFFER: Final = 4096  # bytes; a longer one is read and not remembered
_EXT_INFO_CLIENT: Final = b"ext-info-c"
_EXT_INFO_SERVER: Final = b"ext-info-s"
_STRICT_CLIENT: Final = b"kex-strict-c-v00@openssh.com"
_STRICT_SERVER: Final = b"kex-strict-s-v00@openssh.com"
_MARKERS: Final = {_EXT_INFO_CLIENT, _EXT_INFO_SERVER, _STRICT_CLIENT, _STRICT_SERVER}


class NothingInCommon(Exception):
    """The client offers nothing of one kind that this server allows."""

    def __init__(self, kind: str, offered: Sequence[bytes]) -> None:
        self.kind = kind
        self.offered = b",".join(offered).decode("ascii", "replace")
        super().__init__(f"no common {kind}; the client offers {self.offered}")


@frozen(kw_only=True)
class Offer:
    """One side's KEXINIT: names by preference, for each direction."""

    exchanges: tuple[bytes, ...]
    host_keys: tuple[bytes, ...]
    ciphers_in: tuple[bytes, ...]  # client to server
    ciphers_out: tuple[bytes, ...]
    macs_in: tuple[bytes, ...]
    macs_out: tuple[bytes, ...]
    compressions_in: tuple[bytes, ...]
    compressions_out: tuple[bytes, ...]
    guess_follows: bool

    @classmethod
    def parse(cls, payload: bytes) -> Offer:
        """Read a KEXINIT without its message number, or raise `Malformed`."""
        fields = Fields(payload, COOKIE_SIZE)
        lists = [fields.names() for _ in range(10)]
        guess_follows = fields.u8() != 0
        return cls(
            exchanges=lists[0],
            host_keys=lists[1],
            ciphers_in=lists[2],
            ciphers_out=lists[3],
            macs_in=lists[4],
            macs_out=lists[5],
            compressions_in=lists[6],
            compressions_out=lists[7],
            guess_follows=guess_follows,
        )

    def pack(self, cookie: bytes) -> bytes:
        """Write a KEXINIT without its message number."""
        lists = (
            self.exchanges,
            self.host_keys,
            self.ciphers_in,
            self.ciphers_out,
            self.macs_in,
            self.macs_out,
            self.compressions_in,
            self.compressions_out,
            (),
            (),
        )
        names = b"".join(string(b",".join(one)) for one in lists)
        return cookie + names + bytes((self.guess_follows,)) + u32(0)


@frozen(kw_only=True)
class Agreed:
    """What the two sides will use; a MAC is empty beside an AEAD cipher.

    `strict` and `ext_info` say that the client announced them; strict counts
    only in the first exchange of a connection.  `wrong_guess` tells that the
    client's next exchange message must be ignored.
    """

    exchange: bytes
    host_key: bytes
    cipher_in: bytes
    cipher_out: bytes
    mac_in: bytes
    mac_out: bytes
    strict: bool
    ext_info: bool
    wrong_guess: bool
    names: tuple[str, ...] = field(init=False)  # every algorithm once

    @names.default
    def _names(self) -> tuple[str, ...]:
        every = (
            self.exchange,
            self.host_key,
            self.cipher_in,
            self.cipher_out,
            self.mac_in,
            self.mac_out,
        )
        return tuple(dict.fromkeys(name.decode("ascii") for name in every if name))


@cache
def server_offer(
    host_keys: tuple[bytes, ...], *, first: bool, aead: bool = False
) -> Offer:
    """Say what this server allows; the markers belong to the `first` exchange.

    With `aead` only ciphers that authenticate by themselves.
    """
    markers = (_EXT_INFO_SERVER, _STRICT_SERVER) if first else ()
    ciphers = tuple(name for name, kind in CIPHERS.items() if kind.aead or not aead)
    return Offer(
        exchanges=(*EXCHANGES, *markers),
        host_keys=host_keys,
        ciphers_in=ciphers,
        ciphers_out=ciphers,
        macs_in=tuple(MACS),
        macs_out=tuple(MACS),
        compressions_in=(b"none",),
        compressions_out=(b"none",),
        guess_follows=False,
    )


@cache
def server_lists(host_keys: tuple[bytes, ...], *, first: bool, aead: bool) -> bytes:
    """Give `server_offer` as packed, to be sent behind a fresh cookie."""
    return server_offer(host_keys, first=first, aead=aead).pack(b"")


def takes_aead(payload: bytes) -> bool:
    """Whether a client's KEXINIT allows AES-GCM both ways; may raise `Malformed`."""
    read = _takes_aead if _is_usual(payload) else _takes_aead.__wrapped__
    return read(payload[COOKIE_SIZE:])


def answer(
    payload: bytes, host_keys: tuple[bytes, ...], *, first: bool, aead: bool
) -> Agreed:
    """Agree with a client's KEXINIT; raises `NothingInCommon` or `Malformed`."""
    read = _answer if _is_usual(payload) else _answer.__wrapped__
    return read(payload[COOKIE_SIZE:], host_keys, first, aead)


def _is_usual(payload: bytes) -> bool:
    """Whether to remember: clients of a version offer the same but for the cookie."""
    return len(payload) <= _USUAL_OFFER


@lru_cache(maxsize=64)
def _takes_aead(lists: bytes) -> bool:
    client = Offer.parse(bytes(COOKIE_SIZE) + lists)
    wanted = server_offer((), first=False, aead=True).ciphers_in
    return all(
        any(name in wanted for name in names)
        for names in (client.ciphers_in, client.ciphers_out)
    )


@lru_cache(maxsize=64)
def _answer(
    lists: bytes, host_keys: tuple[bytes, ...], first: bool, aead: bool
) -> Agreed:
    client = Offer.parse(bytes(COOKIE_SIZE) + lists)
    return agree(client, server_offer(host_keys, first=first, aead=aead))


def agree(client: Offer, server: Offer) -> Agreed:
    """Choose by the client's preference, or raise `NothingInCommon`."""
    cipher_in = _first("cipher", client.ciphers_in, server.ciphers_in)
    cipher_out = _first("cipher", client.ciphers_out, server.ciphers_out)
    _first("compression", client.compressions_in, server.compressions_in)
    _first("compression", client.compressions_out, server.compressions_out)
    guessed = (client.exchanges[:1], client.host_keys[:1])
    return Agreed(
        exchange=_first("key exchange", client.exchanges, server.exchanges),
        host_key=_first("host key", client.host_keys, server.host_keys),
        cipher_in=cipher_in,
        cipher_out=cipher_out,
        mac_in=_mac(cipher_in, client.macs_in, server.macs_in),
        mac_out=_mac(cipher_out, client.macs_out, server.macs_out),
        strict=_STRICT_CLIENT in client.exchanges,
        ext_info=_EXT_INFO_CLIENT in client.exchanges,
        wrong_guess=client.guess_follows
        and guessed != (server.exchanges[:1], server.host_keys[:1]),
    )


def _mac(cipher: bytes, client: Sequence[bytes], server: Sequence[bytes]) -> bytes:
    if CIPHERS[cipher].aead:
        return b""
    return _first("MAC", client, server)


def _first(kind: str, client: Sequence[bytes], server: Sequence[bytes]) -> bytes:
    for name in client:
        if name in server and name not in _MARKERS:
            return name
    raise NothingInCommon(kind, client)

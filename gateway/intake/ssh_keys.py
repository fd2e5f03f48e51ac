"""One connection's key exchange, from the first offer to the new keys.

Knows the rules and keeps the state; sends and receives nothing itself.  Every
call that comes at a wrong moment raises `Malformed`: the connection must end.
Sources: RFC 4253 7 and 8, OpenSSH's PROTOCOL 1.10 (strict key exchange).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from enum import Enum
from typing import Final

from attrs import frozen

from gateway.intake.ssh_ciphers import (
    CIPHERS,
    MACS,
    Opener,
    Sealer,
    make_opener,
    make_sealer,
)
from gateway.intake.ssh_kex import EXCHANGES, Exchange, GroupExchange, Outcome
from gateway.intake.ssh_offer import (
    COOKIE_SIZE,
    Agreed,
    answer,
    server_lists,
    takes_aead,
)
from gateway.intake.ssh_signing import HostKey
from gateway.intake.ssh_wire import Malformed, string

MSG_KEXINIT: Final = 20
MSG_NEWKEYS: Final = 21
_INIT, _REPLY = 30, 31
_GROUP_REQUEST, _GROUP, _GROUP_INIT, _GROUP_REPLY = 34, 31, 32, 33


class _Stage(Enum):
    QUIET = "quiet"
    OFFERED = "offered"  # our offer is out, theirs is not here
    AGREED = "agreed"
    SEALED = "sealed"  # we use the new keys, they have not said that they do


@frozen(kw_only=True)
class FreshKeys:
    """The new sealer and opener, each to be used after its own NEWKEYS."""

    sealer: Sealer
    opener: Opener


class KeyExchange:
    """The exchanges of one connection, the first and every later one."""

    def __init__(
        self, *, host_keys: Mapping[bytes, HostKey], server_version: bytes
    ) -> None:
        self.client_version = b""
        self.session_id = b""
        self.agreed: Agreed | None = None
        self.strict = False
        self._host_keys = host_keys
        self._names = tuple(host_keys)
        self._server_version = server_version
        self._stage = _Stage.QUIET
        self._ours = self._theirs = b""
        self._run: Exchange | None = None
        self._skip = False
        self._aead = False

    @property
    def under_way(self) -> bool:
        """Whether an exchange has begun and not ended."""
        return self._stage is not _Stage.QUIET

    def begin(self, theirs: bytes = b"") -> bytes:
        """Give our offer, to be sent as KEXINIT; `theirs` if it has come before.

        A client that allows AES-GCM is offered nothing else then, in this exchange
        and in later ones: it costs both sides half of what the others cost.
        """
        if self.under_way:
            raise Malformed("a key exchange is under way")
        first = not self.session_id
        if first:
            self._aead = bool(theirs) and takes_aead(theirs)
        lists = server_lists(self._names, first=first, aead=self._aead)
        self._ours = os.urandom(COOKIE_SIZE) + lists
        self._stage = _Stage.OFFERED
        return self._ours

    def take_offer(self, payload: bytes, *, is_first_packet: bool) -> Agreed:
        """Take the client's offer; `begin` must have been called.

        Raises `NothingInCommon`.  With strict key exchange the first offer has
        to be the first packet of all.
        """
        if self._stage is not _Stage.OFFERED:
            raise Malformed("KEXINIT in the middle of a key exchange")
        first = not self.session_id
        self.agreed = answer(payload, self._names, first=first, aead=self._aead)
        if first:
            self.strict = self.agreed.strict
            if self.strict and not is_first_packet:
                raise Malformed("KEXINIT is not the first packet")
        self._theirs = payload
        self._run = EXCHANGES[self.agreed.exchange].start()
        self._skip = self.agreed.wrong_guess
        self._stage = _Stage.AGREED
        return self.agreed

    def take(self, kind: int, payload: bytes) -> tuple[int, bytes, FreshKeys | None]:
        """Take one message of the exchange; give the reply, and keys at its end.

        A reply of message number 0 is none.  Raises `ValueError` when the
        client's share is not sound.
        """
        if self._stage is not _Stage.AGREED or self._run is None:
            raise Malformed(f"key exchange message {kind} at a wrong moment")
        if self._skip:
            self._skip = False
            return 0, b"", None
        if isinstance(self._run, GroupExchange):
            if kind == _GROUP_REQUEST and not self._run.chosen:
                return _GROUP, self._run.choose(payload), None
            if kind == _GROUP_INIT and self._run.chosen:
                reply, keys = self._finish(self._run.answer(payload))
                return _GROUP_REPLY, reply, keys
        elif kind == _INIT:
            reply, keys = self._finish(self._run.answer(payload))
            return _REPLY, reply, keys
        raise Malformed(f"unexpected key exchange message {kind}")

    def end(self) -> None:
        """Their NEWKEYS came: the exchange is over."""
        if self._stage is not _Stage.SEALED:
            raise Malformed("NEWKEYS at a wrong moment")
        self._stage = _Stage.QUIET

    def _finish(self, outcome: Outcome) -> tuple[bytes, FreshKeys]:
        if self.agreed is None:
            raise Malformed("nothing is agreed")
        digest = EXCHANGES[self.agreed.exchange].digest
        key = self._host_keys[self.agreed.host_key]
        kexinit = bytes((MSG_KEXINIT,))
        hashed = b"".join(
            (
                string(self.client_version),
                string(self._server_version),
                string(kexinit + self._theirs),
                string(kexinit + self._ours),
                string(key.blob),
                outcome.hashed,
                outcome.secret,
            )
        )
        exchange_hash = hashlib.new(digest, hashed).digest()
        self.session_id = self.session_id or exchange_hash
        signature = key.sign(exchange_hash)
        self._stage = _Stage.SEALED
        self._run = None
        reply = string(key.blob) + outcome.share + string(signature)
        return reply, self._derive(self.agreed, digest, outcome.secret + exchange_hash)

    def _derive(self, agreed: Agreed, digest: str, seed: bytes) -> FreshKeys:
        def key(letter: bytes, size: int) -> bytes:
            stream = hashlib.new(digest, seed + letter + self.session_id).digest()
            while len(stream) < size:
                stream += hashlib.new(digest, seed + stream).digest()
            return stream[:size]

        def mac_size(name: bytes) -> int:
            return MACS[name].size if name else 0

        incoming, outgoing = CIPHERS[agreed.cipher_in], CIPHERS[agreed.cipher_out]
        return FreshKeys(
            opener=make_opener(
                cipher=agreed.cipher_in,
                mac=agreed.mac_in,
                iv=key(b"A", incoming.iv_size),
                key=key(b"C", incoming.key_size),
                mac_key=key(b"E", mac_size(agreed.mac_in)),
            ),
            sealer=make_sealer(
                cipher=agreed.cipher_out,
                mac=agreed.mac_out,
                iv=key(b"B", outgoing.iv_size),
                key=key(b"D", outgoing.key_size),
                mac_key=key(b"F", mac_size(agreed.mac_out)),
            ),
        )

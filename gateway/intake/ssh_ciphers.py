"""How a packet is sealed and opened: AES-GCM, and AES-CTR with HMAC-SHA-2.

Only these exist here: no CBC, no 3DES, no MD5, no SHA-1, so no configuration can
bring them back.  Each direction has its own object, because the two directions
change keys at different moments; Conch changes both at once.

Sources: RFC 4253 6 (packets), RFC 4344 (CTR), RFC 5647 with OpenSSH's names and
its rule that the cipher name alone chooses GCM, OpenSSH's PROTOCOL 1.5 (etm).
"""

from __future__ import annotations

import hmac
import os
import struct
from typing import Final, Protocol

from attrs import frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.hmac import HMAC

# The same bound as OpenSSH: far above our channel packets, far below a memory risk.
MAX_PACKET_LENGTH: Final = 256 * 1024
_MIN_PADDING: Final = 4
_PLAIN_BLOCK: Final = 8
_AES_BLOCK: Final = 16
_TAG: Final = 16
_RANDOM_AT_ONCE: Final = 1024  # a packet takes 19 at most
_U64_MASK: Final = (1 << 64) - 1
_HEAD: Final = struct.Struct("!LB")
_U32: Final = struct.Struct("!L")
_U64: Final = struct.Struct("!Q")
_DIGESTS: Final = {"sha256": SHA256(), "sha512": SHA512()}


class PacketRefused(Exception):
    """A packet is not what the other side sealed, or is no packet at all."""

    def __init__(self, message: str, *, tampered: bool = False) -> None:
        super().__init__(message)
        self.tampered = tampered


@frozen(kw_only=True)
class CipherKind:
    """Sizes of a cipher in bytes; an `aead` cipher authenticates by itself."""

    key_size: int
    iv_size: int
    aead: bool


@frozen(kw_only=True)
class MacKind:
    """A MAC; with `etm` it covers the encrypted packet, else the plain one."""

    digest: str
    size: int
    etm: bool


# Most preferred first; what the client prefers decides (RFC 4253, 7.1).
CIPHERS: Final[dict[bytes, CipherKind]] = {
    b"aes128-gcm@openssh.com": CipherKind(key_size=16, iv_size=12, aead=True),
    b"aes256-gcm@openssh.com": CipherKind(key_size=32, iv_size=12, aead=True),
    b"aes128-ctr": CipherKind(key_size=16, iv_size=16, aead=False),
    b"aes192-ctr": CipherKind(key_size=24, iv_size=16, aead=False),
    b"aes256-ctr": CipherKind(key_size=32, iv_size=16, aead=False),
}
MACS: Final[dict[bytes, MacKind]] = {
    b"hmac-sha2-256-etm@openssh.com": MacKind(digest="sha256", size=32, etm=True),
    b"hmac-sha2-512-etm@openssh.com": MacKind(digest="sha512", size=64, etm=True),
    b"hmac-sha2-256": MacKind(digest="sha256", size=32, etm=False),
    b"hmac-sha2-512": MacKind(digest="sha512", size=64, etm=False),
}


class Sealer(Protocol):
    """Makes packets of one direction."""

    def seal(self, sequence: int, payload: bytes) -> bytes:
        """Give the bytes for the wire."""
        ...


class Opener(Protocol):
    """Takes packets of one direction apart."""

    def open(self, sequence: int, buffer: bytearray) -> memoryview | None:
        """Take one packet off the front of `buffer` and give a view of its payload.

        Gives None while the packet is not whole.  Raises `PacketRefused`; after
        that the connection must end, the buffer is of no use any more.
        """
        ...


def _padding(size: int, block: int) -> int:
    """How many bytes bring `size` to a multiple of `block`, at least four."""
    short = block - size % block
    return short if short >= _MIN_PADDING else short + block


class _Filling:
    """Random bytes that fill packets up, asked of the kernel many at a time.

    What the kernel does for them slows down the cipher that comes next.
    """

    def __init__(self) -> None:
        self._random = b""
        self._used = 0

    def take(self, count: int) -> bytes:
        """Return bytes that were never returned before."""
        if self._used + count > len(self._random):
            self._random, self._used = os.urandom(_RANDOM_AT_ONCE), 0
        self._used += count
        return self._random[self._used - count : self._used]


def _check_length(length: int, covered: int, block: int) -> None:
    """Refuse a packet length that no honest side would send."""
    if not _MIN_PADDING < length <= MAX_PACKET_LENGTH or covered % block:
        raise PacketRefused(f"packet length {length} is not possible")


def _payload(plain: bytes, at: int) -> memoryview:
    """Show what is between the padding length at `at` and the padding."""
    padding = plain[at]
    end = len(plain) - padding
    if padding < _MIN_PADDING or end <= at + 1:
        raise PacketRefused("packet padding is not possible")
    return memoryview(plain)[at + 1 : end]


def _mac_of(keyed: HMAC, sequence: int, covered: bytes | memoryview) -> bytes:
    """Compute a packet's MAC; `keyed` has taken the key in, and nothing else."""
    mac = keyed.copy()
    mac.update(_U32.pack(sequence))
    mac.update(covered)
    return mac.finalize()


class PlainSealer:
    """Packets before the first keys."""

    def seal(self, sequence: int, payload: bytes) -> bytes:
        """Pad, nothing more."""
        padding = _padding(5 + len(payload), _PLAIN_BLOCK)
        head = _HEAD.pack(1 + len(payload) + padding, padding)
        return head + payload + os.urandom(padding)


class PlainOpener:
    """Packets before the first keys."""

    def open(self, sequence: int, buffer: bytearray) -> memoryview | None:
        """Take the padding off."""
        if len(buffer) < _U32.size:
            return None
        (length,) = _U32.unpack_from(buffer)
        _check_length(length, 4 + length, _PLAIN_BLOCK)
        if len(buffer) < 4 + length:
            return None
        plain = bytes(buffer[: 4 + length])
        del buffer[: 4 + length]
        return _payload(plain, 4)


class GcmSealer:
    """AES-GCM: the length is in the clear and authenticated (RFC 5647)."""

    def __init__(self, *, key: bytes, iv: bytes) -> None:
        self._aead = AESGCM(key)
        self._fixed = iv[:4]
        self._counter = int.from_bytes(iv[4:], "big")
        self._filling = _Filling()

    def seal(self, sequence: int, payload: bytes) -> bytes:
        """Encrypt under the next invocation counter, which is never used again."""
        padding = _padding(1 + len(payload), _AES_BLOCK)
        length = _U32.pack(1 + len(payload) + padding)
        nonce = self._fixed + _U64.pack(self._counter)
        self._counter = (self._counter + 1) & _U64_MASK
        plain = b"%c%b%b" % (padding, payload, self._filling.take(padding))
        return length + self._aead.encrypt(nonce, plain, length)


class GcmOpener:
    """AES-GCM, the other way."""

    def __init__(self, *, key: bytes, iv: bytes) -> None:
        self._aead = AESGCM(key)
        self._fixed = iv[:4]
        self._counter = int.from_bytes(iv[4:], "big")

    def open(self, sequence: int, buffer: bytearray) -> memoryview | None:
        """Check the tag over length and packet, then decrypt."""
        if len(buffer) < _U32.size:
            return None
        (length,) = _U32.unpack_from(buffer)
        _check_length(length, length, _AES_BLOCK)
        end = 4 + length + _TAG
        if len(buffer) < end:
            return None
        nonce = self._fixed + _U64.pack(self._counter)
        try:
            with memoryview(buffer) as view, view[4:end] as sealed:
                plain = self._aead.decrypt(nonce, sealed, _U32.pack(length))
        except InvalidTag:
            raise PacketRefused("packet was altered", tampered=True) from None
        self._counter = (self._counter + 1) & _U64_MASK
        del buffer[:end]
        return _payload(plain, 0)


class CtrSealer:
    """AES-CTR with an HMAC over the plain packet or, with etm, the encrypted one."""

    def __init__(self, *, key: bytes, iv: bytes, mac: MacKind, mac_key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
        self._etm = mac.etm
        self._hmac = HMAC(mac_key, _DIGESTS[mac.digest])

    def seal(self, sequence: int, payload: bytes) -> bytes:
        """Encrypt and authenticate."""
        clear = 4 if self._etm else 0
        padding = _padding(5 - clear + len(payload), _AES_BLOCK)
        head = _HEAD.pack(1 + len(payload) + padding, padding)
        plain = head + payload + os.urandom(padding)
        packet = plain[:clear] + self._cipher.update(plain[clear:])
        return packet + _mac_of(self._hmac, sequence, packet if clear else plain)


class CtrOpener:
    """AES-CTR with an HMAC, the other way."""

    def __init__(self, *, key: bytes, iv: bytes, mac: MacKind, mac_key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.CTR(iv)).decryptor()
        self._hmac = HMAC(mac_key, _DIGESTS[mac.digest])
        self._mac_size = mac.size
        self._opened = self._open_etm if mac.etm else self._open_plain
        self._first = b""  # the first block, decrypted to learn the length

    def open(self, sequence: int, buffer: bytearray) -> memoryview | None:
        """Check the MAC, then give the payload."""
        return self._opened(sequence, buffer)

    def _open_etm(self, sequence: int, buffer: bytearray) -> memoryview | None:
        if len(buffer) < _U32.size:
            return None
        (length,) = _U32.unpack_from(buffer)
        _check_length(length, length, _AES_BLOCK)
        end = 4 + length
        whole = end + self._mac_size
        if len(buffer) < whole:
            return None
        with memoryview(buffer) as view:
            self._verify(sequence, view[:end], view[end:whole])
            plain = self._cipher.update(view[4:end])
        del buffer[:whole]
        return _payload(plain, 0)

    def _open_plain(self, sequence: int, buffer: bytearray) -> memoryview | None:
        if not self._first:
            if len(buffer) < _AES_BLOCK:
                return None
            self._first = self._cipher.update(bytes(buffer[:_AES_BLOCK]))
        (length,) = _U32.unpack_from(self._first)
        _check_length(length, 4 + length, _AES_BLOCK)
        end = 4 + length
        whole = end + self._mac_size
        if len(buffer) < whole:
            return None
        with memoryview(buffer) as view:
            plain = self._first + self._cipher.update(view[_AES_BLOCK:end])
            self._verify(sequence, plain, view[end:whole])
        self._first = b""
        del buffer[:whole]
        return _payload(plain, 4)

    def _verify(
        self, sequence: int, covered: bytes | memoryview, mac: memoryview
    ) -> None:
        wanted = _mac_of(self._hmac, sequence, covered)
        if not hmac.compare_digest(wanted, mac):
            raise PacketRefused("packet was altered", tampered=True)


def make_sealer(
    *, cipher: bytes, mac: bytes, key: bytes, iv: bytes, mac_key: bytes
) -> Sealer:
    """Build the sealer of agreed algorithms; an AEAD cipher takes no MAC."""
    if CIPHERS[cipher].aead:
        return GcmSealer(key=key, iv=iv)
    return CtrSealer(key=key, iv=iv, mac=MACS[mac], mac_key=mac_key)


def make_opener(
    *, cipher: bytes, mac: bytes, key: bytes, iv: bytes, mac_key: bytes
) -> Opener:
    """Build the opener of agreed algorithms; an AEAD cipher takes no MAC."""
    if CIPHERS[cipher].aead:
        return GcmOpener(key=key, iv=iv)
    return CtrOpener(key=key, iv=iv, mac=MACS[mac], mac_key=mac_key)

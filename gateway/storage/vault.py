"""Encryption at rest: a key per payload, wrapped by a key that can be rotated.

A payload is sealed in chunks with AES-256-GCM.  The nonce of a chunk is its
number and a mark on the last one, the associated data is the payload's id: so
chunks can be neither swapped, dropped, nor moved to another payload, and any
part can be read without the rest.  Every payload has a fresh key, used once.
Rotating the key-encryption key re-wraps payload keys and touches no payload.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.clock import Entropy
from gateway.errors import IntegrityBroken

CHUNK: Final = 256 * 1024
TAG: Final = 16
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PADS: Final = (0x36, 0x5C)  # of an HMAC: inner and outer


@frozen(kw_only=True)
class WrappedKey:
    """A payload's key, encrypted under the key-encryption key `key_id`."""

    key_id: str
    wrapped: bytes


class KeyRing:
    """The key-encryption keys of this installation, one of them active."""

    def __init__(
        self, keys: Mapping[str, bytes], active: str, search: bytes, entropy: Entropy
    ) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._active = active
        self._search = search
        self._inner, self._outer = (_padded(search, pad) for pad in _PADS)
        self._entropy = entropy

    @property
    def active(self) -> str:
        """Name of the key that new payload keys are wrapped with."""
        return self._active

    @property
    def names(self) -> Collection[str]:
        """Names of all keys that it holds."""
        return self._ciphers.keys()

    def new_key(self, payload: str) -> tuple[bytes, WrappedKey]:
        """Make a payload's key; return it, and what may be stored of it."""
        (made,) = self.new_keys([payload])
        return made

    def new_keys(self, payloads: Sequence[str]) -> list[tuple[bytes, WrappedKey]]:
        """Make the keys of many payloads.

        The kernel is asked once for all of their randomness: what it does for it
        slows down the cipher that comes next by more than the cipher takes.
        """
        random = self._entropy(len(payloads) * (_KEY_BYTES + _NONCE_BYTES))
        made = []
        for number, payload in enumerate(payloads):
            begin = number * (_KEY_BYTES + _NONCE_BYTES)
            key = random[begin : begin + _KEY_BYTES]
            nonce = random[begin + _KEY_BYTES : begin + _KEY_BYTES + _NONCE_BYTES]
            made.append((key, self._wrap(payload, key, nonce)))
        return made

    def wrap(self, payload: str, key: bytes) -> WrappedKey:
        """Encrypt a payload's key under the active key-encryption key."""
        return self._wrap(payload, key, self._entropy(_NONCE_BYTES))

    def _wrap(self, payload: str, key: bytes, nonce: bytes) -> WrappedKey:
        sealed = self._ciphers[self._active].encrypt(nonce, key, payload.encode())
        return WrappedKey(key_id=self._active, wrapped=nonce + sealed)

    def unwrap(self, payload: str, wrapped: WrappedKey) -> bytes:
        """Give a payload's key back, or raise `IntegrityBroken`."""
        cipher = self._ciphers.get(wrapped.key_id)
        if cipher is None:
            known = ", ".join(sorted(self._ciphers))
            raise IntegrityBroken(
                f"payload {payload} is sealed under key {wrapped.key_id!r}, which the "
                f"key file does not hold (it holds {known}); restore that key"
            )
        nonce, sealed = wrapped.wrapped[:_NONCE_BYTES], wrapped.wrapped[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, sealed, payload.encode())
        except InvalidTag:
            raise IntegrityBroken(
                f"the key of payload {payload} does not open with key "
                f"{wrapped.key_id!r}: row or key file was changed"
            ) from None

    def mark(self, purpose: str, text: str) -> str:
        """Sign a text for one purpose, so that every node knows it as its own."""
        told = f"{purpose}\0{text}".encode()
        return hmac.new(self._search, told, hashlib.sha256).hexdigest()

    def patient_hash(self, identifier: str) -> int:
        """Hash a patient's identifier so that it can be searched, not read.

        A 63-bit number, keyed by this installation; equal texts give equal
        numbers.  Rare collisions only widen a search.  It is the beginning of an
        HMAC-SHA256, made from states that have taken the key already: a deposit
        has hundreds of thousands of patients.
        """
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(identifier.encode())
        outer.update(inner.digest())
        return int.from_bytes(outer.digest()[:8]) >> 1


def _padded(key: bytes, pad: int) -> hashlib._Hash:
    """Return SHA-256 after the key's block of an HMAC, inner or outer (RFC 2104)."""
    state = hashlib.sha256()
    if len(key) > state.block_size:
        key = hashlib.sha256(key).digest()
    state.update(bytes(byte ^ pad for byte in key.ljust(state.block_size, b"\0")))
    return state


def read_key_ring(path: Path, entropy: Entropy) -> KeyRing:
    """Read the key file that `octway init` and `octway key rotate` write."""
    data = json.loads(path.read_text(encoding="ascii"))
    keys = {name: base64.b64decode(text) for name, text in data["keys"].items()}
    return KeyRing(keys, data["active"], base64.b64decode(data["search"]), entropy)


def new_key_file(entropy: Entropy, name: str) -> str:
    """Make the text of a first key file."""
    return json.dumps(
        {
            "active": name,
            "keys": {name: base64.b64encode(entropy(_KEY_BYTES)).decode()},
            "search": base64.b64encode(entropy(_KEY_BYTES)).decode(),
        },
        indent=2,
    )


def with_new_key(text: str, entropy: Entropy, name: str) -> str:
    """Add a key to a key file's text and make it the active one."""
    data = json.loads(text)
    if name in data["keys"]:
        raise ValueError(
            f"the key file holds a key {name!r} already; choose another name"
        )
    data["keys"][name] = base64.b64encode(entropy(_KEY_BYTES)).decode()
    data["active"] = name
    return json.dumps(data, indent=2)


class Sealer:
    """Seals one payload, chunk by chunk, in order."""

    def __init__(self, payload: str, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._about = payload.encode()
        self._pieces: list[bytes] = []  # what does not fill a chunk yet
        self._held = 0
        self._number = 0

    @property
    def chunks(self) -> int:
        """How many chunks have been sealed."""
        return self._number

    @property
    def pending(self) -> bytes:
        """The bytes taken that do not fill a chunk yet."""
        return b"".join(self._pieces)

    def resume(self, chunks: int) -> None:
        """Go on after that many chunks sealed earlier under the same key."""
        self._number = chunks

    def add(self, data: bytes) -> list[bytes]:
        """Take bytes; return the chunks that they filled.

        The last chunk stays back until `finish`, because it bears a mark.
        """
        self._pieces.append(bytes(data))
        self._held += len(data)
        if self._held <= CHUNK:
            return []
        left = memoryview(self.pending)
        sealed = []
        while len(left) > CHUNK:
            sealed.append(self._seal(left[:CHUNK], last=False))
            left = left[CHUNK:]
        self._pieces, self._held = [bytes(left)], len(left)
        return sealed

    def finish(self) -> bytes:
        """Seal what is left as the last chunk; an empty payload has one too."""
        piece = self.pending
        self._pieces, self._held = [], 0
        return self._seal(piece, last=True)

    def _seal(self, piece: bytes | memoryview, *, last: bool) -> bytes:
        nonce = _nonce(self._number, last=last)
        self._number += 1
        return self._cipher.encrypt(nonce, piece, self._about)


def seal(payload: str, key: bytes, data: bytes) -> bytes:
    """Seal a whole payload at once."""
    if len(data) <= CHUNK:
        return AESGCM(key).encrypt(_nonce(0, last=True), data, payload.encode())
    sealer = Sealer(payload, key)
    chunks = sealer.add(data)
    chunks.append(sealer.finish())
    return b"".join(chunks)


class SealedStream(io.RawIOBase):
    """Reads a sealed payload of `size` plain bytes; seekable."""

    def __init__(
        self, payload: str, key: bytes, size: int, read_at: Callable[[int, int], bytes]
    ) -> None:
        super().__init__()
        self._payload = payload
        self._cipher = AESGCM(key)
        self._size = size
        self._read_at = read_at
        self._position = 0
        self._chunk: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the position in plain bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position in plain bytes."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}
        self._position = max(0, base[whence] + offset)
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as the current chunk goes."""
        left = self._size - self._position
        if left <= 0:
            return 0
        number, start = divmod(self._position, CHUNK)
        plain = self._open(number)
        piece = plain[start : start + min(len(buffer), left)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _open(self, number: int) -> bytes:
        if self._chunk[0] == number:
            return self._chunk[1]
        last = (number + 1) * CHUNK >= self._size
        length = min(CHUNK, self._size - number * CHUNK)
        sealed = self._read_at(number * (CHUNK + TAG), length + TAG)
        about, nonce = self._payload.encode(), _nonce(number, last=last)
        try:
            plain = self._cipher.decrypt(nonce, sealed, about)
        except InvalidTag:
            plain = b""
        if len(plain) != length:  # or fewer bytes than the row says
            raise IntegrityBroken(
                f"payload {self._payload}: chunk {number} was changed or cut on disk; "
                "restore the storage folder from a backup"
            )
        self._chunk = (number, plain)
        return plain


def sealed_size(size: int) -> int:
    """How many bytes a payload of `size` plain bytes takes on disk."""
    chunks = max(1, -(-size // CHUNK))
    return size + chunks * TAG


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NONCE_BYTES - 1) + (b"\1" if last else b"\0")

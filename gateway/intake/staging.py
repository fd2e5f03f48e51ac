"""Parts on disk: sealed chunks in one file, the unfinished tail in another.

The tail has a random nonce of its own, so the chunk that it grows into can be
sealed later under the nonce of its number without ever using one twice.  A
file that does not fit its row (a crash came between) is not resumed.
"""

from __future__ import annotations

import hashlib
import os
from typing import Final, Protocol

from attrs import frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import BadUpload
from gateway.journal.parts import Part
from gateway.storage import vault
from gateway.storage.local import sync_folder
from gateway.storage.payloads import Payloads, Spill
from gateway.storage.vault import WrappedKey

_NONCE: Final = 12
_SEALED_CHUNK: Final = vault.CHUNK + vault.TAG


class Hash(Protocol):
    """The part of a hashlib object that an upload uses."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the hash of all of them."""
        ...


@frozen(kw_only=True)
class Loaded:
    """A part brought back: in `small` if it fits in memory, else in `spill`."""

    size: int
    hash: Hash
    small: bytearray
    spill: Spill | None


def keep(
    payloads: Payloads,
    spill: Spill | None,
    small: bytes,
    client: str,
    path: str,
    size: int,
) -> Part:
    """Make an unfinished upload durable in staging; blocking."""
    if spill is None:
        spill = Spill(payloads)
        spill.add(small)
    tail = spill.sealer.pending
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(spill.key).encrypt(nonce, tail, _about(spill.name))
    path_of_tail = payloads.storage.staging(spill.name + ".tail")
    fresh = path_of_tail.with_name(path_of_tail.name + ".new")
    with fresh.open("wb") as file:
        file.write(nonce + sealed)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path_of_tail)
    spill.sync()
    spill.close()
    sync_folder(path_of_tail.parent)
    wrapped = payloads.keys.wrap(spill.name, spill.key)
    return Part(
        id=spill.name,
        client=client,
        path=path,
        size=size,
        key_id=wrapped.key_id,
        wrapped_key=wrapped.wrapped,
    )


def load(payloads: Payloads, part: Part, *, copied: bool = False) -> Loaded:
    """Bring a part back for going on with it; blocking.

    Raises `BadUpload` when its bytes do not fit its row, or while another
    connection goes on with it.  With `copied` it is gone on with in a file of its
    own, as far as its row says: who went on with it before has written more, and
    what would follow now must not be sealed under the same key and number.
    """
    wrapped = WrappedKey(key_id=part.key_id, wrapped=part.wrapped_key)
    key = payloads.keys.unwrap(part.id, wrapped)
    chunks, tail = _check(payloads, part, key, longer=copied)
    digest = hashlib.sha256()
    kept = bytearray()
    small = part.size <= payloads.segment_limit
    cipher = AESGCM(key)
    path = payloads.storage.staging(part.id)
    copy = Spill(payloads) if copied and not small else None
    with path.open("rb") as file:
        for number in range(chunks):
            nonce = number.to_bytes(_NONCE - 1) + b"\0"
            plain = cipher.decrypt(nonce, file.read(_SEALED_CHUNK), part.id.encode())
            digest.update(plain)
            if small:
                kept += plain
            if copy is not None:
                copy.add(plain)
    digest.update(tail)
    if small:
        kept += tail
        # What waits in memory is hashed when it leaves it, and not twice.
        return Loaded(size=part.size, hash=hashlib.sha256(), small=kept, spill=None)
    spill = copy or _take_up(payloads, part, key, chunks)
    spill.add(tail)
    return Loaded(size=part.size, hash=digest, small=bytearray(), spill=spill)


def _take_up(payloads: Payloads, part: Part, key: bytes, chunks: int) -> Spill:
    """Open a part's file for writing, if nobody else does and nothing has come."""
    try:
        spill = Spill(payloads, name=part.id, key=key, chunks=chunks)
    except BlockingIOError:
        raise BadUpload(
            f"{part.path}: is being sent on another connection; end that one first, or "
            "send the file under another name"
        ) from None
    try:
        _check(payloads, part, key)  # once more: another may have ended meanwhile
    except BadUpload:
        spill.close()
        raise
    return spill


def remove(payloads: Payloads, part: str) -> None:
    """Remove what is left of a part in staging."""
    payloads.storage.staging(part).unlink(missing_ok=True)
    payloads.storage.staging(part + ".tail").unlink(missing_ok=True)


def _check(
    payloads: Payloads, part: Part, key: bytes, *, longer: bool = False
) -> tuple[int, bytes]:
    """Count a part's whole chunks and open its tail; `longer`: there may be more."""
    try:
        size = payloads.storage.staging(part.id).stat().st_size
        sealed = payloads.storage.staging(part.id + ".tail").read_bytes()
        tail = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _about(part.id))
    except (OSError, InvalidTag, ValueError):  # gone, damaged, or cut short
        raise _lost(part) from None
    chunks, odd = divmod(part.size - len(tail), vault.CHUNK)
    there = chunks * _SEALED_CHUNK
    if odd or chunks < 0 or (size < there if longer else size != there):
        raise _lost(part)
    return chunks, tail


def _lost(part: Part) -> BadUpload:
    return BadUpload(
        f"{part.path}: what came before cannot be gone on with; "
        "send the file again from its beginning"
    )


def _about(name: str) -> bytes:
    return f"{name}/tail".encode()

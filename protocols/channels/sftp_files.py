"""Whole files over an SFTP session: put, rename, look, list, get.

The order inside `put` and `get` is the promise of the channel: nothing is
renamed before its size was seen, and no file is taken that ended early.
Requests that do not need one another's answers leave together.
"""

from __future__ import annotations

import stat
from collections import deque
from contextlib import AbstractContextManager, suppress
from typing import BinaryIO

from protocols.channels import sftp_packets as packets
from protocols.channels.sftp_errors import (
    NO_SUCH_FILE,
    LineLost,
    Refusal,
    Unfinished,
    WrongBody,
    asking,
)
from protocols.channels.sftp_exchange import BLOCK, Exchange
from protocols.channels.sftp_packets import Attributes, Entry

_IN_FLIGHT = 64  # requests without an answer, as OpenSSH's own client has
_LISTS_IN_FLIGHT = 4


def put(
    exchange: Exchange,
    path: bytes,
    *,
    first: bytes,
    body: BinaryIO,
    size: int,
    fsync: bool,
) -> None:
    """Write `first` and the rest of `body` to `path`, and see its size there.

    Whatever is raised, `path` has been removed again if the line still allows.
    """
    with asking(f"open {_shown(path)} for writing"):
        handle = _open(exchange, path, packets.OPEN_NEW)
    try:
        asked = _write(exchange, handle, first, body, size)
        if fsync and packets.FSYNC in exchange.extensions:
            extension = packets.text(packets.FSYNC.encode())
            asked.append(
                exchange.post(packets.EXTENDED, extension, packets.text(handle))
            )
        asked.append(exchange.post(packets.CLOSE, packets.text(handle)))
        _see_size(exchange, path, size, after=asked)
    except BaseException:
        with suppress(LineLost, Refusal):
            _undo(exchange, handle, path)
        raise


def rename(exchange: Exchange, old: bytes, new: bytes, size: int) -> str:
    """Give `old` its final name; return what was seen of it then.

    A `LineLost` or `Unfinished` out of here means that the payer may hold it.
    """
    request = exchange.post(*_rename_request(exchange, old, new))
    seen = _ask_stat(exchange, new)
    exchange.wait(seen)
    try:
        with asking(f"rename {_shown(old)}"):
            exchange.confirm(request)
    except Refusal as refusal:
        found = _known(exchange, seen)
        if found is None:
            raise
        if found.size != size:
            refusal.advice = (
                f"a file of that name is there with {found.size} bytes in place of"
                f" {size}, and this server replaces none: see with the payer whose it is"
            )
            raise
        exchange.confirm(exchange.post(packets.REMOVE, packets.text(old)))
        return f"{size} bytes were there under this name already"
    try:
        found = _known(exchange, seen)
    except (LineLost, Refusal):
        return "renamed; its size could not be looked at again"
    if found is None:
        return "renamed, and taken by the payer at once"
    if found.size != size:
        raise Unfinished(f"renamed, and {found.size} bytes of {size} are seen")
    return f"{size} bytes seen under the final name"


def look(exchange: Exchange, *paths: bytes) -> list[Attributes | None]:
    """Tell what is known of each path, None for one that does not exist."""
    return [_known(exchange, request) for request in _ask_all(exchange, paths)]


def names(exchange: Exchange, folder: bytes) -> list[Entry]:
    """List the regular files of a folder, all of them, in no order."""
    handle = exchange.handle(exchange.post(packets.OPENDIR, packets.text(folder)))
    found: list[Entry] = []
    asked: deque[int] = deque()
    while True:
        while len(asked) < _LISTS_IN_FLIGHT:
            asked.append(exchange.post(packets.READDIR, packets.text(handle)))
        part = exchange.entries(asked.popleft())
        if not part:
            break
        found.extend(part)
    exchange.post(packets.CLOSE, packets.text(handle))
    exchange.settle()
    return [entry for entry in found if _is_file(entry.attributes)]


def is_folder(exchange: Exchange, path: bytes) -> bool:
    """Say whether a path is a folder; raise `Refusal` if it cannot be seen."""
    mode = exchange.attributes(_ask_stat(exchange, path)).mode
    return mode is None or stat.S_ISDIR(mode)


def get(exchange: Exchange, path: bytes, size: int, into: BinaryIO) -> int:
    """Copy a file that has `size` bytes; raise if it has fewer or more."""
    handle = _open(exchange, path, packets.OPEN_READ)
    try:
        found = exchange.attributes(
            exchange.post(packets.FSTAT, packets.text(handle))
        ).size
        if found not in (None, size):
            raise Unfinished(
                f"it has {found} bytes now and had {size} when listed: still being"
                " written, or replaced; it stays there and will be listed again"
            )
        copied = _read(exchange, handle, size, into)
    finally:
        with suppress(LineLost):
            exchange.settle()
            exchange.post(packets.CLOSE, packets.text(handle))
            exchange.settle()
    if copied != size:
        raise Unfinished(f"it ended after {copied} bytes of {size}")
    return copied


def remove(exchange: Exchange, path: bytes) -> None:
    """Remove a file; silent if it is gone."""
    try:
        exchange.confirm(exchange.post(packets.REMOVE, packets.text(path)))
    except Refusal as refusal:
        if refusal.code != NO_SUCH_FILE:
            raise


def _open(exchange: Exchange, path: bytes, flags: int) -> bytes:
    name, no_attributes = packets.text(path), packets.word(0)
    return exchange.handle(
        exchange.post(packets.OPEN, name, packets.word(flags), no_attributes)
    )


def _write(
    exchange: Exchange, handle: bytes, first: bytes, body: BinaryIO, size: int
) -> deque[int]:
    """Ask for every block to be written; return what is still to be confirmed."""
    asked: deque[int] = deque()
    place, block, head = 0, first, packets.text(handle)
    while block and place + len(block) <= size:
        asked.append(
            exchange.post(packets.WRITE, head, packets.long(place), packets.text(block))
        )
        if len(asked) > _IN_FLIGHT:
            exchange.wait(asked[_IN_FLIGHT // 2])
            with _writing():
                for _ in range(_IN_FLIGHT // 2):
                    exchange.confirm(asked.popleft())
        place += len(block)
        block = body.read(BLOCK)
    if block or place != size:
        found = f"more than {place}" if block else f"{place}"
        raise WrongBody(f"the file to send has {found} bytes in place of {size}")
    return asked


def _see_size(exchange: Exchange, path: bytes, size: int, *, after: deque[int]) -> None:
    seen = _ask_stat(exchange, path)
    exchange.wait(seen)
    with _writing():
        for request in after:
            exchange.confirm(request)
    with asking(f"say how large {_shown(path)} is"):
        found = exchange.attributes(seen).size
        if found != size:  # some servers look before they have closed
            found = exchange.attributes(_ask_stat(exchange, path)).size
    if found != size:
        raise Unfinished(f"{found} bytes of {size} are there after writing")


def _writing() -> AbstractContextManager[None]:
    return asking(
        "write it to its disk", failure="its disk may be full, or our quota used up"
    )


def _read(exchange: Exchange, handle: bytes, size: int, into: BinaryIO) -> int:
    asked: deque[tuple[int, int]] = deque()
    head, wanted, copied = packets.text(handle), 0, 0
    while copied < size:
        while wanted < size and len(asked) < _IN_FLIGHT:
            length = min(BLOCK, size - wanted)
            asked.append((_ask_read(exchange, head, wanted, length), length))
            wanted += length
        request, length = asked.popleft()
        while length:  # a server may give less than asked for
            block = exchange.data(request)
            if not block:
                return copied
            if len(block) > length:
                raise LineLost(f"{len(block)} bytes came where {length} were asked")
            into.write(block)
            copied += len(block)
            length -= len(block)
            if length:
                request = _ask_read(exchange, head, copied, length)
    return copied


def _undo(exchange: Exchange, handle: bytes, path: bytes) -> None:
    exchange.settle()
    exchange.post(packets.CLOSE, packets.text(handle))
    exchange.post(packets.REMOVE, packets.text(path))
    exchange.settle()


def _rename_request(
    exchange: Exchange, old: bytes, new: bytes
) -> tuple[int, *tuple[bytes, ...]]:
    names = (packets.text(old), packets.text(new))
    if packets.POSIX_RENAME in exchange.extensions:
        return packets.EXTENDED, packets.text(packets.POSIX_RENAME.encode()), *names
    return packets.RENAME, *names


def _ask_read(exchange: Exchange, head: bytes, place: int, length: int) -> int:
    return exchange.post(packets.READ, head, packets.long(place), packets.word(length))


def _ask_stat(exchange: Exchange, path: bytes) -> int:
    return exchange.post(packets.STAT, packets.text(path))


def _ask_all(exchange: Exchange, paths: tuple[bytes, ...]) -> list[int]:
    return [_ask_stat(exchange, path) for path in paths]


def _known(exchange: Exchange, request: int) -> Attributes | None:
    try:
        return exchange.attributes(request)
    except Refusal as refusal:
        if refusal.code == NO_SUCH_FILE:
            return None
        raise


def _is_file(attributes: Attributes) -> bool:
    return attributes.mode is None or stat.S_ISREG(attributes.mode)


def _shown(path: bytes) -> str:
    return path.rpartition(b"/")[2].decode("utf-8", "replace")

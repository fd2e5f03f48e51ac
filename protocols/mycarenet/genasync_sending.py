"""One sending as the channel takes it: what its name says, and its header must too."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import BinaryIO, Final, NamedTuple

from protocols.channels.naming import checked_name
from protocols.errors import TransferError
from protocols.mycarenet.mark import mark_of

_NAME: Final = re.compile(r"(\d{6})-(\d{3})-(\d{14})(?:-([0-9a-f]{16}))?\.txt")
_TEST: Final = b"92"
_KIND, _IS_TEST, _REFERENCE = slice(0, 6), slice(12, 14), slice(20, 34)


class Sending(NamedTuple):
    """What a file's name says: its kind, the union, and the reference (zone 204).

    `mark` is that of its content; "" in names that older versions of us gave.
    """

    kind: str
    union: str
    reference: str
    mark: str


def named(name: str, kinds: Collection[str]) -> Sending:
    """Read the name of a file of one of these kinds; raises `TransferError`."""
    found = _NAME.fullmatch(checked_name(name))
    if found is None or found[1] not in kinds:
        raise TransferError(
            f"file name {name!r} names no sending; wanted"
            f" <{' or '.join(kinds)}>-<union>-<zone 204, 14 digits>-<mark, 16 digits>.txt,"
            " as the network names its files: see kinds in the endpoint's settings"
        )
    return Sending(*found.groups(default=""))


def checked(doing: str, sending: Sending, body: BinaryIO, size: int) -> bytes:
    """Read a file that is the one the journal and its name speak of.

    Raises `TransferError` for another one; errors of `body` come as they are.
    """
    content = _read(body, size)
    if len(content) != size:
        raise TransferError(
            f"{doing}: the file to send has {'more than ' * (len(content) > size)}"
            f"{min(len(content), size)} bytes in place of {size}; nothing was handed"
            " over: verify the stored payload"
        )
    said = content[_KIND].decode("latin-1"), content[_REFERENCE].decode("latin-1")
    if said != (sending.kind, sending.reference):
        raise TransferError(
            f"{doing}: the file's header does not hold message {sending.kind} with"
            f" zone 204 {sending.reference}; nothing was handed over"
        )
    if sending.mark not in ("", mark_of(content)):
        raise TransferError(
            f"{doing}: the file is not the one that its name was made for (its mark is"
            f" another than {sending.mark}); nothing was handed over: verify the stored"
            " payload"
        )
    return content


def is_test(content: bytes) -> bool:
    """Say whether a sending is for trying only (zone 202)."""
    return content[_IS_TEST] == _TEST


def _read(body: BinaryIO, size: int) -> bytes:
    """Read a file of `size` bytes, and one byte more where there is one."""
    content = bytearray()
    while len(content) <= size and (block := body.read(size + 1 - len(content))):
        content += block
    return bytes(content)

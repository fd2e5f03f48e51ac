"""The data types of SSH and SFTP on the wire: reading what came, packing what goes.

Every read is bounded by the bytes that are really there: a length that lies
raises `Malformed` instead of giving back a shorter text, as Conch's `getNS` does.
"""

from __future__ import annotations

import struct

_U32 = struct.Struct("!L")
_U64 = struct.Struct("!Q")
_CUT_SHORT = "message is cut short"


class Malformed(ValueError):
    """The other side sent bytes that do not follow the protocol."""


class Fields:
    """Reads the fields of one message, first to last; each is bytes of its own."""

    def __init__(self, data: bytes | memoryview, at: int = 0) -> None:
        self._data = data
        self._at = at

    def take(self, size: int) -> bytes:
        """Take exactly `size` bytes."""
        end = self._at + size
        if end > len(self._data):
            raise Malformed(_CUT_SHORT)
        taken = self._data[self._at : end]
        self._at = end
        return bytes(taken)  # of bytes, that is no copy

    def u8(self) -> int:
        """Take a byte as a number."""
        at, self._at = self._at, self._at + 1
        if at >= len(self._data):
            raise Malformed(_CUT_SHORT)
        return self._data[at]

    def u32(self) -> int:
        """Take a uint32."""
        at, self._at = self._at, self._at + 4
        try:
            number: int = _U32.unpack_from(self._data, at)[0]
        except struct.error:
            raise Malformed(_CUT_SHORT) from None
        return number

    def u64(self) -> int:
        """Take a uint64."""
        number: int = _U64.unpack(self.take(8))[0]
        return number

    def string(self) -> bytes:
        """Take a string: a uint32 length, then as many bytes."""
        start, data = self._at + 4, self._data
        try:
            end = start + _U32.unpack_from(data, self._at)[0]
        except struct.error:
            raise Malformed(_CUT_SHORT) from None
        if end > len(data):
            raise Malformed(_CUT_SHORT)
        self._at = end
        return bytes(data[start:end])

    def names(self) -> tuple[bytes, ...]:
        """Take a name-list (RFC 4251, 5)."""
        text = self.string()
        return tuple(text.split(b",")) if text else ()

    def number(self) -> int:
        """Take a multiple precision integer that must not be negative."""
        raw = self.string()
        if raw and raw[0] & 0x80:
            raise Malformed("a negative number where none may be")
        return int.from_bytes(raw, "big")

    def rest(self) -> bytes:
        """Take all that is left."""
        return self.take(len(self._data) - self._at)


def u32(number: int) -> bytes:
    """Pack a uint32."""
    return _U32.pack(number)


def u64(number: int) -> bytes:
    """Pack a uint64."""
    return _U64.pack(number)


def string(data: bytes) -> bytes:
    """Pack a string."""
    return _U32.pack(len(data)) + data


def number(value: int) -> bytes:
    """Pack a number that is not negative as a multiple precision integer."""
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b"")

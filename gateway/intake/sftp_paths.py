"""Paths as clients write them, brought into the one form that a space knows.

The tree is virtual: the root is the client's own, `..` above it stays at it, and
nothing that the client writes is ever a path of the server.  Old programs write names
as Windows does, which no UTF-8 is: they are read as that, always alike, so that such a
program finds its files again; all names are shown in UTF-8.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from gateway.errors import NotPermitted

_LONGEST: Final = 4096
_LONGEST_NAME: Final = 255
_ENCODINGS: Final = ("utf-8", "cp1252")


def read_path(raw: bytes) -> str:
    """Give the absolute, normal form of a path, or raise `NotPermitted`.

    A relative path starts at the root, where every session starts.
    """
    if len(raw) > _LONGEST:
        raise NotPermitted(f"a path may have {_LONGEST} bytes, this one has {len(raw)}")
    parts: list[str] = []
    for part in _text(raw).split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(_name(part))
    return "/" + "/".join(parts)


def _text(raw: bytes) -> str:
    for encoding in _ENCODINGS:
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    raise NotPermitted("a file name must be text, in UTF-8 or Windows-1252")


def _name(part: str) -> str:
    if not part.isprintable():
        raise NotPermitted("a file name must not hold control characters")
    if len(part.encode()) > _LONGEST_NAME:
        raise NotPermitted(f"a file name may have {_LONGEST_NAME} bytes")
    return part

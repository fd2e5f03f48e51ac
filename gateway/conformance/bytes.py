"""How a file is written, before anybody reads what it says: encoding and line ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.conformance.finding import Finding
from routing.envelope import Severity

_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_ASCII: Final = 0x80
_ONE_BYTE: Final = (
    "write each character as one byte (ISO 8859-1, where the network takes accents at "
    "all): in UTF-8 a letter with an accent takes two, and all behind it is shifted"
)


def look(name: str, content: bytes) -> Iterator[Finding]:
    """Yield what is wrong in the bytes."""
    yield from _encoding(name, content)
    yield from _line_ends(name, content)


def _encoding(name: str, content: bytes) -> Iterator[Finding]:
    if content.startswith(_BOM):
        yield _finding(
            name,
            "byte-order-mark",
            "the file begins with the three bytes of a UTF-8 byte order mark",
            "write the file without it; " + _ONE_BYTE,
        )
        content = content[len(_BOM) :]
    if content.startswith(_UTF16):
        yield _finding(
            name,
            "utf-16",
            "the file is written in UTF-16, two bytes a character",
            _ONE_BYTE,
        )
        return
    if any(byte >= _ASCII for byte in content):
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            return  # accents of one byte
        yield _finding(
            name, "utf-8", "the file has letters with accents in UTF-8", _ONE_BYTE
        )


def _line_ends(name: str, content: bytes) -> Iterator[Finding]:
    both = content.count(b"\r\n")
    counts = {
        "CR LF": both,
        "LF": content.count(b"\n") - both,
        "CR": content.count(b"\r") - both,
    }
    kinds = {kind: count for kind, count in counts.items() if count}
    if len(kinds) > 1:
        told = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        yield _finding(
            name,
            "mixed-line-ends",
            f"the file's records end in different ways: {told}",
            "end every record alike, or none; an editor or a transfer in text mode may "
            "have changed them: send files in binary mode, as they were made",
        )


def _finding(name: str, code: str, what: str, mend: str) -> Finding:
    return Finding(name, None, None, None, Severity.ERROR, code, what, mend)

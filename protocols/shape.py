"""What a file looks like that no network knows, told from its first bytes.

Only its kind is told, never its text: what it holds may be about patients.
"""

from __future__ import annotations

from typing import Final

_BEGINNINGS: Final = (
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ\x00", "compressed with xz; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"\xd0\xcf\x11\xe0", "an old document of an office program"),
    (b"<?xml", "an XML document"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"-----BEGIN", "a key, a certificate or an encrypted message"),
    (b"{", "perhaps JSON, such as a receipt"),
    (b"\xff\xfe", "text in UTF-16; save it in the encoding of the billing format"),
    (b"\xfe\xff", "text in UTF-16; save it in the encoding of the billing format"),
    (b"\xef\xbb\xbf", "text with a UTF-8 mark before it; save it without"),
)
_SEPARATORS: Final = ((b";", "semicolons"), (b"\t", "tabs"), (b",", "commas"))
_COLUMNS: Final = 3
_CONTROL: Final = bytes(each for each in range(32) if each not in b"\t\n\r\f")
_EBCDIC_DIGITS: Final = bytes(range(0xF0, 0xFA))


def looks_like(head: bytes) -> str:
    """Say what the beginning of a file looks like, with what to do where it is clear."""
    if not head:
        return "an empty file"
    for beginning, words in _BEGINNINGS:
        if head.startswith(beginning):
            return words
    digits = sum(head.count(each) for each in _EBCDIC_DIGITS)
    if digits * 2 > len(head):
        return "text in EBCDIC; convert it to ASCII first"
    if any(each in head for each in _CONTROL):
        return "binary data, perhaps encrypted"
    line, _, rest = head.partition(b"\n")
    for separator, name in _SEPARATORS:
        if rest and line.count(separator) >= _COLUMNS:
            return f"a table with columns between {name}"
    return "text"

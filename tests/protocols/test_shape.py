"""What an unknown file looks like is told, and nothing of what it holds."""

from __future__ import annotations

import gzip

import pytest

from protocols.shape import looks_like

NAME = "MUSTERMANN"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04" + NAME.encode(), "ZIP archive"),
        (gzip.compress(NAME.encode(), mtime=0), "gzip"),
        (b"%PDF-1.7 " + NAME.encode(), "PDF"),
        (NAME.encode("utf-16"), "UTF-16"),
        (NAME.encode("utf-8-sig"), "UTF-8 mark"),
        (b"\xf0\xf1\xf2\xf3\xc1" * 9, "EBCDIC"),
        (f"name;day;amount;fund\n{NAME};1;2;3\n".encode(), "between semicolons"),
        (b"\x01\x02" + NAME.encode(), "binary data"),
        (NAME.encode(), "text"),
    ],
)
def test_its_kind_is_told(head: bytes, words: str) -> None:
    """So that a developer sees at once what was uploaded, and no patient is named."""
    assert words in looks_like(head)
    assert NAME not in looks_like(head)

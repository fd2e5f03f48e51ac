"""Answers whose large blobs travel beside the envelope (MTOM/XOP), taken together.

MyCareNet may send a blob of more than 80 kB as a part of its own in a multipart
message; the envelope then holds an `Include` with the part's Content-ID.  Here the
content is put back where it belongs, so that nobody behind needs to know.
"""

from __future__ import annotations

import base64
import binascii
from email.parser import BytesHeaderParser
from typing import Final, NamedTuple
from urllib.parse import unquote

from protocols.mycarenet.genasync_xml import BadXml, Element, every, parse

_XOP: Final = "http://www.w3.org/2004/08/xop/include"
_END: Final = b"\r\n"
_MOST_PARTS: Final = 2000
_AS_IT_IS: Final = ("", "binary", "8bit", "7bit")


class Package(NamedTuple):
    """What the content type of a multipart answer says."""

    boundary: str
    start: str  # the Content-ID of the envelope; empty: it is the first part


class _Part(NamedTuple):
    name: str
    content: bytes


def unpacked(data: bytes, package: Package, *, limit: int) -> Element:
    """Return the envelope with every attachment in its place; raises `BadXml`."""
    parts = _parts(data, package.boundary)
    named = {each.name: each.content for each in parts}
    start = package.start.strip("<>")
    if start and start not in named:
        raise BadXml("its first part is not the envelope that it names")
    document = parse(named[start] if start else parts[0].content, limit=limit)
    for include in list(every(document, "Include")):
        _put_back(include, named)
    return document


def _put_back(include: Element, named: dict[str, bytes]) -> None:
    name = unquote(include.get("href", "").removeprefix("cid:"))
    parent = include.getparent()
    if include.tag != f"{{{_XOP}}}Include" or name not in named or parent is None:
        raise BadXml("it refers to an attachment that did not come")
    parent.remove(include)
    parent.text = base64.b64encode(named[name]).decode()


def _parts(data: bytes, boundary: str) -> list[_Part]:
    line = _END + b"--" + boundary.encode("latin-1", "replace")
    pieces = (_END + data).split(line, _MOST_PARTS)
    if not boundary or len(pieces) < 3 or not pieces[-1].startswith(b"--"):  # noqa: PLR2004
        raise BadXml("its parts are not whole, or there are too many of them")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> _Part:
    head, _, content = piece.partition(_END + _END)
    said = BytesHeaderParser().parsebytes(head.lstrip())
    encoding = str(said.get("Content-Transfer-Encoding", "")).lower()
    if encoding == "base64":
        try:
            content = base64.b64decode(content)
        except binascii.Error as error:
            raise BadXml("one of its parts is no base64") from error
    elif encoding not in _AS_IT_IS:
        raise BadXml(f"one of its parts is encoded as {encoding[:20]!r}")
    return _Part(str(said.get("Content-ID", "")).strip().strip("<>"), content)

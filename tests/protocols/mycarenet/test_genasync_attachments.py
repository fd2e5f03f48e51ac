"""Multipart answers: every attachment in its place, or none of it is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.mycarenet.genasync_attachments import Package, unpacked
from protocols.mycarenet.genasync_xml import BadXml, text

ENVELOPE = (
    b'<x><Detail><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include"'
    b' href="cid:blob%40here"/></Detail></x>'
)


def _message(*parts: tuple[str, bytes], end: bytes = b"--b--") -> bytes:
    return (
        b"".join(
            b"--b\r\n%s\r\n\r\n%s\r\n" % (head.encode(), content)
            for head, content in parts
        )
        + end
    )


def _read(data: bytes, start: str = "") -> str:
    return text(unpacked(data, Package("b", start), limit=10_000), "Detail")


@pytest.mark.parametrize(
    ("head", "content"),
    [
        ("Content-ID: <blob@here>\r\nContent-Transfer-Encoding: binary", b"a\r\n\r\nb"),
        ("content-id: blob@here", b"a\r\n\r\nb"),
        (
            "Content-ID: <blob@here>\r\nContent-Transfer-Encoding: base64",
            b"YQ0KDQpi",
        ),
    ],
)
def test_an_attachment_is_put_in_its_place(head: str, content: bytes) -> None:
    """By its Content-ID, whatever stands in it, in either order of the parts."""
    envelope = ("Content-ID: <root>", ENVELOPE)

    assert _read(_message(envelope, (head, content))) == "YQ0KDQpi"
    assert _read(_message((head, content), envelope), "<root>") == "YQ0KDQpi"


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (_message(("Content-ID: <root>", ENVELOPE)), ""),
        (_message(("Content-ID: <root>", ENVELOPE)), "<other>"),
        (_message(("Content-ID: <blob@here>", ENVELOPE), end=b""), ""),
        (_message(), ""),
        (b"", ""),
        (ENVELOPE, ""),
        (
            _message(
                ("Content-ID: <root>", ENVELOPE),
                ("Content-ID: <blob@here>\r\nContent-Transfer-Encoding: x", b"a"),
            ),
            "",
        ),
        (_message(*[("Content-ID: <root>", ENVELOPE)] * 2001), ""),
    ],
    ids=range(8),
)
def test_a_message_that_is_not_whole_is_refused(data: bytes, start: str) -> None:
    """A part that is missing, cut, strangely encoded, or one of far too many."""
    with pytest.raises(BadXml):
        _read(data, start)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Whatever comes as multipart, it is a document or a `BadXml`."""
    for tried in (data, b"--b\r\n" + data + b"\r\n--b--"):
        try:
            found = unpacked(tried, Package("b", ""), limit=10_000)
        except BadXml:
            continue
        assert b"<" + str(found.tag).encode() in tried

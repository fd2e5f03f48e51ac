"""Blobs of GenericAsync: a content, deflated and in base64, named and hashed.

The hash is that of the content before it is deflated; it is also what a message
is confirmed by.  A blob says nothing of how large it becomes, so it is inflated
in parts, and never further than the limit.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from protocols.mycarenet.genasync_xml import GENERIC, Element, add

_PART: Final = 1 << 18
_PLAIN: Final = frozenset({"none", "identity"})
_ZLIB_METHOD: Final = 8


class BadBlob(ValueError):
    """A blob that does not hold what it says; the words say what is wrong."""


@frozen(kw_only=True)
class Blob:
    """A blob as it came: still deflated, its hash not yet looked at.

    `defect` says why there is nothing in it to be had.
    """

    message_name: str
    encoding: str
    packed: bytes
    digest: bytes
    reference: str = ""
    issuer: str = ""
    defect: str = ""

    def parts(self, limit: int) -> Iterator[bytes]:
        """Yield the content, part by part; raises `BadBlob`.

        It is raised as well when the whole has been given and the hash is wrong,
        so what was taken is worth nothing before the end.
        """
        if self.defect:
            raise BadBlob(self.defect)
        seen, size = hashlib.sha256(), 0
        for part in self._inflated():
            size += len(part)
            if size > limit:
                raise BadBlob(f"it holds more than the {limit} bytes taken at most")
            seen.update(part)
            yield part
        if self.digest and not hmac.compare_digest(seen.digest(), self.digest):
            raise BadBlob("its content has not the hash that it says (HashValue)")

    def _inflated(self) -> Iterator[bytes]:
        if self.encoding in _PLAIN:
            yield self.packed
            return
        if self.encoding != "deflate":
            raise BadBlob(f"its encoding is {self.encoding[:20]!r}; wanted deflate")
        engine = zlib.decompressobj(_window(self.packed))
        left = self.packed
        try:
            while left and not engine.eof:
                yield engine.decompress(left, _PART)
                left = engine.unconsumed_tail
        except zlib.error as error:
            raise BadBlob(f"it cannot be inflated: {error}") from error
        if not engine.eof:
            raise BadBlob("it ends before its content does")


def read_blob(element: Element) -> Blob:
    """Read a blob's element; what is wrong with it is told when it is unpacked."""
    packed, digest, defect = b"", b"", ""
    try:
        digest = base64.b64decode(element.get("HashValue", ""), validate=True)
        packed = base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        defect = f"it is no base64: {error}"
    return Blob(
        message_name=element.get("MessageName", ""),
        encoding=element.get("ContentEncoding", "deflate"),
        packed=packed,
        digest=digest,
        reference=element.get("Reference", ""),
        issuer=element.get("Issuer", ""),
        defect=defect,
    )


def add_blob(
    parent: Element,
    content: bytes,
    *,
    message_name: str,
    reference: str,
    identifier: str,
    **more: str,
) -> Element:
    """Add a content as the `Detail` of a message; `more` are further attributes."""
    return add(
        parent,
        GENERIC,
        "Detail",
        base64.b64encode(zlib.compress(content)).decode(),
        ContentType="text/plain",
        ContentEncoding="deflate",
        MessageName=message_name,
        HashValue=base64.b64encode(digest_of(content)).decode(),
        Id=identifier,
        Reference=reference,
        **more,
    )


def digest_of(content: bytes) -> bytes:
    """Return the hash by which a content is named and confirmed."""
    return hashlib.sha256(content).digest()


def proof_of(content: bytes, result: str) -> bytes:
    """Return what a TAck must hold: it binds a result to the content sent.

    HMAC-SHA256 of the request with the result's own name as the key.  That "the
    request" is the content of its blob is how we read the schema's words.
    """
    return hmac.digest(result.encode(), content, "sha256")


def _window(packed: bytes) -> int:
    """Tell a zlib stream from a bare deflated one: both are called deflate."""
    wrapped = (
        len(packed) > 1
        and packed[0] & 0x0F == _ZLIB_METHOD
        and int.from_bytes(packed[:2]) % 31 == 0
    )
    return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS

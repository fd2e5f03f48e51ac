"""SOAP 1.1 envelopes of MyCareNet's GenericAsync service, read without any trust.

What is read comes over a line, so nothing in it may cost more than its own size:
no document type (and so no entities), nothing fetched, a limit of bytes before
the parser sees them, and a limit of tags and attributes, of which each costs the
parser a hundred times its own length.  Bytes are always read as UTF-8, whatever
the document says of itself, so that the look for a document type is exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attrs import frozen
from lxml import etree

Element = etree._Element  # lxml has no public name for it

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
GENERIC: Final = "urn:be:cin:nip:async:generic"
COMMON: Final = "urn:be:cin:mycarenet:esb:common:v2"
TYPES: Final = "urn:be:cin:types:v1"
SECURITY: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
)
ANONYMOUS: Final = "http://www.w3.org/2005/08/addressing/anonymous"
_PREFIXES: Final = {"soap": SOAP, "wsa": ADDRESSING, "gen": GENERIC, "com": COMMON}

_MOST_TAGS: Final = 200_000  # two thousand messages have half as many
_MOST_QUOTES: Final = 400_000
_LONG_NUMBER: Final = re.compile(r"\d{11,}")  # a patient's number has eleven digits
_MOST_WORDS: Final = 300


class BadXml(ValueError):
    """What came is no document that may be read; the words say why."""


@frozen(kw_only=True)
class Fault:
    """A SOAP fault: its code, and what MyCareNet adds in the detail `fault`."""

    code: str
    code_namespace: str
    text: str
    nip_code: str = ""
    source: str = ""
    details: tuple[str, ...] = ()

    @property
    def is_about_security(self) -> bool:
        """Say whether WS-Security found our credentials or signature wanting."""
        return self.code_namespace == SECURITY

    @property
    def is_ours(self) -> bool:
        """Say whether the fault lies with what was asked, not with who was asked."""
        return self.code.partition(".")[0] in ("Client", "Sender")

    @property
    def words(self) -> str:
        """Say it for people; numbers as long as a patient's are left out."""
        place = " of ".join(filter(None, (self.nip_code or self.code, self.source)))
        return (
            shown("; ".join(filter(None, (self.text, *self.details)))) + f" ({place})"
        )


def parse(data: bytes, *, limit: int) -> Element:
    """Read a document of at most `limit` bytes; raises `BadXml`."""
    if len(data) > limit:
        raise BadXml(f"it has more than the {limit} bytes that are read at most")
    if b"<!DOCTYPE" in data:
        raise BadXml("it has a document type; wanted plain SOAP, which has none")
    if data.count(b"<") > _MOST_TAGS or (
        data.count(b'"') + data.count(b"'") > _MOST_QUOTES
    ):
        raise BadXml("it has more tags or attributes than a thousand messages have")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,  # one text may have more than 10 MB; the limit is above
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadXml(f"it is no XML that can be read: {error}") from error


def envelope(action: str, body: Element, *, message_id: str, to: str = "") -> Element:
    """Put a body into an envelope with its WS-Addressing head."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap=_PREFIXES)
    head = etree.SubElement(root, f"{{{SOAP}}}Header")
    add(head, ADDRESSING, "Action", action)
    add(head, ADDRESSING, "MessageID", message_id)
    if to:
        add(head, ADDRESSING, "To", to)
    for name in ("ReplyTo", "FaultTo"):
        add(add(head, ADDRESSING, name), ADDRESSING, "Address", ANONYMOUS)
    etree.SubElement(root, f"{{{SOAP}}}Body").append(body)
    return root


def root(name: str) -> Element:
    """Begin a body of the GenericAsync namespace."""
    return etree.Element(f"{{{GENERIC}}}{name}", nsmap=_PREFIXES)


def add(
    parent: Element, namespace: str, name: str, text: str = "", **attributes: str
) -> Element:
    """Add a child with a text and attributes; return it."""
    child = etree.SubElement(parent, f"{{{namespace}}}{name}", attributes)
    if text:
        child.text = text
    return child


def written(document: Element) -> bytes:
    """Write a document as it goes over the line."""
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")


def header_and_body(document: Element) -> tuple[Element, Element]:
    """Take an envelope apart: its header and the one child of its body."""
    if document.tag != f"{{{SOAP}}}Envelope":
        raise BadXml("it is no SOAP 1.1 envelope")
    head = document.find(f"{{{SOAP}}}Header")
    body = document.find(f"{{{SOAP}}}Body")
    if body is None or len(body) != 1:
        raise BadXml("its SOAP body is missing or does not hold exactly one element")
    return (document if head is None else head), body[0]


def fault(body: Element) -> Fault | None:
    """Read a fault; None where the body is something else."""
    if body.tag != f"{{{SOAP}}}Fault":
        return None
    named = first(body, "faultcode")
    names = body.nsmap if named is None else named.nsmap
    prefix, _, code = text(body, "faultcode").rpartition(":")
    detail = first(body, "fault")
    inner = body if detail is None else detail
    return Fault(
        code=code,
        code_namespace=names.get(prefix or None, ""),
        text=text(inner, "Message") or text(body, "faultstring"),
        nip_code=text(inner, "FaultCode"),
        source=text(inner, "FaultSource"),
        details=tuple(
            filter(
                None,
                (
                    text(each, "Message") or text(each, "DetailCode")
                    for each in every(inner, "Detail")
                ),
            )
        ),
    )


def every(parent: Element, name: str) -> Iterator[Element]:
    """Yield the elements of a local name below `parent`, whatever their namespace."""
    return parent.iter(f"{{*}}{name}")


def first(parent: Element, name: str) -> Element | None:
    """Return the first element of a local name below `parent`."""
    return next(every(parent, name), None)


def text(parent: Element, name: str) -> str:
    """Return the text of the first element of a local name, or empty."""
    found = first(parent, name)
    return "" if found is None else (found.text or "").strip()


def shown(words: str) -> str:
    """Write words of the other side so that they may stand in a log.

    On one line, cut at 300 characters, and without any number that could be a
    person's.
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    masked = _LONG_NUMBER.sub("(number)", plain)
    return masked if len(masked) <= _MOST_WORDS else masked[:_MOST_WORDS] + "…"

"""What a simulated MyCareNet reads and writes: requests apart, answers together."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from attrs import frozen
from lxml import etree

from protocols.mycarenet.genasync_blob import BadBlob, add_blob, read_blob
from protocols.mycarenet.genasync_messages import APPLIES_TO, union_of
from protocols.mycarenet.genasync_xml import (
    ADDRESSING,
    COMMON,
    GENERIC,
    SECURITY,
    SOAP,
    TYPES,
    BadXml,
    Element,
    add,
    first,
    root,
    text,
    written,
)

ISSUER: Final = "urn:nip:issuer:simulated"
_XOP: Final = "http://www.w3.org/2004/08/xop/include"
_ENVELOPE: Final = "envelope@simulated"
_BOUNDARY: Final = "simulated-boundary"
_ISSUER_OF_UNION: Final = "urn:nip:issuer:io:"


@frozen(kw_only=True)
class Asked:
    """What a request says of itself and of who makes it."""

    message_id: str
    destination: str
    mailbox: str  # the NIHII number of the care provider or mandatary
    user: str
    password: str


@frozen(kw_only=True)
class Posted:
    """One sending as it came."""

    reference: str
    content: bytes


@frozen(kw_only=True)
class Waiting:
    """One message of a mailbox: from which union, about what, from when on."""

    union: str
    message_name: str
    reference: str
    own_reference: str
    content: bytes
    at: float


@frozen(kw_only=True)
class TackMade:
    """A TAck: its result, and the HMAC that is its content."""

    reference: str
    result: str
    proof: bytes
    own_reference: str
    minor: str = ""
    message: str = ""


def read_asked(head: Element, body: Element) -> Asked:
    """Read who asks and where to."""
    provider = first(body, "CareProvider")
    return Asked(
        message_id=text(head, "MessageID"),
        destination=union_of(text(head, "To")),
        mailbox="" if provider is None else text(provider, "Value"),
        user=text(body, "Username"),
        password=text(body, "Password"),
    )


def read_posted(body: Element, *, limit: int) -> Posted:
    """Read a sending; raises `BadXml` or `BadBlob`."""
    detail = first(body, "Detail")
    if detail is None:
        raise BadXml("there is no Detail")
    blob = read_blob(detail)
    if not blob.digest:
        raise BadBlob("its HashValue is missing")
    content = b"".join(blob.parts(limit))
    return Posted(reference=text(body, "InputReference"), content=content)


def read_most(body: Element, query: str) -> int:
    """Read how many of a kind are asked for; 0 where they are not included."""
    found = first(body, query)
    if found is None or found.get("Include", "true") not in ("true", "1"):
        return 0
    most = text(found, "Max") or "100"
    return int(most) if most.isdecimal() else 0


def read_values(body: Element, name: str) -> list[bytes]:
    """Read a list of base64 values; raises `BadXml`."""
    try:
        return [
            base64.b64decode(each, validate=True) for each in text(body, name).split()
        ]
    except (binascii.Error, ValueError) as error:
        raise BadXml(f"its {name} are no base64") from error


def post_response(tack: TackMade) -> Element:
    """Make the answer to a post."""
    made = root("postResponse")
    _add_tack(made, "return", tack)
    return made


def get_response(
    messages: list[Waiting],
    tacks: list[TackMade],
    *,
    message_count: int,
    tack_count: int,
    wrong_hash: bool,
) -> Element:
    """Make the answer to a get."""
    made = root("getResponse")
    held = add(
        made,
        GENERIC,
        "return",
        MsgCount=str(message_count),
        TAckCount=str(tack_count),
    )
    for number, each in enumerate(messages):
        response = add(held, GENERIC, "MsgResponse")
        output = add(response, GENERIC, "CommonOutput")
        add(output, COMMON, "InputReference", each.reference)
        add(output, COMMON, "NIPReference", f"N{each.own_reference}")
        add(output, COMMON, "OutputReference", each.own_reference)
        blob = add_blob(
            response,
            each.content,
            message_name=each.message_name,
            reference=each.own_reference,
            identifier=f"blob-{number}",
            Issuer=_ISSUER_OF_UNION + each.union,
        )
        if wrong_hash:
            blob.set("HashValue", base64.b64encode(bytes(32)).decode())
        _add_no_xades(response)
    for tack in tacks:
        response = add(held, GENERIC, "TAckResponse")
        _add_tack(response, "TAck", tack)
        _add_no_xades(response)
    return made


def confirm_response() -> Element:
    """Make the answer to a confirm, which says nothing."""
    return root("confirmResponse")


def fault(code: str, words: str) -> Element:
    """Make a fault; `code` is Client, Server, or Security for WS-Security's own."""
    made = etree.Element(
        f"{{{SOAP}}}Fault", nsmap={"soap": SOAP, "wsse": SECURITY, "typ": TYPES}
    )
    named = "wsse:FailedCheck" if code == "Security" else f"soap:{code}"
    etree.SubElement(made, "faultcode").text = named
    etree.SubElement(made, "faultstring").text = words
    inner = add(etree.SubElement(made, "detail"), GENERIC, "fault")
    add(inner, TYPES, "FaultCode", "SIMULATED")
    add(inner, TYPES, "FaultSource", "simulated MyCareNet")
    add(inner, TYPES, "Message", words)
    add(inner, TYPES, "Details")
    return made


def relate(document: Element, message_id: str) -> None:
    """Say in an answer's head which request it answers."""
    add(document[0], ADDRESSING, "RelatesTo", message_id)


def with_attachments(document: Element, *, above: int) -> tuple[bytes, str]:
    """Write an answer with large blobs beside it (MTOM/XOP); its content type too."""
    parts = [(_ENVELOPE, b"")]
    for number, detail in enumerate(document.iter(f"{{{GENERIC}}}Detail")):
        packed = base64.b64decode(detail.text or "")
        if len(packed) > above:
            name = f"{number}@simulated"
            detail.text = None
            add(detail, _XOP, "Include", href=f"cid:{name}")
            parts.append((name, packed))
    parts[0] = (_ENVELOPE, written(document))
    body = b"".join(
        f"--{_BOUNDARY}\r\nContent-ID: <{name}>\r\n"
        "Content-Transfer-Encoding: binary\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in parts
    )
    kind = (
        'multipart/related; type="application/xop+xml"; start-info="text/xml";'
        f' start="<{_ENVELOPE}>"; boundary="{_BOUNDARY}"'
    )
    return body + f"--{_BOUNDARY}--\r\n".encode(), kind


def _add_tack(parent: Element, name: str, tack: TackMade) -> None:
    more = {"ResultMinor": tack.minor, "ResultMessage": tack.message}
    add(
        parent,
        GENERIC,
        name,
        base64.b64encode(tack.proof).decode(),
        Issuer=ISSUER,
        AppliesTo=APPLIES_TO + tack.reference,
        ResultMajor=tack.result,
        Reference=tack.own_reference,
        **{key: value for key, value in more.items() if value},
    )


def _add_no_xades(parent: Element) -> None:
    """Add the signature that the schema wants, empty: it is not simulated."""
    add(parent, GENERIC, "Xades-t")

"""The messages of GenericAsync: post, get and confirm as we ask, and what comes back.

Names, namespaces, WS-Addressing actions and attributes are those of the public
schema (`urn:be:cin:nip:async:generic`); what is optional there and of no use here
is left out.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import field, frozen

from protocols.mycarenet.genasync_blob import (
    Blob,
    add_blob,
    proof_of,
    read_blob,
)
from protocols.mycarenet.genasync_xml import (
    COMMON,
    GENERIC,
    BadXml,
    Element,
    add,
    every,
    first,
    root,
    text,
)
from protocols.mycarenet.tack import FAILURE, SUCCESS

POST: Final = "urn:be:cin:nip:async:generic:post:msg"
GET: Final = "urn:be:cin:nip:async:generic:get:query"
CONFIRM: Final = "urn:be:cin:nip:async:generic:confirm:hash"
BILLING: Final = "HCPFAC"
SETTLEMENT: Final = "HCPAFD"
REJECT: Final = "HCPVWR"
MESSAGE_NAMES: Final = (BILLING, SETTLEMENT, REJECT)
POST_NAMES: Final = {"920900": SETTLEMENT, "920099": REJECT, "920999": REJECT}
"""Under which name a return comes, by its message: our reading; others as billing."""

DESTINATION: Final = "urn:nip:destination:io:"
APPLIES_TO: Final = "urn:nip:reference:input:"
_NO_BLOB: Final = Blob(
    message_name="", encoding="", packed=b"", digest=b"", defect="it has no Detail"
)
_UNION: Final = re.compile(r"(?:^|\D)(\d{3})$")


@frozen(kw_only=True)
class Origin:
    """Who asks: the licensed program, and the care provider or mandatary."""

    package: str
    user: str
    password: str = field(repr=False)
    nihii: str
    quality: str
    name: str = ""
    company: str = ""


@frozen(kw_only=True)
class Tack:
    """MyCareNet's technical word on one sending: taken or not."""

    reference: str  # the InputReference that it applies to
    result: str
    minor: str
    message: str
    issuer: str
    own_reference: str
    proof: bytes

    @property
    def is_success(self) -> bool:
        """Say whether the sending was taken."""
        return self.result == SUCCESS

    @property
    def is_failure(self) -> bool:
        """Say whether it was surely not taken."""
        return self.result == FAILURE

    def proves(self, content: bytes) -> bool:
        """Say whether it was made about this very content."""
        return hmac.compare_digest(self.proof, proof_of(content, self.result))


@frozen(kw_only=True)
class Message:
    """A message of a mailbox as it came, its content still packed."""

    blob: Blob
    input_reference: str
    output_reference: str
    union: str  # "" where its issuer cannot be read


@frozen(kw_only=True)
class Mail:
    """What one `get` gave, and how much more there is."""

    messages: Sequence[Message]
    tacks: Sequence[Tack]
    message_count: int
    tack_count: int


def post(
    origin: Origin,
    *,
    content: bytes,
    reference: str,
    is_test: bool,
    identifier: str,
    message_name: str = BILLING,
) -> Element:
    """Make the body that hands over one file."""
    body = root("post")
    common = add(body, GENERIC, "CommonInput")
    request = add(common, COMMON, "Request")
    add(request, COMMON, "IsTest", "true" if is_test else "false")
    _add_origin(common, COMMON, origin)
    add(common, COMMON, "InputReference", reference)
    add_blob(
        body,
        content,
        message_name=message_name,
        reference=reference,
        identifier=identifier,
    )
    return body


def get(
    origin: Origin,
    *,
    messages: int,
    tacks: int,
    names: Iterable[str] = MESSAGE_NAMES,
) -> Element:
    """Make the body that asks for so many messages and TAcks; 0 for none."""
    body = root("get")
    _add_origin(body, GENERIC, origin)
    for name, most in (("MsgQuery", messages), ("TAckQuery", tacks)):
        query = add(body, GENERIC, name, Include="true" if most else "false")
        add(query, GENERIC, "Max", str(most))
        if name == "MsgQuery":
            add(query, GENERIC, "MessageNames", " ".join(names))
    return body


def confirm(
    origin: Origin, *, digests: Iterable[bytes], proofs: Iterable[bytes]
) -> Element:
    """Make the body that confirms messages by hash and TAcks by content."""
    body = root("confirm")
    _add_origin(body, GENERIC, origin)
    for name, values in (("MsgHashValues", digests), ("TAckContents", proofs)):
        written = " ".join(base64.b64encode(each).decode() for each in values)
        if written:
            add(body, GENERIC, name, written)
    return body


def read_post_response(body: Element) -> Tack:
    """Read the answer to `post`; raises `BadXml`."""
    tack = _tack(_returned(body, "postResponse"))
    if not (tack.is_success or tack.is_failure):
        raise BadXml("its TAck says neither yes nor no")
    return tack


def read_get_response(body: Element) -> Mail:
    """Read the answer to `get`; raises `BadXml`.

    A message that is damaged by itself does not hold back those beside it: it is
    given with its defect.
    """
    found = _returned(body, "getResponse")
    return Mail(
        messages=[_message(each) for each in every(found, "MsgResponse")],
        tacks=[_tack(each) for each in every(found, "TAck")],
        message_count=_count(found, "MsgCount"),
        tack_count=_count(found, "TAckCount"),
    )


def read_confirm_response(body: Element) -> None:
    """Read the answer to `confirm`; raises `BadXml`."""
    _expect(body, "confirmResponse")


def union_of(uri: str) -> str:
    """Return the union that a destination or an issuer names, or empty."""
    found = _UNION.search(uri)
    return found[1] if found else ""


def _add_origin(parent: Element, namespace: str, origin: Origin) -> None:
    made = add(parent, namespace, "Origin")
    package = add(made, COMMON, "Package")
    add(package, COMMON, "Name", origin.package)
    license_ = add(package, COMMON, "License")
    add(license_, COMMON, "Username", origin.user)
    add(license_, COMMON, "Password", origin.password)
    provider = add(made, COMMON, "CareProvider")
    _add_nihii(provider, origin)
    if origin.name:
        organisation = add(provider, COMMON, "Organization")
        add(organisation, COMMON, "Name", origin.name)
        _add_nihii(organisation, origin)
        if origin.company:
            add(organisation, COMMON, "Cbe", origin.company)


def _add_nihii(parent: Element, origin: Origin) -> None:
    nihii = add(parent, COMMON, "Nihii")
    add(nihii, COMMON, "Quality", origin.quality)
    add(nihii, COMMON, "Value", origin.nihii)


def _tack(element: Element) -> Tack:
    try:
        proof = base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        proof = b""  # which proves nothing
    return Tack(
        reference=element.get("AppliesTo", "").removeprefix(APPLIES_TO),
        result=element.get("ResultMajor", ""),
        minor=element.get("ResultMinor", ""),
        message=element.get("ResultMessage", ""),
        issuer=element.get("Issuer", ""),
        own_reference=element.get("Reference", "") or element.get("Id", ""),
        proof=proof,
    )


def _message(element: Element) -> Message:
    detail = first(element, "Detail")
    blob = _NO_BLOB if detail is None else read_blob(detail)
    return Message(
        blob=blob,
        input_reference=text(element, "InputReference") or blob.reference,
        output_reference=text(element, "OutputReference"),
        union=union_of(blob.issuer),
    )


def _count(element: Element, name: str) -> int:
    found = element.get(name, "0")
    return int(found) if found.isdecimal() else 0


def _returned(body: Element, name: str) -> Element:
    _expect(body, name)
    found = first(body, "return")
    if found is None:
        raise BadXml(f"its {name} holds nothing")
    return found


def _expect(body: Element, name: str) -> None:
    if body.tag != f"{{{GENERIC}}}{name}":
        found = str(body.tag).rpartition("}")[2][:40]
        raise BadXml(f"it is a {found}; wanted a {name}")

"""Envelopes and blobs: what is written is read, and nothing is believed."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from protocols.mycarenet.genasync_blob import (
    BadBlob,
    Blob,
    add_blob,
    digest_of,
    read_blob,
)
from protocols.mycarenet.genasync_messages import (
    CONFIRM,
    GET,
    POST,
    Origin,
    confirm,
    get,
    post,
)
from protocols.mycarenet.genasync_xml import (
    ADDRESSING,
    COMMON,
    GENERIC,
    SOAP,
    BadXml,
    Element,
    envelope,
    fault,
    header_and_body,
    parse,
    root,
    shown,
    written,
)

ORIGIN = Origin(
    package="Octway",
    user="octway",
    password="an invented password",
    nihii="41234567001",
    quality="nurse",
    name="An invented group",
    company="0123456749",
)
NAMES = {"s": SOAP, "a": ADDRESSING, "g": GENERIC, "c": COMMON}
LIMIT = 1_000_000


def _read(action: str, body: Element, to: str = "") -> Element:
    return parse(written(envelope(action, body, message_id="id", to=to)), limit=LIMIT)


def _text(document: Element, path: str) -> str:
    return str(document.xpath(f"string({path})", namespaces=NAMES))


def test_a_post_is_what_the_schema_says() -> None:
    """Names, namespaces, order and WS-Addressing are those of the public schema."""
    body = post(
        ORIGIN,
        content=b"920000",
        reference="00000000000007",
        is_test=True,
        identifier="blob-1",
    )
    document = _read(POST, body, to="urn:nip:destination:io:300")

    assert _text(document, "//a:Action") == "urn:be:cin:nip:async:generic:post:msg"
    assert _text(document, "//a:To") == "urn:nip:destination:io:300"
    assert _text(document, "//a:FaultTo/a:Address").endswith("/anonymous")
    common = "/s:Envelope/s:Body/g:post/g:CommonInput"
    assert _text(document, f"{common}/c:Request/c:IsTest") == "true"
    assert _text(document, f"{common}/c:InputReference") == "00000000000007"
    origin = f"{common}/c:Origin"
    assert _text(document, f"{origin}/c:Package/c:License/c:Username") == "octway"
    assert _text(document, f"{origin}/c:CareProvider/c:Nihii/c:Value") == ORIGIN.nihii
    assert _text(document, f"{origin}/c:CareProvider/c:Organization/c:Cbe")
    detail = document.find(f".//{{{GENERIC}}}Detail")
    assert detail is not None
    assert zlib.decompress(base64.b64decode(detail.text or "")) == b"920000"
    assert dict(detail.items()) == {
        "ContentType": "text/plain",
        "ContentEncoding": "deflate",
        "MessageName": "HCPFAC",
        "HashValue": base64.b64encode(digest_of(b"920000")).decode(),
        "Id": "blob-1",
        "Reference": "00000000000007",
    }


def test_a_get_names_the_three_messages() -> None:
    """Billing, settlements and rejects are asked for, and TAcks with them."""
    document = _read(GET, get(ORIGIN, messages=64, tacks=100))

    query = "/s:Envelope/s:Body/g:get/g:MsgQuery"
    assert _text(document, f"{query}/@Include") == "true"
    assert _text(document, f"{query}/g:Max") == "64"
    assert _text(document, f"{query}/g:MessageNames") == "HCPFAC HCPAFD HCPVWR"
    assert _text(document, "//g:TAckQuery/g:Max") == "100"
    assert _text(document, "//g:get/g:Origin/c:Package/c:Name") == "Octway"


def test_a_confirm_holds_hashes_only() -> None:
    """Messages are confirmed by their hash, TAcks by their content."""
    document = _read(CONFIRM, confirm(ORIGIN, digests=[b"a", b"b"], proofs=[]))

    assert _text(document, "//g:confirm/g:MsgHashValues") == "YQ== Yg=="
    assert not document.xpath("//g:TAckContents", namespaces=NAMES)


def test_no_password_is_shown() -> None:
    """The licence's password is in the message, and in nothing that is printed."""
    assert ORIGIN.password not in repr(ORIGIN)


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>',
        b"<x>&e;</x>",
        b"<x",
        b"",
        b"\x00",
        "<!DOCTYPE x><x/>".encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-<x/>',
        b"<x a='1' a='2'/>",
        b"<a>" * 100_000,
        b"<x" + b' a=""' * 300_000 + b"/>",
        b"<x>" + b"a" * LIMIT + b"</x>",
    ],
    ids=range(11),
)
def test_what_could_do_harm_is_not_parsed(document: bytes) -> None:
    """Document types, entities, other encodings, and what is endless: all refused."""
    with pytest.raises(BadXml):
        parse(document, limit=LIMIT)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Whatever comes, it is an envelope or a `BadXml`, and never another error."""
    for tried in (data, b"<x>" + data + b"</x>", b"<" + data):
        try:
            header_and_body(parse(tried, limit=LIMIT))
        except BadXml:
            continue
        raise AssertionError("no envelope can have come of this")


@pytest.mark.parametrize(
    "text",
    [
        "<x/>",
        f'<s:Envelope xmlns:s="{SOAP}"/>',
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>',
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a/><b/></s:Body></s:Envelope>',
    ],
)
def test_what_is_no_envelope_is_told(text: str) -> None:
    """A document that is not SOAP 1.1 with one body is no answer."""
    with pytest.raises(BadXml):
        header_and_body(parse(text.encode(), limit=LIMIT))


def test_a_fault_is_read_with_its_detail() -> None:
    """Code, source, message and details; without a number of a patient's length."""
    found = fault(
        etree.fromstring(
            f"""<s:Fault xmlns:s="{SOAP}"><faultcode>s:Client</faultcode>
            <faultstring>outer</faultstring><detail>
            <f:fault xmlns:f="{GENERIC}" xmlns:t="urn:be:cin:types:v1">
            <t:FaultCode>SEND_TO_IO_EXCEPTION</t:FaultCode><t:FaultSource>NIP</t:FaultSource>
            <t:Message>refused for 85073003328</t:Message><t:Details><t:Detail>
            <t:DetailCode>X1</t:DetailCode><t:DetailSource>NIP</t:DetailSource>
            </t:Detail></t:Details></f:fault></detail></s:Fault>"""
        )
    )

    assert found is not None
    assert found.is_ours
    assert not found.is_about_security
    assert found.words == ("refused for (number); X1 (SEND_TO_IO_EXCEPTION of NIP)")


def test_words_of_the_other_side_may_stand_in_a_log() -> None:
    """One line, no control characters, no long numbers, and an end."""
    assert shown("a\nb\x1b[31m 123456789012") == "a b [31m (number)"
    assert len(shown("x" * 1000)) == 301


@given(st.binary(max_size=2000))
def test_a_blob_gives_back_its_content(content: bytes) -> None:
    """Deflated, in base64 and hashed, a content comes back as it was."""
    element = add_blob(
        root("x"), content, message_name="HCPFAC", reference="1", identifier="b"
    )

    assert b"".join(read_blob(element).parts(2000)) == content


@pytest.mark.parametrize(
    ("packed", "encoding", "words"),
    [
        (zlib.compress(bytes(1001)), "deflate", "more than the 1000 bytes"),
        (bytes(1001), "none", "more than the 1000 bytes"),
        (zlib.compress(b"x" * 500)[:-3], "deflate", "ends before"),
        (b"\x78\x9cnothing", "deflate", "cannot be inflated"),
        (b"", "deflate", "ends before"),
        (gzip.compress(b"x", mtime=0), "gzip", "wanted deflate"),
        (zlib.compress(b"another"), "deflate", "not the hash"),
    ],
)
def test_a_blob_that_lies_is_refused(packed: bytes, encoding: str, words: str) -> None:
    """Too large, cut, damaged, in another encoding, or with another hash."""
    blob = Blob(
        message_name="HCPFAC",
        encoding=encoding,
        packed=packed,
        digest=digest_of(b"one"),
    )
    with pytest.raises(BadBlob, match=words):
        list(blob.parts(1000))


def test_bare_deflate_is_read_too() -> None:
    """Some programs leave the zlib frame away; the name of the encoding is the same."""
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    blob = Blob(
        message_name="HCPFAC",
        encoding="deflate",
        packed=engine.compress(b"931000") + engine.flush(),
        digest=digest_of(b"931000"),
    )

    assert b"".join(blob.parts(1000)) == b"931000"

"""What a mailbox gives, taken as it comes: one damaged message holds back no other."""

from __future__ import annotations

import base64
import zlib

import pytest
from lxml import etree

from protocols.channels.interface import Arrival
from protocols.mycarenet.genasync_blob import BadBlob, digest_of
from protocols.mycarenet.genasync_mailbox import Mailbox
from protocols.mycarenet.genasync_messages import read_get_response, union_of
from protocols.mycarenet.genasync_xml import COMMON, GENERIC

CONTENT = b"920900"
PACKED = base64.b64encode(zlib.compress(CONTENT)).decode()
HASH = base64.b64encode(digest_of(CONTENT)).decode()
SUCCESS, FAILURE = (
    f"urn:nip:tack:result:major:{each}" for each in ("success", "failure")
)


def _message(detail: str, reference: str = "7") -> str:
    return f"""<g:MsgResponse><g:CommonOutput>
        <c:InputReference>{reference}</c:InputReference></g:CommonOutput>{detail}
        </g:MsgResponse>"""


def _detail(value: str = PACKED, digest: str = HASH, **more: str) -> str:
    more = {"MessageName": "HCPFAC", "Issuer": "urn:nip:issuer:io:300", **more}
    said = " ".join(f'{name}="{value}"' for name, value in more.items())
    return f'<g:Detail HashValue="{digest}" {said}>{value}</g:Detail>'


def _tack(result: str, reference: str = "7", value: str = "cHJvb2Y=") -> str:
    return f"""<g:TAckResponse><g:TAck Issuer="x" ResultMajor="{result}"
        AppliesTo="urn:nip:reference:input:{reference}">{value}</g:TAck></g:TAckResponse>"""


def _taken(*given: str) -> Mailbox:
    document = f"""<g:getResponse xmlns:g="{GENERIC}" xmlns:c="{COMMON}">
        <g:return MsgCount="1" TAckCount="x">{"".join(given)}</g:return>
        </g:getResponse>"""
    mailbox = Mailbox(max_content=1000)
    mailbox.take(read_get_response(etree.fromstring(document)), asked_at=0)
    return mailbox


def _content(mailbox: Mailbox, name: str) -> bytes:
    held = mailbox.find(name)
    assert held is not None
    return b"".join(held.blob.parts(1000))


@pytest.mark.parametrize(
    "damaged",
    [
        _detail("!!!"),
        _detail(digest="!!!"),
        _detail(""),
        _detail(base64.b64encode(b"no deflate").decode()),
        _detail(ContentEncoding="brotli"),
        _detail(digest=base64.b64encode(bytes(32)).decode()),
        "",
    ],
    ids=range(7),
)
def test_a_damaged_message_is_listed_beside_the_others(damaged: str) -> None:
    """It cannot be had and says why; what lies beside it is taken as ever."""
    mailbox = _taken(_message(damaged, "8"), _message(_detail()))

    good, bad = sorted(mailbox.files(), key=lambda file: "-8-" in file.name)
    assert _content(mailbox, good.name) == CONTENT
    with pytest.raises(BadBlob):
        _content(mailbox, bad.name)


def test_a_message_without_a_hash_is_confirmed_by_its_own() -> None:
    """The schema lets the hash be left out; it is that of the content all the same."""
    (file,) = _taken(_message(_detail(digest=""))).files()

    held = _taken(_message(_detail(digest=""))).find(file.name)
    assert held is not None
    assert held.digests == (digest_of(CONTENT),)


def test_names_hold_nothing_that_a_name_may_not() -> None:
    """What another party wrote becomes letters and digits, and not too many."""
    (file,) = _taken(
        _message(_detail(MessageName="../x y", Issuer="nobody"), "../" + "9" * 99)
    ).files()

    assert file.name.startswith("xy-000-" + "9" * 32 + "-")


@pytest.mark.parametrize(
    ("given", "arrival", "files"),
    [
        ([_tack(SUCCESS)], Arrival.ARRIVED, 0),
        ([_tack(FAILURE)], Arrival.ABSENT, 1),
        ([_tack("urn:unheard-of")], Arrival.UNCLEAR, 1),
        ([_tack(FAILURE, "8")], Arrival.UNCLEAR, 1),
        ([_tack(SUCCESS, value="!!!")], Arrival.ARRIVED, 0),
        ([_tack(FAILURE), _message(_detail())], Arrival.ARRIVED, 2),
        ([], Arrival.UNCLEAR, 0),
    ],
    ids=range(7),
)
def test_what_is_known_of_a_sending(
    given: list[str], arrival: Arrival, files: int
) -> None:
    """A good TAck or any answer: arrived; a bad one: absent, and a file to be seen."""
    mailbox = _taken(*given)

    assert mailbox.arrival("7") is arrival
    assert len(mailbox.files()) == files


@pytest.mark.parametrize(
    ("uri", "union"),
    [
        ("urn:nip:destination:io:300", "300"),
        ("urn:nip:issuer:io:900", "900"),
        ("100", "100"),
        ("urn:nip:issuer:simulated", ""),
        ("urn:x:1300", ""),
        ("", ""),
    ],
)
def test_a_union_is_read_from_the_end_of_a_uri(uri: str, union: str) -> None:
    """Three digits and no more; else nobody is named."""
    assert union_of(uri) == union

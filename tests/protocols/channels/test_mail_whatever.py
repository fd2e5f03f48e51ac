"""Whatever bytes come as a mail: something is listed, and nothing fails."""

from __future__ import annotations

import base64
import random
from pathlib import Path

import pytest

from protocols import mail_notice
from protocols.channels.mail_envelope import OwnKey, seal
from protocols.channels.mail_marks import Marks
from protocols.channels.mail_reading import Reader
from tests.protocols.channels.mail_account import OURS, certificate, pair, return_mail

_REPORT = (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
    b"Final-Recipient: rfc822; x@y\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n--b--"
)


@pytest.fixture
def own(tmp_path: Path) -> OwnKey:
    return pair(tmp_path, OURS)


def _damaged(mail: bytes, rng: random.Random) -> bytes:
    """Change, cut out, double or move a few pieces of a mail."""
    bytes_of = bytearray(mail)
    for _ in range(rng.randrange(1, 6)):
        at, to = sorted(rng.randrange(len(bytes_of) + 1) for _ in range(2))
        piece = bytes_of[at : min(to, at + 60)]
        what = rng.randrange(4)
        if what == 0 and piece:
            del bytes_of[at : at + len(piece)]
        elif what == 1:
            bytes_of[at:at] = piece
        elif what == 2:
            bytes_of[at:at] = rng.randbytes(rng.randrange(1, 20))
        elif at < len(bytes_of):
            bytes_of[at] = rng.randrange(256)
    return bytes(bytes_of)


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_mail_is_read_or_told(own: OwnKey, seed: int) -> None:
    """A hundred ways to damage each kind of mail: each gives a file, none an error."""
    rng = random.Random(seed)
    reader = Reader(
        keys=[own],
        domain="concentrator.example",
        marks=Marks(),
        max_content=10_000,
    )
    sealed = seal(return_mail(b"000", packed=True), certificate(OURS), "aes-128-cbc")
    envelope = (
        b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64"
        b"\r\n\r\n" + base64.encodebytes(sealed)
    )
    plain = return_mail(b"000 a return", packed=True)
    for mail in (plain, _REPORT, *[envelope] * (seed == 0)):
        for _ in range(100 if mail is not envelope else 10):
            damaged = _damaged(mail, rng)
            found = reader.read(damaged)
            assert found
            for each in found:
                is_notice = mail_notice.recognise(each.content)
                assert is_notice == (each.notice is not None)
                assert not is_notice or each.content.endswith(damaged)


@pytest.mark.parametrize(
    ("mail", "words"),
    [
        pytest.param(
            b'Content-Type: multipart/mixed; boundary="' + b";" * 60_000 + b"\r\n\r\nx",
            "a header of it has",
            id="parameters-of-a-header",
        ),
        pytest.param(
            b"Content-Type: multipart/mixed; BOUNDARY=b\r\n\r\n--b\r\n" * 60,
            "more than 50 boundaries",
            id="boundaries-in-capitals",
        ),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" * 20 + b"\n" * 900_000,
            "more lines than can be searched",
            id="lines-for-boundaries",
        ),
        pytest.param(
            b"Content-Type: message/delivery-status\r\n\r\n" + b"A: b\r\n\r\n" * 600,
            "more than 500 parts",
            id="parts",
        ),
        pytest.param(
            b"X: y\r\n" * 1_100 + b"\r\n", "more than 1000 headers", id="headers"
        ),
    ],
)
def test_a_mail_that_would_take_hours_is_told_at_once(mail: bytes, words: str) -> None:
    """One mail of a stranger never keeps the others from being read."""
    (found,) = Reader(keys=[], domain="x.example", marks=Marks(), max_content=100).read(
        mail
    )
    assert found.notice is not None
    assert words in found.notice.words
    assert found.content.endswith(mail)

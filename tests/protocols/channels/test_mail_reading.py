"""Whatever lies in the mailbox: returns are taken, everything else is told and kept."""

from __future__ import annotations

import base64
import gzip
import io
import json
from pathlib import Path

import pytest

from protocols import mail_notice
from protocols.channels.interface import Channel
from protocols.channels.mail_envelope import has_openssl, seal
from protocols.errors import PayerRefused
from protocols.mail_notice import Kind, Notice, write
from tests.protocols.channels.mail_account import (
    OURS,
    Fund,
    certificate,
    return_mail,
)

SPOILT = b"Subject: " + b"x" * 5000
NOEMIE = b"000CT" + b"a return of a fund".ljust(123)
STAMP = "2026112210300000007"


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def fetched(channel: Channel) -> list[bytes]:
    found = []
    for file in channel.list():
        into = io.BytesIO()
        assert channel.fetch(file, into) == file.size
        found.append(into.getvalue())
    return found


def notice(fund: Fund, mail: bytes) -> Notice:
    """Put a mail; return the one notice that came of it, with the mail behind it."""
    fund.account.put(mail)
    (content,) = fetched(fund.open())
    assert mail_notice.recognise(content[:100])
    line, _, rest = content.partition(b"\n")
    assert rest == mail
    json.loads(line)
    return mail_notice.read(io.BytesIO(content))


def enveloped(
    fund: Fund, inner: bytes, cipher: str = "aes-128-cbc", to: str = OURS
) -> bytes:
    """Put a part into an envelope for us, or for somebody else."""
    sealed = seal(inner, certificate(to), cipher)
    return (
        b"From: fund@example\r\nContent-Type: application/x-pkcs7-mime; name=smime.p7m"
        b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(sealed)
    )


def multipart(*parts: bytes, kind: str = "mixed") -> bytes:
    head = f"Content-Type: multipart/{kind}; boundary=cut\r\n\r\n".encode()
    return head + b"".join(b"--cut\r\n" + each + b"\r\n" for each in parts) + b"--cut--"


TEXT = b"Content-Type: text/plain\r\n\r\nplease find attached"

RETURNS = {
    "plain": return_mail(NOEMIE),
    "packed": return_mail(NOEMIE, packed=True),
    "in capitals": return_mail(NOEMIE).replace(b"application/EDI", b"APPLICATION/EDI"),
    "type twice": return_mail(NOEMIE, headers="Content-Type: text/plain\r\n"),
    "type twice, last": return_mail(NOEMIE, extra="Content-Type: text/plain\r\n"),
    "encoding twice": return_mail(NOEMIE, extra="Content-Transfer-Encoding: 7bit\r\n"),
    "no encoding": return_mail(NOEMIE, packed=True).replace(
        b"Content-Transfer-Encoding: base64\r\n", b""
    ),
    "two types at once": return_mail(
        NOEMIE, headers="Content-Type: application/pkcs7-mime\r\n"
    ),
    "container second": b"Content-Type: text/plain\r\n"
    + multipart(return_mail(NOEMIE)),
    "a fund's postman": b"Return-Path: <>\r\nIn-Reply-To: <%s@concentrator.example>\r\n"
    % STAMP.encode()
    + return_mail(NOEMIE),
    "as it is": b"Content-Type: application/edi-consent\r\n\r\n" + NOEMIE,
    "says base64": b"Content-Type: application/edi-consent\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + NOEMIE,
    "cut base64": return_mail(NOEMIE).rstrip().rstrip(b"="),
    "beside a text": multipart(TEXT, return_mail(NOEMIE)),
    "nested": multipart(TEXT, multipart(multipart(return_mail(NOEMIE, packed=True)))),
    "forwarded": b"Content-Type: message/rfc822\r\n\r\n" + return_mail(NOEMIE),
    "no end": multipart(return_mail(NOEMIE))[:-7],
}


@pytest.mark.parametrize("mail", RETURNS.values(), ids=RETURNS)
def test_a_return_is_found_however_it_is_written(fund: Fund, mail: bytes) -> None:
    """Headers may be doubled, missing or strange: the return's bytes come through."""
    fund.account.put(mail)

    assert fetched(fund.open()) == [NOEMIE]


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-256-cbc", "des3"])
def test_an_enveloped_return_is_opened_with_our_key(fund: Fund, cipher: str) -> None:
    """Alone or as a part, encrypted once or twice, with any cipher of the profile."""
    if cipher == "des3" and not has_openssl():
        pytest.skip("there is no program openssl")
    once = enveloped(fund, return_mail(NOEMIE, packed=True), cipher)
    for mail in (once, multipart(TEXT, once), enveloped(fund, once, cipher)):
        fund.account.put(mail)

    assert fetched(fund.open()) == [NOEMIE] * 3


def test_a_return_for_the_certificate_before_is_opened_too(
    fund: Fund, tmp_path: Path
) -> None:
    """After a renewal, what was encrypted for the old certificate can be read."""
    fund.account.put(enveloped(fund, return_mail(NOEMIE)))
    renewed = {
        "certificate_file": str(tmp_path / "fund.pem"),
        "key_file": str(tmp_path / "fund.key"),
        "old_certificate_file": str(tmp_path / "own.pem"),
        "old_key_file": str(tmp_path / "own.key"),
    }

    assert fetched(fund.open(**renewed)) == [NOEMIE]


BAD = {
    "a letter": (TEXT, "text/plain"),
    "empty": (b"", "text/plain"),
    "noise": (bytes(range(256)) * 20, ""),
    "other type": (
        b"Content-Type: application/pdf\r\n\r\n" + NOEMIE,
        "application/pdf",
    ),
    "no envelope": (
        b"Content-Type: application/pkcs7-mime\r\n\r\nnot an envelope",
        "stays closed",
    ),
    "cut gzip": (
        b"Content-Type: application/edi-consent\r\nContent-Transfer-Encoding: base64"
        b"\r\n\r\n" + base64.b64encode(gzip.compress(NOEMIE * 9)[:-12]),
        "cut or damaged",
    ),
    "bad zone": (b"Content-Type: text/plain; charset*=x'\r\n\r\n\xff", ""),
    "forwarded for ever": (b"Content-Type: message/rfc822\r\n\r\n" * 3000, "parts"),
    "deep": (
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(600)
        ),
        "boundaries",
    ),
}


@pytest.mark.parametrize(("mail", "words"), BAD.values(), ids=BAD)
def test_what_is_no_return_is_told_and_kept_whole(
    fund: Fund, mail: bytes, words: str
) -> None:
    """Nothing makes it fail: the mail is handed on as it came, with what is wrong."""
    found = notice(fund, mail)

    assert found.kind is Kind.UNREAD
    assert words in found.words


def test_an_envelope_for_somebody_else_stays_closed(fund: Fund) -> None:
    """Which certificate was wanted is said; without a key of ours, that."""
    mail = enveloped(fund, return_mail(NOEMIE), to="somebody else")

    assert "another certificate" in notice(fund, mail).words
    (content,) = fetched(fund.open(certificate_file=None, key_file=None))
    assert b"no certificate_file" in content.partition(b"\n")[0]


def test_a_compression_bomb_does_not_go_off(fund: Fund) -> None:
    """What would unpack beyond max_content is refused on its way, and told."""
    bomb = return_mail(b"0" * 4_000_000, packed=True)
    fund.account.put(bomb)

    (content,) = fetched(fund.open(max_content="1M"))

    assert b"more than max_content" in content.partition(b"\n")[0]
    assert content.endswith(bomb)


def test_envelopes_in_envelopes_end_somewhere(fund: Fund) -> None:
    """A mail of many envelopes is given up, and told."""
    mail = return_mail(NOEMIE)
    for _ in range(22):
        mail = enveloped(fund, mail)

    assert "20 envelopes" in notice(fund, mail).words


def test_a_mail_beyond_max_mail_stays_and_does_not_hold_up_others(fund: Fund) -> None:
    """It is listed, cannot be had, and says why; it was not even read."""
    large = fund.account.put(return_mail(NOEMIE * 500))
    fund.account.put(return_mail(NOEMIE))
    channel = fund.open(max_mail="10k")

    listed = channel.list()
    with pytest.raises(PayerRefused, match="max_mail"):
        channel.fetch(listed[0], io.BytesIO())
    into = io.BytesIO()
    channel.fetch(listed[1], into)

    assert into.getvalue() == NOEMIE
    assert large not in fund.account.read


def test_a_mail_that_the_server_does_not_give_is_gone_past(fund: Fund) -> None:
    """It costs one look; then the others are taken, and a person is told of it."""
    stuck = fund.account.put(SPOILT)
    fund.account.put(return_mail(NOEMIE))
    fund.account.spoilt.add(stuck)
    channel = fund.open()

    with pytest.raises(PayerRefused):
        channel.list()
    first, second = channel.list()
    with pytest.raises(PayerRefused, match=r"line too long.*stays in the mailbox"):
        channel.fetch(first, io.BytesIO())
    assert channel.fetch(second, io.BytesIO()) == len(NOEMIE)


def test_a_mail_with_two_returns_goes_when_both_are_confirmed(fund: Fund) -> None:
    """Each return is confirmed alone; the mail is taken away with the last."""
    fund.account.put(multipart(return_mail(NOEMIE), return_mail(b"another")))
    channel = fund.open()
    first, second = channel.list()

    channel.remove(first)
    assert channel.list() == [second]
    assert len(fund.account.mails) == 1
    channel.remove(second)
    assert fund.account.mails == {}


def test_a_readable_return_beside_an_unreadable_one_gives_both(fund: Fund) -> None:
    """One bad part does not hide the good one, nor the other way round."""
    bad = b"Content-Type: application/pkcs7-mime\r\n\r\nnot an envelope"
    fund.account.put(multipart(return_mail(NOEMIE), bad))

    first, second = fetched(fund.open())

    assert {first[:5], second[:5]} == {NOEMIE[:5], b'{"oct'}


def test_each_mail_is_read_once_however_often_it_is_listed(fund: Fund) -> None:
    """Asking again costs a list, not the mails; a new process reads them again."""
    fund.put(NOEMIE)
    channel = fund.open()
    for _ in range(3):
        assert fetched(channel) == [NOEMIE]
    assert len(fund.account.read) == 1

    restarted = fund.open()
    restarted.remove(channel.list()[0])
    assert restarted.list() == []


def report(action: str, status: str, *, quoted: str = "message/rfc822") -> bytes:
    said = (
        b"Content-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; smtp.provider.example\r\n\r\n"
        b"Original-Recipient: rfc822;01990@990.01.rss.fr\r\n"
        b"Final-Recipient: rfc822; box@rss.example\r\n"
        + f"Action: {action}\r\nStatus: {status}\r\n".encode()
        + b"Diagnostic-Code: smtp; 552 mailbox is full\r\n"
    )
    original = (
        f"Content-Type: {quoted}\r\n\r\nFrom: {OURS}\r\n"
        f"Message-ID: <{STAMP}@concentrator.example>\r\nSubject: IR/x\r\n\r\n"
    ).encode()
    return b"From: postmaster@provider.example\r\n" + multipart(
        TEXT, said, original, kind="report; report-type=delivery-status"
    )


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("failed", Kind.UNDELIVERED),
        ("FAILED", Kind.UNDELIVERED),
        ("delayed", Kind.DELAYED),
        ("relayed", Kind.DELIVERED),
    ],
)
@pytest.mark.parametrize("quoted", ["message/rfc822", "text/rfc822-headers"])
def test_a_delivery_report_names_our_mail(
    fund: Fund, action: str, kind: Kind, quoted: str
) -> None:
    """What a report says of one of ours is read: which, to whom, and why."""
    found = notice(fund, report(action, "5.2.2", quoted=quoted))

    assert found == Notice(
        kind=kind,
        words="552 mailbox is full",
        message_id=f"<{STAMP}@concentrator.example>",
        recipient="01990@990.01.rss.fr",
        status="5.2.2",
    )


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_nobody_mails_a_notice_of_our_own(fund: Fund, packed: bool) -> None:
    """A return that looks like one was written by a stranger: it is kept as such."""
    forged = write(
        Notice(kind=Kind.UNDELIVERED, words="no", file="a.b2", proof="mark"), b""
    )
    found = notice(fund, return_mail(forged, packed=packed))
    assert found.kind is Kind.UNREAD
    assert (found.file, found.proof) == ("", "")


def test_an_old_bounce_in_free_text_is_understood(fund: Fund) -> None:
    """A postman's letter that quotes our Message-ID tells that it came back."""
    found = notice(
        fund,
        f"From: MAILER-DAEMON@old.example\r\nReturn-Path: <>\r\n\r\n"
        f"Sorry, the user's mailbox is over quota.\r\n"
        f"Message-ID: <{STAMP}@concentrator.example>\r\n".encode(),
    )

    assert found.kind is Kind.UNDELIVERED
    assert found.message_id == f"<{STAMP}@concentrator.example>"
    assert "over quota" in found.words


def test_a_letter_that_only_quotes_our_mail_is_no_bounce(fund: Fund) -> None:
    """A person's answer about a mail of ours does not say that it came back."""
    mail = f"From: someone@example\r\n\r\n<{STAMP}@concentrator.example>\r\n".encode()

    assert notice(fund, mail).kind is Kind.UNREAD

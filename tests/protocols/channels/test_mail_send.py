"""A billing file as the mail that a fund gets, in both shapes and with every cipher."""

from __future__ import annotations

import io
from email import message_from_bytes
from pathlib import Path

import pytest
from attrs import evolve

from protocols.channels import mail_envelope
from protocols.channels.interface import Arrival
from protocols.channels.mail_iris import SUBJECT, named
from protocols.channels.mail_letter import Letter
from protocols.errors import OutcomeUnknown, TransferError
from tests.protocols.channels.mail_account import (
    FUND,
    NOW,
    OURS,
    Door,
    Fund,
    billing_file,
    certificate,
    file_name,
    pair,
    pem,
)

BODY = billing_file(7, b"4".ljust(128) + b"5".ljust(128))


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def sent(fund: Fund, **changes: object) -> bytes:
    """Send the file of number 7; return the mail."""
    fund.open(**changes).send(file_name(7), len(BODY), io.BytesIO(BODY))
    (letter,) = fund.account.taken.values()
    assert (letter.sender, letter.recipient) == (OURS, FUND)
    return letter.content


def test_the_shape_of_2025_is_the_envelope_itself(fund: Fund) -> None:
    """The mail is the envelope and says of file and cipher what the fund wants said."""
    mail = sent(fund)
    outer, inner = message_from_bytes(mail), fund.inner(mail)

    assert outer.get_content_type() == "application/pkcs7-mime"
    assert outer.get_param("smime-type") == "enveloped-data"
    assert outer["Content-Description"] == inner["Content-Description"] == "IRIS/B2/Z"
    assert outer["X-SV_CHIFFREMENT"] == "Octway#Octway#1.40#A#2"
    assert (outer["To"], outer["From"]) == (FUND, OURS)
    assert outer["Date"] == "Sun, 22 Nov 2026 10:30:00 GMT"
    assert inner["Content-Type"] == "application/EDI-consent"
    stamp = str(outer["Message-ID"])[1:20]
    assert inner.get_filename() == f"B2_{stamp}.gz"
    assert outer["Subject"] == f"IR/00000001234567/{stamp}/00002"
    assert fund.opened(mail) == BODY


def test_the_shape_of_2013_has_the_envelope_as_its_one_part(fund: Fund) -> None:
    """A multipart of one part, with the software's code in the subject."""
    mail = sent(fund, shape="multipart", subject_code="100500", cipher_mark=None)
    outer = message_from_bytes(mail)
    _, part = outer.walk()

    assert outer.get_content_type() == "multipart/mixed"
    assert part.get_content_type() == "application/pkcs7-mime"
    assert "X-SV_CHIFFREMENT" not in outer
    stamp = str(outer["Message-ID"])[1:20]
    assert stamp in str(outer.get_boundary())
    assert outer["Subject"] == f"IR100500/00000001234567/{stamp}/00002"
    assert SUBJECT.fullmatch(str(outer["Subject"]))
    assert fund.opened(mail) == BODY


@pytest.mark.parametrize("shape", ["whole", "multipart"])
def test_every_line_is_ascii_and_ends_with_crlf(fund: Fund, shape: str) -> None:
    """Servers of any age take it: short lines, CRLF, no dot alone."""
    mail = sent(fund, shape=shape)
    lines = mail.split(b"\r\n")

    assert mail.isascii()
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(map(len, lines)) <= 100
    assert b"." not in lines


@pytest.mark.parametrize(
    ("changes", "nature"),
    [
        ({"test": True}, "IRISTEST/B2/Z"),
        ({"compress": False}, "IRIS/B2"),
        ({"test": True, "compress": False}, "IRISTEST/B2"),
    ],
    ids=str,
)
def test_test_and_plain_files_say_so(
    fund: Fund, changes: dict[str, object], nature: str
) -> None:
    """A test is marked as one; /Z stands only for what is compressed."""
    mail = sent(fund, **changes)

    assert fund.inner(mail)["Content-Description"] == nature
    assert fund.opened(mail) == BODY


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-256-cbc", "des3"])
def test_every_cipher_can_be_opened_by_the_fund(fund: Fund, cipher: str) -> None:
    """Each cipher makes an envelope that openssl or cryptography opens again."""
    if cipher == "des3" and not mail_envelope.has_openssl():
        pytest.skip("there is no program openssl")

    assert fund.opened(sent(fund, cipher=cipher)) == BODY


def test_the_same_file_is_the_same_mail_for_ever(fund: Fund) -> None:
    """Sent again by another node it has the same stamp, and so the same Message-ID."""
    references = {
        fund.open().send(file_name(7), len(BODY), io.BytesIO(BODY)).reference
        for _ in range(2)
    }

    assert references == set(fund.account.taken)
    assert len(references) == 1


def test_no_two_files_of_a_day_share_a_stamp() -> None:
    """A stamp is a moment of the file's day, and another one for every number."""
    numbers = [*range(1, 2000), *range(998_000, 1_000_000)]
    stamps = {named(file_name(number)).stamp(OURS) for number in numbers}

    assert len(stamps) == len(numbers)
    for stamp in stamps:
        assert stamp.startswith("20261122")
        hour, minute, second = (int(stamp[at : at + 2]) for at in (8, 10, 12))
        assert max(hour - 23, minute - 59, second - 59) <= 0
        assert len(stamp) == 19


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("desk-q1.json", BODY, "names no billing file"),
        ("B201990000007.2026-13-45.b2", BODY, "names no billing file"),
        (file_name(7), b"999" + BODY[3:], "record 000"),
        (file_name(7), BODY.replace(b"1000990", b"1000991"), "organism 991"),
        (file_name(7), BODY[:128], "0 invoices"),
    ],
    ids=["name", "day", "no header", "other fund", "no invoice"],
)
def test_what_is_no_billing_file_for_that_fund_stays_here(
    fund: Fund, name: str, body: bytes, words: str
) -> None:
    """A file that its name does not fit is never encrypted for the wrong fund."""
    with pytest.raises(TransferError, match=words) as caught:
        fund.open().send(name, len(body), io.BytesIO(body))

    assert not caught.value.retryable
    assert fund.account.taken == {}


def test_line_ends_in_the_file_do_not_change_its_count(fund: Fund) -> None:
    """A file with a line end after each record is counted like one without."""
    records = [BODY[start : start + 128] for start in range(0, len(BODY), 128)]
    body = b"\r\n".join([*records, b""])
    fund.open().send(file_name(7), len(body), io.BytesIO(body))

    (letter,) = fund.account.taken.values()
    assert str(message_from_bytes(letter.content)["Subject"]).endswith("/00002")


def test_without_a_valid_certificate_nothing_is_sent(fund: Fund) -> None:
    """An expired one is named with its last day, and what to do."""
    expired = certificate(FUND, days=(-300.0, -1.0))
    file = fund.fund.certificate_file
    file.write_bytes(pem(expired))

    with pytest.raises(TransferError, match=r"2026-11-21.*recipients_file") as caught:
        fund.open().send(file_name(7), len(BODY), io.BytesIO(BODY))
    assert not caught.value.retryable
    assert fund.account.taken == {}


def test_the_certificate_with_the_highest_serial_counts(fund: Fund) -> None:
    """Of an old one, a new one and one to come, the new one is used."""
    file = fund.fund.certificate_file
    old = certificate(FUND, serial=5, owner="old key")
    new = certificate(FUND, serial=9)
    later = certificate(FUND, serial=11, owner="later key", days=(5.0, 300.0))
    file.write_bytes(pem(old, later, new))

    mail = sent(fund)

    fund.fund = evolve(fund.fund, certificate=new)
    assert fund.opened(mail) == BODY


def envelope_of(fund: Fund, **changes: object) -> str:
    """Send the file of number 7, and lose the line at its end; return what it bore."""

    class Lost(Door):
        def hand_over(self, doing: str, letter: Letter) -> str:
            letters.append(letter)
            raise OutcomeUnknown(doing)

    letters: list[Letter] = []
    channel = fund.channel(Lost(fund.account), changes)
    with pytest.raises(OutcomeUnknown):
        channel.send(file_name(7), len(BODY), io.BytesIO(BODY))
    return letters[0].envelope_id


def failed(fund: Fund, envelope_id: str, quoted: str = "") -> None:
    """Put a report into the mailbox: a mail was not delivered."""
    fund.account.put(
        b"From: MAILER-DAEMON@provider.example\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
        b"\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Original-Envelope-Id: " + envelope_id.encode() + b"\r\n\r\n"
        b"Final-Recipient: rfc822; x@y\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n--b\r\n"
        b"Content-Type: text/rfc822-headers\r\n\r\n"
        + quoted.encode()
        + b"\r\n\r\n--b--"
    )


def asked(fund: Fund, number: int, **changes: object) -> Arrival:
    return fund.open(**changes).ask(file_name(number), len(BODY))


def test_an_unknown_outcome_is_told_by_a_delivery_report(fund: Fund) -> None:
    """Without a report nobody can tell; one that it failed lets it go again."""
    envelope_id = envelope_of(fund)
    assert asked(fund, 7) is Arrival.UNCLEAR

    failed(fund, envelope_id)

    assert asked(fund, 7) is Arrival.ABSENT
    assert asked(fund, 8) is Arrival.UNCLEAR


@pytest.mark.parametrize(
    "forged",
    [file_name(7), f"{file_name(7)}/", f"{file_name(7)}/{'0' * 20}"],
    ids=["name", "no mark", "another mark"],
)
def test_a_report_without_the_mark_of_our_mail_decides_nothing(
    fund: Fund, forged: str
) -> None:
    """Names and stamps follow a rule that a stranger can follow; the mark does not."""
    envelope_of(fund)
    stamp = named(file_name(7)).stamp(OURS)
    failed(fund, forged, quoted=f"Message-ID: <{stamp}@concentrator.example>")

    assert asked(fund, 7) is Arrival.UNCLEAR


def test_a_mark_holds_for_one_mail_alone(fund: Fund) -> None:
    """Who saw one of our mails cannot speak of another one."""
    envelope_id = envelope_of(fund)
    failed(fund, envelope_id.replace("000007", "000008"))

    assert asked(fund, 8) is Arrival.UNCLEAR


def test_a_proved_name_carries_no_other_mail_along(fund: Fund) -> None:
    """Beside the mark of one mail, the Message-ID of another one is not believed."""
    stamp = named(file_name(8)).stamp(OURS)
    failed(
        fund,
        envelope_of(fund),
        quoted=f"Message-ID: <{stamp}@concentrator.example>",
    )

    assert asked(fund, 8) is Arrival.UNCLEAR
    assert asked(fund, 7) is Arrival.ABSENT


def test_a_mark_is_known_after_the_key_was_changed(fund: Fund, tmp_path: Path) -> None:
    """As long as the old pair is named, reports about mails of before are believed."""
    envelope_id = envelope_of(fund)
    pair(tmp_path, "next@concentrator.example", stem="next")
    failed(fund, envelope_id)
    new = {
        "certificate_file": str(tmp_path / "next.pem"),
        "key_file": str(tmp_path / "next.key"),
    }
    old = {
        "old_certificate_file": str(tmp_path / "own.pem"),
        "old_key_file": str(tmp_path / "own.key"),
    }

    assert asked(fund, 7, **new, **old) is Arrival.ABSENT
    assert asked(fund, 7, **new) is Arrival.UNCLEAR


def test_without_a_key_no_report_decides(fund: Fund) -> None:
    """Then mails bear no mark, and a person decides what nobody can tell."""
    none = {"certificate_file": None, "key_file": None}
    envelope_id = envelope_of(fund, **none)
    assert envelope_id == file_name(7)
    failed(fund, envelope_id)

    assert asked(fund, 7, **none) is Arrival.UNCLEAR


def test_the_check_says_who_we_are_and_what_ends_first(fund: Fund) -> None:
    """`octway payer test` names servers, waiting mails and the certificate to renew."""
    fund.put(b"one")
    fund.fund.certificate_file.write_bytes(pem(certificate(FUND, days=(-1.0, 20.5))))

    words = fund.open().check()

    assert "1 mails are waiting" in words
    assert f"on 2026-12-12, in 20 days ({FUND})" in words
    assert "an invented password" not in words


def test_the_date_is_that_of_the_clock_and_nothing_else(fund: Fund) -> None:
    """Two nodes an hour apart make mails that differ in their date only, for a fund."""
    for hours in (0, 1):
        at = NOW + hours * 3600.0
        channel = fund.channel(Door(fund.account), now=lambda at=at: at)  # type: ignore[misc]
        channel.send(file_name(7), len(BODY), io.BytesIO(BODY))
        (letter,) = fund.account.taken.values()
        mail = message_from_bytes(letter.content)
        assert str(mail["Date"]).startswith(f"Sun, 22 Nov 2026 1{hours}:30")
        assert mail["Message-ID"] == letter.message_id

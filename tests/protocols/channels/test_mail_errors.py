"""What servers say, as what the gateway does about it."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import ssl

import pytest

from protocols.channels.mail_errors import logging_in, refusal, translate
from protocols.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PayerBusy,
    PayerRefused,
    PayerUnavailable,
    TransferError,
    UntrustedHost,
)


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (421, b"4.3.2 closing", PayerUnavailable),
        (450, b"greylisted, come back", PayerUnavailable),
        (452, b"4.2.2 over quota", PayerUnavailable),
        (552, b"5.2.2 <x@y> mailbox full", PayerUnavailable),
        (550, b"Quota exceeded for this account", PayerUnavailable),
        (552, b"5.3.4 message size exceeds fixed limit", PayerRefused),
        (550, b"5.1.1 no such user", PayerRefused),
        (554, b"5.7.1 relay access denied", PayerRefused),
        (530, b"5.7.0 authentication required", CredentialsRefused),
        (535, b"5.7.8 bad credentials", CredentialsRefused),
    ],
)
def test_what_a_servers_no_means(
    code: int, words: bytes, kind: type[TransferError]
) -> None:
    """A full mailbox is emptied some day; a wrong address is for a person."""
    error = refusal("mailing x", code, words)

    assert type(error) is kind
    assert str(code) in str(error)


@pytest.mark.parametrize("in_doubt", [False, True])
@pytest.mark.parametrize(
    "error",
    [smtplib.SMTPServerDisconnected("gone"), TimeoutError(), ConnectionResetError()],
    ids=repr,
)
def test_a_lost_line_is_unknown_only_after_the_last_byte(
    error: Exception, in_doubt: bool
) -> None:
    """Before the end of the mail nothing was handed over."""
    with (
        pytest.raises(OutcomeUnknown if in_doubt else PayerUnavailable),
        translate("mailing x", in_doubt=in_doubt),
    ):
        raise error


def test_a_server_with_a_strange_certificate_is_told_nothing() -> None:
    """It is told apart from a line that is merely down."""
    with pytest.raises(UntrustedHost), translate("x"):
        raise ssl.SSLCertVerificationError("self-signed")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (poplib.error_proto(b"-ERR [AUTH] no"), CredentialsRefused),
        (poplib.error_proto(b"-ERR [IN-USE] locked"), PayerBusy),
        (poplib.error_proto(b"-ERR [SYS/TEMP] later"), PayerUnavailable),
        (imaplib.IMAP4.error(b"[AUTHENTICATIONFAILED] no"), CredentialsRefused),
        (imaplib.IMAP4.error("[UNAVAILABLE] later"), PayerUnavailable),
        (imaplib.IMAP4.abort("gone"), PayerUnavailable),
    ],
    ids=repr,
)
def test_why_a_mailbox_does_not_let_us_in(
    error: Exception, kind: type[TransferError]
) -> None:
    """Wrong credentials close the circuit; a mailbox in use is only tried again."""
    with pytest.raises(kind) as caught, translate("x"), logging_in("x"):
        raise error
    assert type(caught.value) is kind


def test_words_of_a_server_cannot_break_a_line_of_a_log() -> None:
    """Control characters and long answers are made plain and short."""
    told = str(refusal("x", 550, b"no\r\n\x1b[31m" + b"a" * 5000))

    assert "\n" not in told
    assert "\x1b" not in told
    assert len(told) < 500

"""What a mail server says or does not say, as the errors that the gateway acts upon.

The same lost line means "send again" before the last byte of a mail and "ask first"
after it.  A full mailbox is no refusal: it is emptied some day.
"""

from __future__ import annotations

import imaplib
import poplib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from protocols.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PayerBusy,
    PayerRefused,
    PayerUnavailable,
    TransferError,
    UntrustedHost,
)

FULL: Final = re.compile(
    r"\b[45]\.2\.2\b|over.?quota|quota exceeded|mailbox.{0,9}full", re.I
)
"""How servers say that a mailbox is full, in their code or their words."""

_PERMANENT: Final = 500
_NOT_LET_IN: Final = frozenset({530, 534, 535, 538})
_BUSY: Final = re.compile(r"\[(IN-USE|LOGIN-DELAY|INUSE)\]|lock(ed)?\b", re.I)
_SHORTLY: Final = re.compile(r"\[(SYS/TEMP|UNAVAILABLE|LIMIT)\]", re.I)
_LONGEST: Final = 200


class NotStarted(Exception):
    """The server offers no STARTTLS."""


def shown(words: bytes | str) -> str:
    """Write a server's words so that they may stand in an error."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    plain = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(plain.split())[:_LONGEST]


@contextmanager
def translate(doing: str, *, in_doubt: bool = False) -> Iterator[None]:
    """Raise a `TransferError` for what goes wrong with a server while `doing`.

    `in_doubt` says that the server may have the whole mail already.
    """
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise UntrustedHost(
            f"{doing}: the certificate shown there is not to be trusted:"
            f" {_why(error)}; wanted one of that host under ca_file. Nothing"
            " was said to it: ask the provider by another way"
        ) from error
    except NotStarted as error:
        raise UntrustedHost(
            f"{doing}: the server offers no STARTTLS; wanted it. Nothing was said to"
            " it: ask the provider, or set the endpoint's …_security to tls"
        ) from error
    except smtplib.SMTPServerDisconnected as error:
        raise _lost(doing, error, in_doubt) from error
    except smtplib.SMTPResponseException as error:
        raise refusal(doing, error.smtp_code, error.smtp_error) from error
    except imaplib.IMAP4.abort as error:
        raise _lost(doing, error, in_doubt) from error
    except (imaplib.IMAP4.error, poplib.error_proto) as error:
        raise PayerRefused(
            f"{doing}: the mailbox answered: {shown(_of(error))}; it was expected to do"
            " so: see with the provider"
        ) from error
    except (smtplib.SMTPException, OSError, EOFError) as error:
        raise _lost(doing, error, in_doubt) from error


@contextmanager
def logging_in(doing: str) -> Iterator[None]:
    """Say of a mailbox's no to our login whether it is about us or about now."""
    try:
        yield
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, poplib.error_proto) as error:
        words = shown(_of(error))
        if _BUSY.search(words):
            raise PayerBusy(
                f"{doing}: the mailbox is being read by somebody else: {words}; it is"
                " tried again"
            ) from error
        if _SHORTLY.search(words):
            raise PayerUnavailable(
                f"{doing}: {words}; it may be tried again"
            ) from error
        raise CredentialsRefused(
            f"{doing}: we were not let in: {words}; wanted our user and password: see"
            " mailbox_user, mailbox_password_file, and our account there"
        ) from error


def refusal(doing: str, code: int, words: bytes | str) -> TransferError:
    """Say what an SMTP server's no means."""
    said = f"{code} {shown(words)}".strip()
    if code in _NOT_LET_IN:
        return CredentialsRefused(
            f"{doing}: we were not let in: {said}; wanted our user and password: see"
            " user, password_file, and our account at the provider"
        )
    if FULL.search(said):
        return PayerUnavailable(
            f"{doing}: the mailbox is full: {said}; nothing was handed over, it is"
            " tried again: tell the payer"
        )
    if code < _PERMANENT:
        return PayerUnavailable(
            f"{doing}: not now: {said}; nothing was handed over, it may be tried again"
        )
    return PayerRefused(
        f"{doing}: the mail server answered: {said}; it was expected to take the mail:"
        " see with the provider, or the payer"
    )


def _lost(doing: str, error: Exception, in_doubt: bool) -> TransferError:
    why = _why(error)
    if in_doubt:
        return OutcomeUnknown(
            f"{doing}: no sure answer: {why}; see whether the mail comes back before"
            " it is sent again"
        )
    return PayerUnavailable(
        f"{doing}: {why}; nothing was handed over, it may be tried again"
    )


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return getattr(error, "verify_message", "") or "it cannot be verified"
    if isinstance(error, ssl.SSLError):
        return error.reason or "TLS failed"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return shown(str(error)) or type(error).__name__


def _of(error: Exception) -> bytes | str:
    first = error.args[0] if error.args else ""
    return first if isinstance(first, bytes | str) else str(first)

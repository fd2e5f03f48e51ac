"""What an HTTP answer of MyCareNet means: a body, or the error that it stands for.

SOAP faults come with status 500; every other status than 200 comes from something
in front of the service, and says how far a request can have come.
"""

from __future__ import annotations

from typing import Final

from protocols.errors import (
    CredentialsRefused,
    PayerRefused,
    PayerUnavailable,
    TransferError,
)
from protocols.mycarenet.genasync_attachments import unpacked
from protocols.mycarenet.genasync_line import Answer, NoAnswer
from protocols.mycarenet.genasync_xml import (
    BadXml,
    Element,
    Fault,
    fault,
    header_and_body,
    parse,
)

_OK: Final = 200
_FAULT: Final = 500
_NOT_LET_IN: Final = (401, 403)
_NOT_NOW: Final = (429, 503)  # told before anything is done with the request
_GATEWAY: Final = (502, 504)  # told when nobody knows what was done with it
_PAUSE: Final = "not enough time"  # in the text of the fault; it has no code


class NotEnoughTime(Exception):
    """MyCareNet wants a longer pause between two gets."""


def answered(doing: str, answer: Answer, *, limit: int) -> Element:
    """Return the body of an answer; raises what its fault or status means.

    `NoAnswer` where the answer does not tell whether the request was done,
    `BadXml` where a good status comes with no SOAP, `NotEnoughTime`, or a
    `TransferError`.
    """
    if answer.status not in (_OK, _FAULT):
        raise _by_status(doing, answer.status)
    try:
        _, body = header_and_body(_document(answer, limit))
    except BadXml as error:
        if answer.status == _FAULT:
            raise NoAnswer(f"HTTP status 500 without a SOAP fault: {error}") from error
        raise
    found = fault(body)
    if found is not None:
        raise _by_fault(doing, found)
    if answer.status == _FAULT:
        raise NoAnswer("HTTP status 500 without a SOAP fault")
    return body


def _document(answer: Answer, limit: int) -> Element:
    if answer.package is None:
        return parse(answer.body, limit=limit)
    return unpacked(answer.body, answer.package, limit=limit)


def _by_fault(doing: str, found: Fault) -> Exception:
    if _PAUSE in found.text.lower():
        return NotEnoughTime(found.words)
    if found.is_about_security:
        return CredentialsRefused(
            f"{doing}: our signature or credentials were refused: {found.words};"
            " wanted what the signer of this endpoint's settings makes: see signer"
        )
    if found.is_ours:
        return PayerRefused(
            f"{doing}: refused by a fault: {found.words}; it was expected to be taken:"
            " see with MyCareNet's service desk"
        )
    return PayerUnavailable(
        f"{doing}: MyCareNet answered with a fault of its own: {found.words}; it says"
        " that nothing was done, it may be tried again"
    )


def _by_status(doing: str, status: int) -> TransferError | NoAnswer:
    if status in _NOT_LET_IN:
        return CredentialsRefused(
            f"{doing}: HTTP status {status}: we are not let in; see certificate_file"
            " and license_user, and our registration with MyCareNet"
        )
    if status in _NOT_NOW:
        return PayerUnavailable(
            f"{doing}: HTTP status {status}: not now; nothing was done, it may be tried"
            " again"
        )
    if status in _GATEWAY:
        return NoAnswer(f"HTTP status {status} from something before the service")
    return PayerRefused(
        f"{doing}: HTTP status {status}; wanted 200 or a SOAP fault: see url"
    )

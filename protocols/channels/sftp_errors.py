"""What goes wrong on an SFTP line, and what it means for the file under way.

Below the channel the errors say only what was seen: `LineLost`, `Refusal`,
`Unfinished`, `WrongBody`.  `translate` is the only
place that turns them into the errors that the gateway acts upon, because the
same lost line means "send again" before the renaming and "ask first" after.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from paramiko import SSHException

from protocols.errors import (
    OutcomeUnknown,
    PayerRefused,
    PayerUnavailable,
    TransferError,
)

NO_SUCH_FILE = 2
PERMISSION_DENIED = 3
NO_CONNECTION = 6
CONNECTION_LOST = 7
FAILURE = 4
_NO_LINE = frozenset({NO_CONNECTION, CONNECTION_LOST})
_ADVICE = {
    NO_SUCH_FILE: "see whether the folder of the endpoint's settings is there",
    PERMISSION_DENIED: "have the payer give our account that right",
}


class LineLost(Exception):
    """The connection is gone, was never made, or has not answered in time."""


class Refusal(Exception):
    """The payer's system answered no, with a status code of SFTP version 3.

    The code is 0 where it refused what comes before SFTP.  `asked` says what it
    was asked to do, `advice` what to do about it.
    """

    def __init__(self, code: int, words: str) -> None:
        status = f" (status {code})" if code else ""
        super().__init__(f"{words or 'no reason given'}{status}")
        self.code = code
        self.asked = ""
        self.advice = _ADVICE.get(code, "see with the payer")


class Unfinished(Exception):
    """What the payer's side shows is not the whole file that was expected."""


class WrongBody(Exception):
    """Our own file has not the size that was said of it."""


@contextmanager
def on_the_line() -> Iterator[None]:
    """Call every failure of the socket or of SSH `LineLost`; for narrow use only.

    Never put around code that reads or writes our own files: their errors are
    not the payer's.
    """
    try:
        yield
    except TimeoutError as error:
        raise LineLost("no answer in time") from error
    except EOFError as error:
        raise LineLost("the payer's side closed the line") from error
    except (SSHException, OSError) as error:
        raise LineLost(f"{error}" or type(error).__name__) from error


@contextmanager
def asking(what: str, *, failure: str = "") -> Iterator[None]:
    """Say in a refusal what was asked for; `failure` is what a mere "no" may mean."""
    try:
        yield
    except Refusal as refusal:
        refusal.asked = refusal.asked or f", asked to {what},"
        if failure and refusal.code == FAILURE:
            refusal.advice = f"{failure}: see with the payer"
        raise


@contextmanager
def translate(doing: str, *, in_doubt: bool = False) -> Iterator[None]:
    """Raise a `TransferError` for what was seen while `doing`.

    `in_doubt` says that the payer may already hold the file, so that a lost
    line leaves the outcome unknown.
    """
    try:
        yield
    except (LineLost, Unfinished) as error:
        raise _lost(doing, error, in_doubt) from error
    except WrongBody as error:
        raise TransferError(
            f"{doing}: {error}; nothing was handed over: verify the stored payload"
        ) from error
    except Refusal as error:
        if error.code in _NO_LINE:
            raise _lost(doing, error, in_doubt) from error
        raise PayerRefused(
            f"{doing}: the payer's system{error.asked} answered: {error}; it was"
            f" expected to take the request: {error.advice}"
        ) from error


def _lost(
    doing: str, error: Exception, in_doubt: bool
) -> OutcomeUnknown | PayerUnavailable:
    if in_doubt:
        return OutcomeUnknown(
            f"{doing}: no sure answer: {error}; ask the payer's side before sending"
            " again"
        )
    return PayerUnavailable(
        f"{doing}: {error}; nothing was handed over, it may be tried again"
    )

"""The root of all errors raised on purpose once the gateway runs.

An error answers one question for the code that catches it: what may be done
next?  `retryable` says whether the same step may be tried again without a
person.  `code` is a stable name for the journal, the log and the metrics;
the message is for people and may change.
"""

from __future__ import annotations

from typing import ClassVar


class GatewayError(Exception):
    """Base of the errors of `routing`, `protocols` and `gateway`."""

    code: ClassVar[str] = "gateway"
    retryable: ClassVar[bool] = False


class IllegalTransition(GatewayError):
    """The event is not allowed in the state that the row is in."""

    code = "illegal-transition"


class NoRoute(GatewayError):
    """The lot cannot be routed now; `cause` is a stable word that says why.

    `payer` is whose it is, where that is known and not what is wrong.
    Causes: `unknown-payer`, `payer-closed`, `no-endpoint`, `no-destination`,
    `duplicate-lot`, `duplicate-invoice`, `bad-content`, `not-enrolled`.
    """

    code = "no-route"

    def __init__(self, cause: str, message: str, *, payer: str | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.payer = payer

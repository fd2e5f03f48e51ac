"""What can go wrong between us and a payer, or inside a format."""

from __future__ import annotations

from routing.errors import GatewayError


class TransferError(GatewayError):
    """The payer did not take the file, or did not give one."""

    code = "transfer"


class PayerUnavailable(TransferError):
    """Nothing was handed over; the same file may be sent again later."""

    code = "payer-unavailable"
    retryable = True


class PayerBusy(PayerUnavailable):
    """The payer's side is there and wants us to come back later: nothing is wrong."""

    code = "payer-busy"


class PayerRefused(TransferError):
    """The payer's system answered no; a person must look."""

    code = "payer-refused"


class CredentialsRefused(TransferError):
    """The payer did not let us in: its circuit opens, no attempt is burnt."""

    code = "credentials-refused"


class UntrustedHost(TransferError):
    """The payer's host key is not the pinned one: nothing was said to it."""

    code = "untrusted-host"


class OutcomeUnknown(TransferError):
    """The line broke after the last byte: ask the payer before sending again."""

    code = "outcome-unknown"


class UnknownFormat(GatewayError):
    """No network knows this file."""

    code = "unknown-format"

"""Keys that tie a payer's answer to what was sent, the same on both sides.

The sender's reference of the message (zone 204) comes back unchanged in every
return; month and number of the sending make sure of it.
"""

from __future__ import annotations

_PADDING = "00"  # before the eleven digits of a national number
_PADDED = 13


def lot_key(reference: str, year_month: str, sending_number: str) -> str:
    """Return the key of a sending: `reference/YYYYMM/number`."""
    return f"{reference.strip()}/{year_month.strip()}/{sending_number.strip()}"


def claim_key(lot: str, invoice_number: str) -> str:
    """Return the key of an invoice of a sending: `<lot key>/invoice number`."""
    return f"{lot}/{invoice_number.strip()}"


def normal_sender(number: str) -> str:
    """Return a third-party payer's number without separators and leading zeros."""
    return "".join(each for each in number if each.isalnum()).upper().lstrip("0")


def normal_patient(number: str) -> str:
    """Return a patient's number without the zeros and blanks that fill it up."""
    bare = number.strip()
    whole = len(bare) == _PADDED and bare.startswith(_PADDING)
    return bare[len(_PADDING) :] if whole else bare

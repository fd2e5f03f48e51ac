"""Keys that tie a payer's answer to what was sent, normalised on both sides.

Senders and payers pad and cut identifiers differently; a key holds only what
survives: no leading zeros in the professional's number, three digits of lot,
nine characters of invoice (french.md 2.4).  The lot's date is part of every
key because lot numbers wrap at 999.
"""

from __future__ import annotations

from protocols.record_fields import iso_date as _iso_date

_LOT_DIGITS = 3
_INVOICE_LENGTH = 9
_NIR = 13
_MODULUS = 97
_RANKS = "123456789"
_REQUEST = "|C"


def claim_key(ps: str, lot_date_iso: str, lot_no: str, invoice_no: str) -> str:
    """Return the key of an invoice: `ps|lot date|lot|invoice`."""
    lot = lot_key(ps, lot_date_iso, lot_no)
    return f"{lot}|{normal_invoice(invoice_no)}"


def lot_key(ps: str, lot_date_iso: str, lot_no: str) -> str:
    """Return the key of a lot: `ps|lot date|lot`."""
    return f"{normal_ps(ps)}|{lot_date_iso}|{normal_lot(lot_no)}"


def request_claim_key(ps: str, lot_date_iso: str, lot_no: str, invoice_no: str) -> str:
    """Return the key of a complementary part: that of its invoice is the fund's."""
    lot = lot_key(ps, lot_date_iso, lot_no)
    return f"{lot}{_REQUEST}|{normal_invoice(invoice_no)}"


def request_lot_key(ps: str, lot_date_iso: str, lot_no: str, amc: str = "") -> str:
    """Return the key of a complementary lot; without its AMC, the beginning of it.

    One lot of a sender may be split into several, for one complementary payer each.
    """
    behind = f"/{amc}" if amc else ""
    return f"{lot_key(ps, lot_date_iso, lot_no)}{_REQUEST}{behind}"


def normal_ps(ps: str) -> str:
    """Return a professional's number without blanks and leading zeros."""
    return ps.strip().upper().lstrip("0")


def normal_lot(lot_no: str) -> str:
    """Return a lot number with three digits."""
    return lot_no.strip().rjust(_LOT_DIGITS, "0")


def normal_invoice(invoice_no: str) -> str:
    """Return an invoice number: nine characters, zero-filled if it is a number."""
    if len(invoice_no) == _INVOICE_LENGTH and invoice_no.isdecimal():
        return invoice_no
    number = invoice_no.strip().upper()
    if number.isascii() and number.isdigit():
        return number.lstrip("0").rjust(_INVOICE_LENGTH, "0")
    return number


def patient_forms(number: str, born: str) -> tuple[str, ...]:
    """List what a patient may be billed under: number and key, day of birth and rank.

    The key is worked out where it is not given.  Without the day of birth only a
    patient's own number finds anything.
    """
    bare = "".join(filter(str.isalnum, number)).upper()
    own = bare + nir_key(bare) if len(bare) == _NIR else bare
    day = born.replace("-", "")[2:]
    return (own, *(f"{own}{day}{rank}" for rank in _RANKS if day))


def nir_key(nir: str) -> str:
    """Return the key of a national number; 2A counts as 19 and 2B as 18, "" if none."""
    digits = nir.replace("2A", "19").replace("2B", "18")
    if not (digits.isascii() and digits.isdigit()):
        return ""
    return f"{_MODULUS - int(digits) % _MODULUS:02}"


def iso_date(yymmdd: str) -> str:
    """Turn YYMMDD into an ISO date (00-79 is 20xx, else 19xx); "" if it is none."""
    return _iso_date(yymmdd)

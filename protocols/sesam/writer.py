"""Writes one B2 file for one payer from whole lots.

The lots' records go in untouched, only line ends are taken out or put in; the
file's start and end are made anew, with the counts of what was written.  The
file's number has six digits and begins again after 999999 (french.md 1.2).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import BinaryIO

from protocols.records import load_layouts
from protocols.sending import Addressee, Composed, Emitter, LotPart
from protocols.sesam import amc_payers
from protocols.sesam.b2_frames import Frames
from protocols.sesam.b2_records import RECORD, Bytes
from protocols.sesam.routing import RECIPIENT_TYPES

_LINE_ENDS = {"none": b"", "lf": b"\n", "crlf": b"\r\n"}
_NAME = "B2{code}{number:06}.{day}.b2"
_NUMBERS = 999_999  # then 1 again: a number zero is none
_LOTS = 1000
_NO_CENTRE = "000"
_NUMBER_WIDTH = 14
_COMPLEMENTARY = "OC"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NORM = slice(78, 80)


def compose(
    parts: Sequence[LotPart],
    *,
    addressee: Addressee,
    emitter: Emitter,
    number: int,
    day: str,
    into: BinaryIO,
) -> Composed:
    """Write the file and say what it holds; the same arguments, the same bytes.

    Raises ValueError, before anything is written, when there is no part, when
    parts have different norms or one is no lot, and when a rule of the payer
    or our own identity does not fit its field; and on the way, when a record
    of a lot is too short or too long.
    """
    line_end = _LINE_ENDS[str(addressee.rules.get("line_end", "none"))]
    ends = _ends(addressee, emitter, number)
    start = {
        **ends,
        "file_created": _yymmdd(day),
        "norm_code": _common_norm(parts),
        "message_zone": _plain(emitter.name)[:37],
    }
    layouts = load_layouts("b2")
    size = into.write(layouts["000"].write(start) + line_end)
    records = 2
    for part in parts:
        with part.open() as stream:
            for chunk in Frames(stream).chunks():
                if chunk.odd:
                    raise ValueError(
                        f"lot {part.number} of {part.sender} has a record that is not "
                        f"{RECORD} characters long; only valid lots can be sent"
                    )
                size += into.write(_with_ends(chunk.rows, line_end))
                records += len(chunk.rows)
    counts = {"nb_records": records, "nb_lots": len(parts) % _LOTS}
    size += into.write(layouts["999"].write({**ends, **counts}) + line_end)
    return Composed(
        name=_name(addressee, number, day),
        size=size,
        records=records,
        lots=len(parts),
        claims=sum(part.claims for part in parts),
    )


def recipient_number(rules: Mapping[str, object]) -> str:
    """Return `000000` + regime + computer centre + organism (french.md 1.2).

    A complementary payer has a number of its own, else that of its operator.
    """
    if amc_payers.is_complementary(rules):
        number = str(rules.get("recipient_number") or rules.get("operator", ""))
        return (number if number.isdecimal() else "").zfill(_NUMBER_WIDTH)
    centre = rules.get("centre", _NO_CENTRE)
    return f"000000{rules['regime']}{centre}{rules['organism']}"


def _ends(addressee: Addressee, emitter: Emitter, number: int) -> dict[str, str]:
    """Return what the file's start and end have in common."""
    rules = addressee.rules
    regime = str(rules.get("regime", ""))
    usual = RECIPIENT_TYPES.get(regime)
    if amc_payers.is_complementary(rules):
        usual = _COMPLEMENTARY
    kind = rules.get("recipient_type") or usual
    if kind is None:
        raise ValueError(
            f"payer {addressee.payer}: the regime {regime} has no known kind of "
            "recipient; set recipient_type in its rules"
        )
    return {
        "sender_type": emitter.kind,
        "sender_no": emitter.number,
        "recipient_type": str(kind),
        "recipient_no": recipient_number(rules),
        "application": "TR",
        "file_id": f"{(number - 1) % _NUMBERS + 1:06}",
    }


def _common_norm(parts: Sequence[LotPart]) -> str:
    """Return the norm that all parts share, read from the first record of each."""
    norms: dict[str, LotPart] = {}
    for part in parts:
        with part.open() as stream:
            first = Frames(stream, block=RECORD).head(RECORD)
        if not first.startswith(b"1") or len(first) < RECORD:
            raise ValueError(
                f"lot {part.number} of {part.sender} does not begin with a record 1"
            )
        norms.setdefault(first[_NORM].decode("latin-1").strip(), part)
    if len(norms) != 1:
        found = ", ".join(
            f"{norm or 'none'} (lot {part.number})" for norm, part in norms.items()
        )
        raise ValueError(
            "a file has one norm for all its lots; found "
            + (found or "no lot")
            + "; gather lots by norm"
        )
    return next(iter(norms))


def _with_ends(rows: Bytes, line_end: bytes) -> bytes:
    if not line_end:
        return rows.tobytes()
    return b"".join(row.tobytes() + line_end for row in rows)


def _name(addressee: Addressee, number: int, day: str) -> str:
    code = _UNSAFE.sub("-", addressee.code)
    return _NAME.format(code=code, number=number, day=day)


def _plain(text: str) -> str:
    """Return upper case without accents, as the norm wants it (french.md 1.4)."""
    bare = unicodedata.normalize("NFKD", text.upper())
    return bare.encode("ascii", "ignore").decode("ascii")


def _yymmdd(day: str) -> str:
    return date.fromisoformat(day).strftime("%y%m%d")

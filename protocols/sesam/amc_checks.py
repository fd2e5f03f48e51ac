"""What is wrong in a complementary table: faults that refuse it, and warnings.

The same checks judge a national table that is taken over and the directory's own file,
which a person may have changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from protocols.sesam.amc_comparison import Fault, compare, warning
from protocols.sesam.amc_decision import Mode, normal_number
from protocols.sesam.amc_masks import swallows_all
from protocols.sesam.amc_tables import (
    COLUMNS,
    CONVENTIONS,
    CORRESPONDENCES,
    GROUPINGS,
    Row,
    address,
)
from protocols.sesam.row_days import wrong_days
from routing.envelope import Severity

_NUMBER: Final = (r"[0-9A-Za-z]{1,14}", "a number without `?`")
_SIGNATORY: Final = (
    r"[0-9A-Za-z][0-9A-Za-z ._-]{0,19}",
    "a number or name of at most 20 characters without `?`",
)
_SOME_NUMBER: Final = (r"[0-9A-Za-z]{0,14}", "a number without `?`, or nothing")
_MODE: Final = (f"[{''.join(Mode)}]", f"one of {', '.join(Mode)}")
_MASK: Final = (
    r"[0-9A-Za-z? ._/-]{0,20}",
    "digits and letters, `?` for any one of them, at most 20",
)
_NATURES: Final = (
    r"[0-9A-Za-z]{0,3}(?:[\s,/|-]+[0-9A-Za-z]{1,3})*",
    "a list such as 0,1,2, or nothing",
)

_CELLS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = MappingProxyType(
    {
        CORRESPONDENCES: {
            "mutual_number": (
                r"[0-9A-Za-z?]{1,8}|0{1,2}[0-9A-Za-z?]{8}",
                "at most 8 digits or letters, `?` for any one of them",
            ),
            "criterion": _MASK,
            "amc_number": _NUMBER,
        },
        GROUPINGS: {
            "mode": (f"[{''.join(Mode)}]?", f"one of {', '.join(Mode)}, or nothing"),
            "nature": _NATURES,
            "amc_number": _NUMBER,
            "convention_type": (r"[0-9A-Za-z]{0,10}", "a type such as RO, or nothing"),
            "criterion": _MASK,
            "signatory": _SIGNATORY,
        },
        CONVENTIONS: {
            "mode": _MODE,
            "nature": _NATURES,
            "signatory": (rf"(?:{_SIGNATORY[0]})?", f"{_SIGNATORY[1]}, or nothing"),
            "grouped": ("[01]?", "0, 1 or nothing"),
            "convention_type": (r"[0-9A-Za-z]{0,10}", "a type such as RO, or nothing"),
            "criterion": _MASK,
            "agreement": ("[TtHh]{0,2}", "T, H or nothing"),
            "amc_number": _SOME_NUMBER,
            "operator": (r"[0-9A-Za-z]{0,10}", "at most 10 digits and letters"),
            "routing_code": (r"[0-9A-Za-z]{0,2}", "at most 2 digits and letters"),
            "host_id": (r"[0-9A-Za-z]{0,3}", "at most 3 digits and letters"),
            "domain": (r"[0-9A-Za-z.-]{0,20}", "at most 20 characters of a domain"),
        },
    }
)

_NEEDED: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        CORRESPONDENCES: ("mutual_number", "criterion", "amc_number"),
        GROUPINGS: ("amc_number", "convention_type", "criterion", "signatory"),
        CONVENTIONS: (
            *("mode", "signatory", "convention_type", "criterion", "agreement"),
            *("amc_number", "operator", "routing_code", "host_id", "domain"),
        ),
    }
)
_FUND: Final = 9
_MUTUAL: Final = 8


def faults(name: str, rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield what is wrong in a table; nothing for a table that is not of these."""
    if name not in _CELLS or not rows:
        return
    missing = [each for each in _NEEDED[name] if each not in rows[0]]
    if missing:
        yield Fault(
            0,
            missing[0],
            "missing-column",
            f"the table has no column {', '.join(missing)}; wanted "
            f"{', '.join(COLUMNS[name])}",
        )
        return
    bad = False
    for place, row in enumerate(rows):
        for fault in _of_row(name, place, row):
            bad = bad or fault.severity is Severity.ERROR
            yield fault
    if not bad:  # what has wrong cells cannot be compared
        yield from compare(name, rows)


def _of_row(name: str, place: int, row: Row) -> Iterator[Fault]:
    for column, (pattern, wanted) in _CELLS[name].items():
        value = row.get(column, "")
        if not re.fullmatch(pattern, value.upper() if column == "mode" else value):
            yield Fault(place, column, "wrong-value", f"is {value!r}; wanted {wanted}")
    yield from wrong_days(place, row)
    if not re.fullmatch(r"[0-9]{1,9}", row.get("row", "0")):
        yield Fault(
            place, "row", "wrong-value", f"is {row['row'][:20]!r}; wanted a number"
        )
    if name == CORRESPONDENCES:
        yield from _nobody(place, row, ("amc_number",))
        yield from _correspondence(place, row)
    elif name == GROUPINGS:
        yield from _nobody(place, row, ("amc_number", "signatory"))
    elif name == CONVENTIONS:
        yield from _convention(place, row)
    criterion = row["criterion"]
    if name != CORRESPONDENCES and not row["convention_type"]:
        yield warning(place, "convention_type", "no-type", "is empty: holds for all")
    if criterion and len(criterion) != _FUND and not criterion.strip("0123456789?"):
        yield warning(
            place,
            "criterion",
            "short-criterion",
            f"{criterion!r} has {len(criterion)} characters; wanted {_FUND}: regime, "
            "fund and centre; it is compared as a beginning, as it stands",
        )


def _correspondence(place: int, row: Row) -> Iterator[Fault]:
    mutual = row["mutual_number"]
    if swallows_all(mutual) and swallows_all(row["criterion"]):
        yield Fault(
            place,
            "mutual_number",
            "swallows-all",
            f"{mutual!r} with {row['criterion']!r} holds for every mutual of every "
            "fund; wanted a digit in one of them",
        )
    elif len(mutual) < _MUTUAL:
        yield warning(
            place,
            "mutual_number",
            "short-number",
            f"{mutual!r} has {len(mutual)} characters; wanted {_MUTUAL}; it is compared "
            "as a beginning, as it stands",
        )


def _nobody(place: int, row: Row, columns: Sequence[str]) -> Iterator[Fault]:
    """Say which numbers that a row must have are zeros: nobody has such a number."""
    for column in columns:
        if row[column] and not normal_number(row[column]):
            yield Fault(
                place,
                column,
                "names-nobody",
                f"is {row[column]!r}, which is nobody's number",
            )


def _convention(place: int, row: Row) -> Iterator[Fault]:
    criterion, flag = row["criterion"], row.get("grouped", "")
    amc_number = normal_number(row["amc_number"])
    if not normal_number(row["signatory"]) and not amc_number:
        yield Fault(
            place,
            "signatory",
            "names-nobody",
            "is empty or zeros, and so is amc_number",
        )
    if criterion and swallows_all(criterion) and not amc_number and flag != "1":
        yield Fault(
            place,
            "criterion",
            "swallows-all",
            f"{criterion!r} holds for every fund, and the row names no AMC: it would "
            "take all; wanted a digit, or nothing for a signatory of its own",
        )
    parts = [name for name in ("routing_code", "host_id", "domain") if row.get(name)]
    if address(row) is None and parts:
        yield warning(
            place,
            parts[0],
            "cut-address",
            f"only {', '.join(parts)} of an address; wanted routing_code, host_id and "
            "domain; it is taken as none",
        )
    elif address(row) is None and row["mode"].upper() in (
        Mode.SEPARATE,
        Mode.CONVENTIONED,
    ):
        yield warning(
            place,
            "domain",
            "no-address",
            f"mode {row['mode']} without an address: its requests can go nowhere",
        )

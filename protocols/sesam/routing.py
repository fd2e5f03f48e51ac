"""Which fund a B2 lot is meant for, and what a fund's directory rules must be.

A fund's code in the directory is its regime and destination organism in five
digits, "01751"; a complementary payer's is its address (`amc_payers`).  A lot says where it goes in up to three ways, and the codes
come best first: the address it bears itself, the national table (data, dated,
replaceable), then the fixed rules of the regimes (french.md 4.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from protocols.sending import Destined, Emitter
from protocols.sesam import amc_destination, amc_payers
from protocols.sesam.amc_destination import IDENTITIES

Tables = Mapping[str, Sequence[Mapping[str, str]]]

TABLE: Final = "destinations"
"""The table of the directory, by `COLUMNS`, that knows funds by regime."""

COLUMNS: Final = (
    "regime",
    "fund",
    "centre",
    "label",
    "organism",
    "computer_centre",
    "valid_from",
    "valid_until",
    "successor",
)

RECIPIENT_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "01": "CT",
        "02": "MA",
        "03": "SR",
        "04": "CF",
        "05": "RP",
        "06": "EN",
        "07": "RM",
        "08": "CM",
        "10": "CE",
        "12": "CI",
        "14": "AN",
        "15": "SE",
        "16": "PB",
        "90": "CC",
        **dict.fromkeys(("91", "92", "93", "94", "95", "96", "99"), "SM"),
    }
)
"""What the addressee of a file is called in its first record, by regime."""

LINE_ENDS: Final = ("none", "lf", "crlf")

_PLAIN = frozenset(
    ("01", "05", "06", "07", "08", "09", "10", "14", "15", "16", "90", "92")
)
_PARIS = frozenset(("751", "781", "911", "921", "931", "941", "951"))
_NOBODY = "00"
_CONCENTRATORS = frozenset(("OT",))  # a number of theirs holds no regime
_RULES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "regime": (r"\d\d", "two digits such as 01"),
        "organism": (r"\d{3}", "three digits such as 751"),
        "centre": (r"\d{3}", "three digits such as 000"),
        "recipient_type": (r"[A-Z]{2}", "two capital letters such as CT"),
        "line_end": ("|".join(LINE_ENDS), f"one of {', '.join(LINE_ENDS)}"),
        "name": (r"[ -~]{1,37}", "at most 37 plain characters"),
    }
)
_REQUIRED = ("regime", "organism")


def destine(destination: Mapping[str, str], tables: Tables) -> Destined:
    """Say whom a lot is meant for: a fund, or as the tables say a complementary payer."""
    if IDENTITIES in destination:
        return amc_destination.destine(destination, tables)
    return Destined(codes=payer_codes(destination, tables))


def payer_codes(destination: Mapping[str, str], tables: Tables) -> Sequence[str]:
    """Return the codes of the fund that a lot is meant for, best first.

    `destination` holds what the reader found: `regime`, `organism` and `centre`
    of the address, its `recipient_type`, and `invoice_regime`, `fund` and
    `fund_centre` of the first invoice; any may be absent or blank.  No code
    means no destination.
    """
    return tuple(dict.fromkeys(_codes(destination, tables.get(TABLE, ()))))


def _codes(
    destination: Mapping[str, str], table: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    organism = _digits(destination, "organism", 3)
    to_us = destination.get("recipient_type", "") in _CONCENTRATORS
    for key in ("invoice_regime",) if to_us else ("regime", "invoice_regime"):
        regime = _digits(destination, key, 2)
        if organism and regime and regime != _NOBODY:
            yield regime + organism
    regime = _digits(destination, "invoice_regime", 2)
    fund = _digits(destination, "fund", 3)
    centre = _digits(destination, "fund_centre", 4)
    if regime and fund:
        yield from _from_table(regime, fund, centre, table)
        if found := organism_by_rule(regime, fund, centre):
            yield regime + found


def _from_table(
    regime: str, fund: str, centre: str, table: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    """Yield codes of the rows of a fund: own centre first, then newest first."""
    rows = [row for row in table if row["regime"] == regime and row["fund"] == fund]
    own = [row for row in rows if row["centre"] == centre]
    whole = [row for row in rows if row["centre"] == "0000"]
    for row in sorted(own or whole, key=_last_day, reverse=True):
        yield regime + row["organism"]
        if row.get("successor"):
            yield row["successor"]


def _last_day(row: Mapping[str, str]) -> str:
    return row.get("valid_until") or "9999-12-31"


def organism_by_rule(regime: str, fund: str, centre: str) -> str | None:
    """Return the destination organism that a regime's rule gives, or None.

    Regimes 03 and 99 have no rule: only the table knows them.
    """
    if regime in _PLAIN:
        return fund
    if regime in _BY_RULE:
        return _BY_RULE[regime](fund, centre)
    return None


def _farming(fund: str, centre: str) -> str:
    return fund[:2] + "1" if fund.endswith("5") else fund


def _teachers(fund: str, centre: str) -> str:
    return "999" if (fund, centre) == ("751", "0501") else fund


def _by_centre(fund: str, centre: str) -> str:
    """Around Paris the section decides, and its centre ends in its organism."""
    return centre[1:] if fund in _PARIS and centre.strip("0") else fund


def _by_paris(fund: str, centre: str) -> str:
    return "751" if fund in _PARIS else fund


_BY_RULE = MappingProxyType(
    {
        "02": _farming,
        "04": lambda fund, centre: "110",  # the railways have one fund
        "12": lambda fund, centre: "001",  # so has the chamber of commerce
        "91": _teachers,
        "93": _by_centre,
        "94": _by_centre,
        "95": _by_paris,
        "96": _by_paris,
    }
)


def check_rules(rules: Mapping[str, object]) -> Iterator[str]:
    """Say what is wrong in a payer's rules, as `key: words` for the loader."""
    if amc_payers.is_complementary(rules):
        yield from amc_payers.check_rules(rules)
        return
    for key in _REQUIRED:
        if key not in rules:
            yield f"{key}: is missing; wanted {_RULES[key][1]}"
    for key, value in rules.items():
        if key not in _RULES:
            known = ", ".join(_RULES)
            yield f"{key}: is unknown in sesam; wanted some of {known}"
            continue
        pattern, wanted = _RULES[key]
        if type(value) is not str or not re.fullmatch(pattern, value):
            yield f"{key}: is {value!r}; wanted {wanted}"


def check_code(code: str) -> str:
    """Say what is wrong in a payer's code; empty: nothing."""
    if re.fullmatch(r"[0-9]{5}", code) or amc_payers.is_code(code):
        return ""
    return (
        f"is {code!r}; wanted five digits, regime and organism, such as 01751, or of a "
        f"complementary payer {amc_payers.WANTED}"
    )


def check_emitter(emitter: Emitter) -> Iterator[tuple[str, str]]:
    """Say what is wrong in who we are in a file's first record."""
    if not re.fullmatch(r"[0-9]{1,14}", emitter.number):
        yield "number", f"is {emitter.number!r}; wanted at most 14 digits"
    if not re.fullmatch(r"[A-Z]{2}", emitter.kind):
        yield "kind", f"is {emitter.kind!r}; wanted two capital letters such as OT"
    if not re.fullmatch(r"[ -~]{0,37}", emitter.name):
        yield "name", "holds what no file can; wanted at most 37 plain characters"


def _digits(destination: Mapping[str, str], key: str, width: int) -> str:
    """Return a field of so many digits, or nothing when it holds no number."""
    found = destination.get(key, "").strip()
    return found.zfill(width) if found.isdecimal() and len(found) <= width else ""

"""Complementary tables in the national shape, every row of them invented."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from random import Random

from protocols.sesam.amc_importer import IMPORTERS
from protocols.sesam.amc_tables import CONVENTIONS, CORRESPONDENCES, GROUPINGS

REGIMES = ("01", "02", "03", "91", "94")
TYPES = ("RO", "OC", "SP")
ADDRESSES = (
    ("OC", "901", "amc.example"),
    ("SP", "7", "Pay.Example"),
    ("XA", "00B", "c.example"),
)


def convention(
    mode: str = "C",
    *,
    signatory: str = "",
    grouped: str = "",
    kind: str = "OC",
    criterion: str = "",
    agreement: str = "T",
    amc: str = "",
    nature: str = "",
    operator: str = "",
    address: Sequence[str] = ("", "", ""),
    name: str = "",
) -> list[str]:
    """Make a row of the 22 columns."""
    start = [mode, nature, "", "", "", signatory, name or f"Signataire {signatory}"]
    middle = [grouped, kind, criterion, agreement, amc, name, "0", "M", "1", "0", "0"]
    return [*start, *middle, operator, *address]


def grouping(
    amc: str, signatory: str, *, kind: str = "OC", criterion: str = "", nature: str = ""
) -> list[str]:
    """Make a row of the 10 columns."""
    end = [kind, "", criterion, signatory, f"Signataire {signatory}"]
    return ["C", nature, "", amc, f"Mutuelle {amc}", *end]


def as_bytes(
    rows: Sequence[Sequence[str]], encoding: str = "cp1252", *, quoted: bool = False
) -> bytes:
    """Write rows as a national table."""
    into = io.StringIO()
    dialect = "unix" if quoted else "excel"  # quotes around all, or where they must be
    csv.writer(into, dialect, delimiter=";", lineterminator="\r\n").writerows(rows)
    return into.getvalue().encode(encoding)


def taken_over(
    tables: Mapping[str, Sequence[Sequence[str]]],
) -> dict[str, list[dict[str, str]]]:
    """Import national tables, and read them as the directory would."""
    found = {}
    for name, rows in tables.items():
        text = IMPORTERS[name](as_bytes(rows)).text
        found[name] = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    return found


def invented(rng: Random) -> dict[str, list[list[str]]]:
    """Make three tables that touch one another in every way, often."""
    amcs = [f"{rng.randrange(10**9):0{rng.choice((9, 10))}}" for _ in range(60)]
    signatories = [f"8{number:03}" for number in range(12)]
    tables: dict[str, list[list[str]]] = {
        CORRESPONDENCES: [
            [_number_mask(rng), _mask(rng), rng.choice(amcs), "Mutuelle inventée"]
            for _ in range(120)
        ],
        GROUPINGS: [
            grouping(
                rng.choice(amcs),
                rng.choice(signatories),
                kind=rng.choice(TYPES),
                criterion=rng.choice(("", _mask(rng))),
                nature=rng.choice(("", "", "2", "5")),
            )
            for _ in range(80)
        ],
        CONVENTIONS: [_any_convention(rng, amcs, signatories) for _ in range(150)],
    }
    # signatories of signatories, never in a circle: always to a later one
    tables[GROUPINGS] += [
        grouping(one, other, kind=rng.choice(TYPES))
        for one, other in zip(signatories[::3], signatories[1::3], strict=True)
    ]
    return tables


def _any_convention(
    rng: Random, amcs: Sequence[str], signatories: Sequence[str]
) -> list[str]:
    kind = rng.choice(("amc", "amc", "group", "group", "open", "own"))
    return convention(
        rng.choice("ISCM"),
        signatory=rng.choice(amcs) if kind == "own" else rng.choice(signatories),
        grouped={"group": "1", "own": ""}.get(kind, "0"),
        kind=rng.choice(TYPES),
        criterion=_mask(rng) if kind == "open" else rng.choice(("", _mask(rng))),
        agreement=rng.choice("TTH"),
        amc=rng.choice(amcs) if kind == "amc" else "",
        nature=rng.choice(("", "", "1,2", "0,1,2,3")),
        operator=rng.choice(("", "OPER1", "OPER2")),
        address=rng.choice((*ADDRESSES, ("", "", ""))),
    )


def _mask(rng: Random) -> str:
    """Make a criterion with a regime and, perhaps, a fund and a centre."""
    fund = rng.choice(("???", f"{rng.randrange(3):03}", f"?{rng.randrange(3):02}"))
    return rng.choice(REGIMES) + fund + rng.choice(("????", "????", "0000", "?0?1"))


def _number_mask(rng: Random) -> str:
    number = f"{rng.randrange(40):08}"
    return rng.choice((number, number, "??????" + number[-2:], number[:6] + "??"))

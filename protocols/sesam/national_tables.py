"""The national tables of this network: which one a file is, and what is wrong in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from protocols.sesam import amc_checks, amc_tables, fund_checks, importer, national_csv
from protocols.sesam.routing import TABLE
from routing.envelope import Severity

_WIDTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        TABLE: importer.COLUMNS_OF_FUNDS,
        **{name: len(columns) for name, columns in amc_tables.NATIONAL.items()},
    }
)
"""How many columns each has, by its name in the directory."""


def table_of(content: bytes) -> str:
    """Name a table by the number of its columns, or nearly that many; empty: none."""
    counts = national_csv.columns_of(content)
    for spare in (0, 1):
        for count in counts:
            for name, columns in _WIDTHS.items():
                if abs(columns - count) <= spare:
                    return name
    return ""


def errors(
    name: str, rows: Sequence[Mapping[str, str]]
) -> Iterator[tuple[int, str, str]]:
    """Yield what refuses a table of the directory: row, column and words."""
    faults = (
        fund_checks.faults(rows) if name == TABLE else amc_checks.faults(name, rows)
    )
    for each in faults:
        if each.severity is Severity.ERROR:
            yield each.place, each.column, each.words

"""Numbers used before Octway, as a CSV file: `sender;payer;year;first;last;note`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from config.directory_records import PayerEntry
from config.errors import ConfigErrors, Mistake
from gateway.cli.csv_files import rows_of
from gateway.cli.payer_names import find
from gateway.cli.refusal import Refusal
from gateway.enrolling import sender_problem
from gateway.journal.lot_numbers import Noted
from protocols.interface import Network
from routing.directory import Directory

COLUMNS: Final = ("sender", "payer", "year", "first", "last", "note")
_DIGITS: Final = 3
_YEARS: Final = range(2000, 2100)


def series_of(network: Network, payer: PayerEntry, sender: str, year: str) -> str:
    """Name the register of a sender with a payer in a year; "" if there is none."""
    code = payer.codes[0].code
    return network.number_series(network.normal_sender(sender), code, year)


def year_problem(year: str, today: date) -> str:
    """Say what is wrong with a year; empty where it is right."""
    if year.isdecimal() and int(year) in _YEARS:
        return ""
    return f"is {year!r}; wanted four digits, {today.year} for one"


def read(
    file: Path, directory: Directory, networks: Mapping[str, Network], today: date
) -> dict[str, list[Noted]]:
    """Read every line, by network, or raise `ConfigErrors` with all mistakes.

    `last` may be empty: then it is `first`.
    """
    mistakes: list[Mistake] = []
    found: dict[str, list[Noted]] = {}
    for at, (line, row) in enumerate(rows_of(file)):
        if at == 0 and [cell.lower() for cell in row[:3]] == list(COLUMNS[:3]):
            continue
        wrong, noted = _read_line(row, directory, networks, today)
        mistakes += [Mistake(str(file), line, key, words) for key, words in wrong]
        for network, each in noted:
            found.setdefault(network, []).append(each)
    if not found and not mistakes:
        wanted = ";".join(COLUMNS)
        mistakes.append(Mistake(str(file), 0, "", f"holds no number; wanted {wanted}"))
    if mistakes:
        raise ConfigErrors(mistakes)
    return found


def _read_line(
    cells: Sequence[str],
    directory: Directory,
    networks: Mapping[str, Network],
    today: date,
) -> tuple[list[tuple[str, str]], list[tuple[str, Noted]]]:
    """Return what is wrong with a line, or the numbers that it notes."""
    if not len(COLUMNS) - 2 <= len(cells) <= len(COLUMNS):
        wanted = ";".join(COLUMNS)
        return [("", f"has {len(cells)} columns; wanted {wanted}")], []
    sender, name, year, first, last, note = [*cells, "", ""][: len(COLUMNS)]
    last = last or first
    wrong = []
    if problem := year_problem(year, today):
        wrong.append(("year", problem))
    for key, value in (("first", first), ("last", last)):
        if not value.isdecimal() or not 1 <= int(value) < 10**_DIGITS:
            wrong.append((key, f"is {value!r}; wanted a number from 1 to 999"))
    if not wrong and int(last) < int(first):
        wrong.append(("last", f"is {last}, before the first, {first}"))
    try:
        payer = find(directory, name, today)
    except Refusal as error:
        return [*wrong, ("payer", str(error))], []
    network = networks[payer.network]
    if problem := sender_problem(network, sender, payer):
        wrong.append(("sender", problem))
    series = series_of(network, payer, sender, year)
    if not series:
        words = (
            f"is {name!r}; payers of {payer.network} hold no register of lot numbers"
        )
        wrong.append(("payer", words))
    if wrong:
        return wrong, []
    return [], [
        (payer.network, Noted(series, f"{number:0{_DIGITS}}", note))
        for number in range(int(first), int(last) + 1)
    ]

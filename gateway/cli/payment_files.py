"""Money that came, as a file tells it: a CSV `reference;amount;day`, or a bank's statement.

All of a file is read or none of it; mistakes are told with their lines, and those of
a statement with its entry.  An amount of 0 in a CSV says that all of a payment was held
back for something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from config.errors import ConfigErrors, Mistake
from gateway.cli.csv_files import rows_of
from protocols import bank_statement
from protocols.bank_statement import BadStatement
from routing.payment import reference_key
from routing.remittance import Arrived, keys_in

COLUMNS: Final = ("reference", "amount", "day")
_AMOUNT: Final = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,2}))?")
_BOM: Final = b"\xef\xbb\xbf"
_HEAD: Final = 64


def read(file: Path, today: date) -> list[Arrived]:
    """Read a file of either form; raises `ConfigErrors` with all mistakes."""
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    xml = head.removeprefix(_BOM).lstrip().startswith(b"<")
    arrived, mistakes = (_statement if xml else _table)(file, today)
    if not arrived and not mistakes:
        wanted = "entries by which money came" if xml else ";".join(COLUMNS)
        mistakes = [Mistake(str(file), 0, "", f"holds no payment; wanted {wanted}")]
    if mistakes:
        raise ConfigErrors(mistakes)
    return arrived


def _table(file: Path, today: date) -> tuple[list[Arrived], list[Mistake]]:
    arrived, mistakes = [], []
    for at, (line, row) in enumerate(rows_of(file)):
        if at == 0 and [cell.lower() for cell in row] == list(COLUMNS):
            continue
        wrong = _wrong(row, today)
        mistakes += [Mistake(str(file), line, key, words) for key, words in wrong]
        if not wrong:
            reference, amount, day = row
            keys = frozenset({reference_key(reference)})
            arrived.append(
                Arrived(f"line {line}", keys, _cents(amount), day, reference)
            )
    return arrived, mistakes


def _wrong(row: Sequence[str], today: date) -> list[tuple[str, str]]:
    """Say what is wrong in a line, by column."""
    if len(row) != len(COLUMNS):
        wanted = ";".join(COLUMNS)
        return [("", f"has {len(row)} columns; wanted {wanted}")]
    reference, amount, day = row
    found = []
    if not reference_key(reference):
        found.append(("reference", f"is {reference!r}; wanted the payer's reference"))
    if _AMOUNT.fullmatch(amount) is None:
        words = f"is {amount!r}; wanted euros as 1234.50 or 1234,50"
        found.append(("amount", words))
    if problem := _day_problem(day, today):
        found.append(("day", problem))
    return found


def _statement(file: Path, today: date) -> tuple[list[Arrived], list[Mistake]]:
    arrived, mistakes = [], []
    try:
        for entry in bank_statement.read(file.read_bytes()):
            place = f"entry {entry.number}"
            problem = entry.problem
            for credit in entry.credits:
                wrong = _day_problem(credit.day, today)
                problem = problem or (f"the day {wrong}" if wrong else "")
                found = Arrived(place, keys_in(credit.text), credit.cents, credit.day)
                arrived.append(found)
            if problem:
                mistakes.append(Mistake(str(file), entry.line, place, problem))
    except BadStatement as error:
        mistakes.append(Mistake(str(file), 0, "", str(error)))
    return arrived, mistakes


def _day_problem(day: str, today: date) -> str:
    try:
        told = date.fromisoformat(day)
    except ValueError:
        return f"is {day!r}; wanted a day as 2026-12-10"
    if told.isoformat() != day:
        return f"is {day!r}; wanted a day as 2026-12-10"
    return f"is {day}, which is still to come" if told > today else ""


def _cents(amount: str) -> int:
    found = _AMOUNT.fullmatch(amount)
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0

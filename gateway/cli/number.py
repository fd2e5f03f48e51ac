"""octway number: the registers in which payers hold the numbers of lots.

A payer takes each number of a sender once only in a year, from whatever program it
comes.  What went through Octway is known; what did not is noted with `import`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from gateway.cli import number_files, opening
from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.number_files import COLUMNS, series_of, year_problem
from gateway.cli.payer_names import find
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.enrolling import sender_problem
from gateway.journal import lot_numbers
from gateway.wording import counted
from protocols.catalog import Catalog
from protocols.interface import Network
from routing.directory import Directory
from routing.number_use import NumberRuling
from routing.sequence import ranges

EXAMPLE: Final = (
    "octway number list 47041040401 union-300 2026\n"
    "octway number import used.csv   # " + ";".join(COLUMNS)
)
_LAST: Final = 999


def define(parser: Parser) -> None:
    """Say which actions there are."""
    actions = Actions(parser)
    listed = actions.add(
        "list",
        "list the numbers that a sender used with a payer in a year, and the next free one",
        "octway number list 47041040401 union-300 2026",
        _list,
    )
    listed.add_argument("sender", metavar="SENDER", help="the third-party payer")
    listed.add_argument("payer", metavar="PAYER", help="its id, or one of its codes")
    listed.add_argument("year", metavar="YEAR")
    imported = actions.add(
        "import",
        "note numbers used before Octway or past it, all of a CSV or none",
        f"octway number import used.csv   # {';'.join(COLUMNS)}",
        _import,
    )
    imported.add_argument("file", metavar="FILE", type=Path)
    imported.add_argument(
        "--dry-run", action="store_true", help="read and check, note nothing"
    )


def _list(options: Options, terminal: Terminal) -> int:
    directory, networks = _directory(options, terminal)
    today = _today(terminal)
    payer = find(directory, options.payer, today)
    network = networks[payer.network]
    series = series_of(network, payer, options.sender, options.year)
    if not series:
        raise Refusal(
            f"payers of {network.name} hold no register of lot numbers; nothing to list"
        )
    if wrong := sender_problem(network, options.sender, payer):
        raise Refusal(f"SENDER {wrong}", WRONG_USAGE)
    if wrong := year_problem(options.year, today):
        raise Refusal(f"YEAR {wrong}", WRONG_USAGE)
    with opening.journal(options, terminal) as opened:
        rows = opened.database.read(lot_numbers.in_series, network.name, series)
        uses = opened.database.read(lot_numbers.uses_of_each, network.name, series)
    rulings = {
        row.number: network.rule_number(uses.get(row.number, ())) for row in rows
    }
    used = sorted(
        int(number)
        for number, ruling in rulings.items()
        if number.isdecimal() and not ruling.may_go
    )
    free = next(
        (each for each in range(1, _LAST + 1) if each > max(used, default=0)), None
    )
    if options.json:
        terminal.give(
            {
                "series": series,
                "next": free,
                "numbers": [_as_json(row, rulings[row.number]) for row in rows],
            }
        )
        return 0
    if not rows:
        terminal.say(f"no number of {series} was used here; 1 is free")
        return 0
    table(
        terminal,
        ("number", "is", "borne by", "which is", "note"),
        [
            (numbers, rulings[row.number].state, *_bearer(row), row.note)
            for numbers, row in _together(rows)
        ],
    )
    for state, advice in sorted(
        {(each.state, each.advice) for each in rulings.values()}
    ):
        terminal.say(f"{state}: {advice}")
    after = "none is left" if free is None else f"the next one is {free}"
    terminal.say(f"used in {series}: {ranges(used) or 'none'}; {after}")
    return 0


def _bearer(row: Any) -> tuple[str, str]:
    return (row.id, row.state) if row.id else ("before Octway", "")


def _together(rows: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return rows with their numbers; those noted alike, one after another, as one."""
    found: list[tuple[str, str, Any]] = []
    for row in rows:
        if found and not row.id and row.number.isdecimal():
            first, last, before = found[-1]
            alike = not before.id and before.note == row.note
            if alike and int(row.number) == int(last) + 1:
                found[-1] = (first, row.number, before)
                continue
        found.append((row.number, row.number, row))
    return [
        (first if first == last else f"{first}-{last}", row)
        for first, last, row in found
    ]


def _as_json(row: Any, ruling: NumberRuling) -> dict[str, Any]:
    return {
        "number": row.number,
        "is": ruling.state,
        "lot": row.id or None,
        "state": row.state or None,
        "note": row.note,
    }


def _import(options: Options, terminal: Terminal) -> int:
    directory, networks = _directory(options, terminal)
    found = number_files.read(options.file, directory, networks, _today(terminal))
    read = sum(map(len, found.values()))
    if options.dry_run:
        new = None
    else:
        with opening.journal(options, terminal) as opened:
            new = opened.database.write(
                "number.import",
                lambda tx: sum(
                    lot_numbers.note(tx, network, numbers)
                    for network, numbers in found.items()
                ),
            )
    if options.json:
        terminal.give({"read": read, "noted": new})
    elif new is None:
        terminal.say(f"{counted(read, 'number')} read and right; nothing was noted")
    else:
        terminal.say(f"{counted(read, 'number')} read, {new:,} noted anew")
    return 0


def _today(terminal: Terminal) -> date:
    return datetime.fromtimestamp(terminal.now(), UTC).date()


def _directory(
    options: Options, terminal: Terminal
) -> tuple[Directory, dict[str, Network]]:
    settings = opening.settings_of(options, terminal)
    catalog = Catalog.installed()
    networks = {network.name: network for network in catalog.networks()}
    return opening.directory_of(settings, catalog), networks

"""`octway client sender`: the professionals in whose name a client bills."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from config.errors import ConfigErrors, Mistake
from gateway.cli import opening
from gateway.cli.arguments import Actions, Options
from gateway.cli.client_access import must_exist
from gateway.cli.csv_files import rows_of
from gateway.cli.network_names import of_directory
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.journal import clients
from gateway.wording import counted
from protocols.catalog import Catalog

_EXAMPLE = "octway client sender add cabinet-1 275968535 'Cabinet des Tilleuls'"
_IMPORT = "octway client sender import cabinet-1 senders.csv   # number;name"


def define(actions: Actions) -> None:
    """Define the actions."""
    sender = Actions(
        actions.add("sender", "professionals who bill through it", _EXAMPLE, None)
    )
    add = sender.add("add", "note one sender", _EXAMPLE, _add)
    add.add_argument("client", metavar="ID")
    add.add_argument("number", metavar="NUMBER")
    add.add_argument("name", metavar="NAME", nargs="?", default="")
    imported = sender.add("import", "note every sender of a CSV", _IMPORT, _import)
    imported.add_argument("client", metavar="ID")
    imported.add_argument("file", metavar="FILE", type=Path)
    for each in (add, imported):
        each.add_argument(
            "--network",
            metavar="NAME",
            help="default: the only one in the payer directory",
        )


def list_senders(senders: Sequence[Row[*tuple[Any, ...]]], terminal: Terminal) -> None:
    """Print senders as a table."""
    if not senders:
        terminal.say("no sender noted yet")
    rows = [(each.network, each.number, each.name) for each in senders]
    table(terminal, ("network", "sender", "name"), rows)


def _add(options: Options, terminal: Terminal) -> int:
    return _note(options, terminal, [(options.number, options.name)])


def _import(options: Options, terminal: Terminal) -> int:
    return _note(options, terminal, _read(options.file))


def _note(
    options: Options, terminal: Terminal, senders: Sequence[tuple[str, str]]
) -> int:
    with opening.journal(options, terminal) as opened:
        must_exist(opened.database, options.client)
        catalog = Catalog.installed()
        directory = opening.directory_in_force(opened, catalog)
        network = of_directory(options.network, catalog, directory)
        known = {
            (row.network, row.number)
            for row in opened.database.read(clients.senders, options.client)
        }
        fresh = [each for each in senders if (network, each[0]) not in known]
        opened.database.write(
            "client.senders",
            lambda tx: clients.add_senders(tx, options.client, network, fresh),
        )
    there = len(senders) - len(fresh)
    if options.json:
        terminal.give({"client": options.client, "added": len(fresh), "known": there})
    else:
        known_words = f", {there:,} known already" if there else ""
        terminal.say(f"{counted(len(fresh), 'sender')} noted{known_words}")
    return 0


def _read(file: Path) -> list[tuple[str, str]]:
    """Read `number;name` (or `,`), with or without a header; all mistakes at once."""
    found: dict[str, str] = {}
    mistakes = []
    for place, (line, row) in enumerate(rows_of(file)):
        number, *rest = row
        if not number:
            continue
        if place == 0 and not any(each.isdigit() for each in number):
            continue  # the header row
        if not number.isalnum():
            mistakes.append(
                Mistake(
                    str(file),
                    line,
                    "number",
                    f"is {number!r}; wanted letters and digits only",
                )
            )
            continue
        found.setdefault(number, rest[0] if rest else "")
    if not found and not mistakes:
        mistakes.append(
            Mistake(str(file), 0, "", "holds no sender; wanted number;name")
        )
    if mistakes:
        raise ConfigErrors(mistakes)
    return list(found.items())

"""`octway payer import FILE`: a national table of payers becomes the directory's.

The whole result is loaded in a copy before anything is written, so an import
either gives a directory that works or changes nothing, and one error in the table
refuses all of it; what is merely odd is a warning.  A payer file that is
there is never touched; a code that a payer has already gets no second file.
Which tables there are, and what they mean, is each network's word.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from config.directory_difference import ADDED, CHANGED, REMOVED, differences
from config.errors import Mistake
from gateway.cli import key_files, network_names, opening, table_files
from gateway.cli.arguments import Actions, Options, a_day
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.table_keys import keys_by_file
from gateway.wording import counted
from protocols.catalog import Catalog
from protocols.interface import Network
from protocols.table_generations import put_together
from protocols.tables import Imported, ImportedPayer
from routing.directory import Directory
from routing.envelope import Severity

_EXAMPLE: Final = (
    "octway payer import national.csv --dry-run\n"
    "octway payer import national.csv --network sesam\n"
    "octway payer import conventions.csv --from 2027-01-01"
)
_SHOWN: Final = 20


@frozen(kw_only=True)
class Wanted:
    """A table that is taken over: whose it is, what it holds, what of it is new."""

    network: str
    table: str
    found: Imported
    fresh: tuple[ImportedPayer, ...]

    @property
    def place(self) -> str:
        """The table's file in the directory."""
        return f"tables/{self.network}/{self.table}.csv"

    def name(self, payer: ImportedPayer) -> str:
        """Return the id of a payer that is added."""
        return _name(self.network, payer)


def define(actions: Actions) -> None:
    """Define the action."""
    action = actions.add(
        "import",
        "take a national table of payers over into the directory",
        _EXAMPLE,
        _import,
    )
    action.add_argument("file", metavar="FILE", type=Path, help="the table, CSV")
    action.add_argument(
        "--network", metavar="NAME", help="whose table it is, if it may be of several"
    )
    action.add_argument(
        "--table", metavar="NAME", help="which one, of a network that has several"
    )
    action.add_argument(
        "--from",
        dest="since",
        metavar="DAY",
        type=a_day,
        help="the day on which it takes effect; until then the one in force holds",
    )
    action.add_argument(
        "--dry-run", action="store_true", help="say what it would do; write nothing"
    )


def _import(options: Options, terminal: Terminal) -> int:
    settings = opening.settings_of(options, terminal)
    catalog = Catalog.installed()
    directory = opening.directory_of(settings, catalog)
    network = _network(options, catalog, directory)
    content = options.file.read_bytes()
    table = _table(options, network, content)
    found = network.importers[table](content)
    bad = sum(each.severity is Severity.ERROR for each in found.problems)
    _tell_problems(options.file, found, terminal)
    if bad or not found.rows:
        return _refuse(options, table, found, bad, terminal)
    if options.since is not None:
        found = _beginning(options, found, directory.table(network.name, table))
    folder = settings.directory.path
    known = _known_codes(directory, network.name)
    wanted = Wanted(
        network=network.name,
        table=table,
        found=found,
        fresh=tuple(
            payer
            for payer in found.payers
            if payer.code not in known
            and not (folder / f"{_name(network.name, payer)}.toml").exists()
        ),
    )
    replaced, changes = _take_over(folder, wanted, directory, options)
    if options.json:
        terminal.give(
            {
                "written": not options.dry_run,
                "network": network.name,
                "table": table,
                "version": found.version or None,
                "rows": found.rows,
                "payers": len(found.payers),
                "payers_added": [wanted.name(payer) for payer in wanted.fresh],
                "payers_kept": len(found.payers) - len(wanted.fresh),
                "problems": len(found.problems),
                "errors": 0,
                "warnings": len(found.problems),
                "changes": changes,
            }
        )
    else:
        _say(options, wanted, changes, replaced=replaced, terminal=terminal)
    return 0


def _beginning(
    options: Options, found: Imported, before: Sequence[Mapping[str, str]]
) -> Imported:
    """Return the table beside the one in force, with the days of each row."""
    if not found.dated:
        raise Refusal(
            "--from: the rows of this table are not asked for their days; import it on "
            "the day on which it takes effect",
            WRONG_USAGE,
        )
    reader = csv.DictReader(io.StringIO(found.text), delimiter=";")
    into = io.StringIO()
    rows = put_together(before, list(reader), options.since)
    columns = dict.fromkeys(column for row in (*rows[-1:], *rows) for column in row)
    writer = csv.DictWriter(
        into, columns, delimiter=";", lineterminator="\n", restval=""
    )
    writer.writeheader()
    writer.writerows(rows)
    return evolve(found, text=into.getvalue(), rows=len(rows))


def _network(options: Options, catalog: Catalog, directory: Directory) -> Network:
    """Return the network that is meant, of those that can import."""
    can = [each.name for each in catalog.networks() if each.importers]
    there = {payer.network for payer in directory.payers()}
    likely = [name for name in can if name in there] or can
    return catalog.network(network_names.one_of(options.network, can, likely))


def _table(options: Options, network: Network, content: bytes) -> str:
    """Return the table that is meant, by its name in the directory or its shape."""
    known = sorted(network.importers)
    if options.table in known:
        return str(options.table)
    if options.table is not None:
        raise Refusal(
            f"network {network.name} can import {', '.join(known)}, not "
            f"{options.table}",
            WRONG_USAGE,
        )
    name = known[0] if len(known) == 1 else network.table_of(content)
    if name:
        return name
    raise Refusal(
        f"{options.file}: holds no payer table of {network.name} by its columns; if it "
        f"is one, name it with --table: {', '.join(known)}",
        DOES_NOT_HOLD,
    )


def _refuse(
    options: Options, table: str, found: Imported, bad: int, terminal: Terminal
) -> int:
    """Say that nothing is taken over; what is in force stays."""
    if bad:
        terminal.complain(
            f"{options.file}: {counted(bad, 'error')}: the table of {table} is refused "
            "as a whole, and the one in force stays"
        )
    else:
        terminal.complain(f"{options.file}: holds no payer that can be used")
    if options.json:
        warnings = len(found.problems) - bad
        terminal.give(
            {"written": False, "table": table, "errors": bad, "warnings": warnings}
        )
    return DOES_NOT_HOLD


def _name(network: str, payer: ImportedPayer) -> str:
    return f"{network}-{payer.name or payer.code}"


def _take_over(
    folder: Path, wanted: Wanted, directory: Directory, options: Options
) -> tuple[bool, dict[str, int] | None]:
    """Write the table and the new payers.

    Return whether another text was replaced, and how many rows are added, removed and
    changed; None where there was no table.
    """
    found = wanted.found
    version = f", version {found.version}" if found.version else ""
    remark = f"# Made by `octway payer import` from {options.file.name}{version}.\n"
    text = remark + found.text
    files = {f"{wanted.name(payer)}.toml": payer for payer in wanted.fresh}
    texts = {name: payer.text for name, payer in files.items()}
    after = table_files.try_out(folder, {**texts, wanted.place: text})
    changes = _changes(wanted.place, directory.data.sources, after.sources)
    table = folder / wanted.place
    replaced = table.exists() and table.read_text(encoding="utf-8") != text
    if not options.dry_run:
        _write(folder, files, lambda: table_files.replace(table, text, keep=replaced))
    return replaced, changes


def _write(
    folder: Path, files: Mapping[str, ImportedPayer], finish: Callable[[], None]
) -> None:
    """Write payers' files, then what follows; nothing of them stays if that fails."""
    written = []
    try:
        for name, payer in files.items():
            if key_files.write_new(folder / name, payer.text, key_files.PUBLIC):
                written.append(folder / name)
        finish()
    except BaseException:
        for each in written:
            each.unlink()
        raise


def _changes(
    place: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, int] | None:
    """Count the rows of a table that came, went, or say something else."""
    if place not in before:
        return None
    keys = keys_by_file(Catalog.installed().networks())
    found = differences({place: before[place]}, {place: after[place]}, keys)
    counts = Counter(each.what for each in found)
    return {what: counts[what] for what in (ADDED, REMOVED, CHANGED)}


def _say(
    options: Options,
    wanted: Wanted,
    changes: Mapping[str, int] | None,
    *,
    replaced: bool,
    terminal: Terminal,
) -> None:
    found = wanted.found
    would = "would be " if options.dry_run else ""
    version = f", version {found.version}" if found.version else ""
    of = f" of {counted(len(found.payers), 'payer')}" if found.payers else ""
    terminal.say(
        f"{counted(found.rows, found.noun)}{of}{version}: "
        f"{would}written to {wanted.place}"
    )
    if changes is not None:
        told = ", ".join(f"{count:,} {what}" for what, count in changes.items())
        same = not any(changes.values())
        terminal.say(
            "it says the same as the table in the directory"
            if same
            else f"rows, compared with the table in the directory: {told}"
        )
    warnings = len(found.problems)
    if warnings:
        named = "named above" if warnings <= _SHOWN else "the first ones named above"
        terminal.say(f"{counted(warnings, 'warning')}, {named}")
    if found.payers:
        kept = len(found.payers) - len(wanted.fresh)
        terminal.say(
            f"{counted(len(wanted.fresh), 'payer')} {would}added, {kept:,} there "
            "already and left as they are"
        )
    if replaced:
        terminal.say(f"the table before {would}kept as {wanted.place}.before")
    if wanted.fresh:
        terminal.say(
            "new payers have no endpoint yet, so their lots are held; give each one in "
            "its file"
        )
    if not options.dry_run:
        terminal.say("a running node takes it over at SIGHUP")


def _tell_problems(file: Path, found: Imported, terminal: Terminal) -> None:
    for each in found.problems[:_SHOWN]:
        key = each.field or ""
        if each.position is not None:
            key = f"{key} (column {each.position})".strip()
        place = Mistake(str(file), each.record or 0, key, each.message)
        terminal.complain(f"{place} ({each.severity})")
    more = len(found.problems) - _SHOWN
    if more > 0:
        terminal.complain(f"{file}: and {counted(more, 'problem')} more")


def _known_codes(directory: Directory, network: str) -> frozenset[str]:
    return frozenset(
        code.code
        for payer in directory.payers()
        if payer.network == network
        for code in payer.codes
    )

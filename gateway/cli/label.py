"""`octway label`: what payers' codes mean, and the official list of their labels.

A list is taken over whole or not at all: it becomes a table of its network in the
directory, and its words win over those that come with the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from config.errors import ConfigErrors, Mistake
from gateway.cli import csv_files, network_names, opening, table_files
from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.refusal import DOES_NOT_HOLD, Refusal
from gateway.cli.terminal import Terminal
from gateway.wording import counted
from protocols.catalog import Catalog
from protocols.labels import Explained, LabelFault, Labels, LabelsRead, Rows

EXAMPLE: Final = "octway label show R500118"

_SHOWN: Final = 20


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    show = actions.add("show", "say what a payer's code means", EXAMPLE, _show)
    show.add_argument("code", metavar="CODE", help="with or without its letter")
    show.add_argument(
        "--network", metavar="NAME", help="whose code it is, if it may be of several"
    )
    take = actions.add(
        "import",
        "take an official list of labels over into the directory",
        "octway label import mycarenet labels.csv --dry-run",
        _import,
    )
    take.add_argument("network", metavar="NETWORK", help="whose list it is")
    take.add_argument(
        "file", metavar="FILE", type=Path, help="the list, CSV with a row for each code"
    )
    take.add_argument(
        "--dry-run", action="store_true", help="say what it would do; write nothing"
    )


def _show(options: Options, terminal: Terminal) -> int:
    catalog = Catalog.installed()
    network, labels = _meant(options.network, catalog)
    rows = _rows(options, terminal, catalog, network, labels.table)
    found = labels.explain(options.code, rows)
    if options.json:
        terminal.give(
            {
                "code": found.code,
                "severity": found.severity,
                "label": dict(found.label),
                "advice": found.advice,
                "official": found.official,
                "known": found.known,
            }
        )
    else:
        for line in _told(found):
            terminal.say(line)
    return 0 if found.known else DOES_NOT_HOLD


def _told(found: Explained) -> Iterator[str]:
    yield f"{found.written}: {found.label['en']}"
    yield f"  {found.severity or '-'}  {found.refuses or 'severity unknown'}"
    for language, words in found.label.items():
        if language != "en":
            yield f"  {language} {words}"
    if found.advice:
        yield f"  do {found.advice}"
    if not found.known:
        yield "  no list at hand has this code: told from its parts alone"


def _meant(named: str | None, catalog: Catalog) -> tuple[str, Labels]:
    """Return the network that is meant, of those whose payers answer in codes."""
    can = {each.name: each.labels for each in catalog.networks() if each.labels}
    if not can:
        raise Refusal("no network that is installed has payers' codes")
    name = network_names.one_of(named, sorted(can), sorted(can))
    return name, can[name]


def _rows(
    options: Options, terminal: Terminal, catalog: Catalog, network: str, table: str
) -> Rows:
    """Return the directory's list; nothing where there is no installation."""
    try:
        settings = opening.settings_of(options, terminal)
    except ConfigErrors:
        if options.config:
            raise
        return ()
    return opening.directory_of(settings, catalog).table(network, table)


def _import(options: Options, terminal: Terminal) -> int:
    settings = opening.settings_of(options, terminal)
    network, labels = _meant(options.network, Catalog.installed())
    read = labels.read(csv_files.text_of(options.file))
    if read.faults:
        raise ConfigErrors(_mistakes(options.file, read))
    remark = f"# Made by `octway label import` from {options.file.name}.\n"
    text = remark + read.text
    place = f"tables/{network}/{labels.table}.csv"
    folder = settings.directory.path
    table_files.try_out(folder, {place: text})
    table = folder / place
    replaced = table.exists() and table.read_text("utf-8") != text
    if not options.dry_run:
        table_files.replace(table, text, keep=replaced)
    if options.json:
        terminal.give(
            {
                "written": not options.dry_run,
                "labels": read.labels,
                "without_own_words": read.fresh,
            }
        )
        return 0
    would = "would be " if options.dry_run else ""
    terminal.say(
        f"{counted(read.labels, 'label')} {would}written to {place}, "
        f"{read.fresh:,} of them of codes that had no words of their own"
    )
    if replaced:
        terminal.say(f"the table before {would}kept as {place}.before")
    if not options.dry_run:
        terminal.say("a running node takes it over at SIGHUP")
    return 0


def _mistakes(file: Path, read: LabelsRead) -> list[Mistake]:
    """Name the first faults with row and column; the rest are counted."""
    found = [
        Mistake(str(file), each.line, _place(each), each.message)
        for each in read.faults[:_SHOWN]
    ]
    more = len(read.faults) - _SHOWN
    if more > 0:
        words = f"and {counted(more, 'mistake')} more; nothing was taken over"
        found.append(Mistake(str(file), 0, "", words))
    return found


def _place(fault: LabelFault) -> str:
    return f"column {fault.column} ({fault.name})" if fault.column else ""

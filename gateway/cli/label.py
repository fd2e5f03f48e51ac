"""`octway label`: what payers' codes mean, and the official list of their labels.

A list is taken over whole or not at all: it becomes the table `labels` of the
network in the directory, and its words win over those that come with the program.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from config.errors import ConfigErrors, Mistake
from gateway.cli import csv_files, opening, table_files
from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.refusal import DOES_NOT_HOLD
from gateway.cli.terminal import Terminal
from gateway.cli.wording import counted
from protocols.catalog import Catalog
from protocols.mycarenet import codes
from protocols.mycarenet.label_list import Fault, Read, read_labels, write_labels

EXAMPLE: Final = "octway label show R500118"

_NETWORKS: Final = ("mycarenet",)
_PLACE: Final = f"tables/mycarenet/{codes.TABLE}.csv"
_SHOWN: Final = 20


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    show = actions.add("show", "say what a payer's code means", EXAMPLE, _show)
    show.add_argument("code", metavar="CODE", help="with or without its letter")
    take = actions.add(
        "import",
        "take an official list of labels over into the directory",
        "octway label import mycarenet labels.csv --dry-run",
        _import,
    )
    take.add_argument("network", metavar="NETWORK", choices=_NETWORKS)
    take.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help=f"the list, CSV: {';'.join(codes.TABLE_COLUMNS)}",
    )
    take.add_argument(
        "--dry-run", action="store_true", help="say what it would do; write nothing"
    )


def _show(options: Options, terminal: Terminal) -> int:
    found = _codes(options, terminal).find(options.code.upper())
    known = found.own or found.official
    refuses = codes.refuses(found.letter)
    if options.json:
        terminal.give(
            {
                "code": found.code,
                "severity": found.letter,
                "label": dict(found.label),
                "advice": found.advice,
                "official": found.official,
                "known": known,
            }
        )
    else:
        terminal.say(f"{found.written}: {found.label['en']}")
        terminal.say(f"  {found.letter or '-'}  {refuses['en'] or 'severity unknown'}")
        terminal.say(f"  fr {found.label['fr']}")
        terminal.say(f"  nl {found.label['nl']}")
        if found.advice:
            terminal.say(f"  do {found.advice}")
        if not known:
            terminal.say("  no list at hand has this code: told from its parts alone")
    return 0 if known else DOES_NOT_HOLD


def _codes(options: Options, terminal: Terminal) -> codes.Codes:
    """Return the codes with the directory's list; our own where there is none."""
    try:
        settings = opening.settings_of(options, terminal)
    except ConfigErrors:
        if options.config:
            raise
        return codes.OWN
    directory = opening.directory_of(settings, Catalog.installed())
    return codes.Codes(directory.table("mycarenet", codes.TABLE))


def _import(options: Options, terminal: Terminal) -> int:
    settings = opening.settings_of(options, terminal)
    read = read_labels(csv_files.text_of(options.file))
    if read.faults:
        raise ConfigErrors(_mistakes(options.file, read))
    text = io.StringIO()
    remark = f"Made by `octway label import` from {options.file.name}."
    write_labels(read.labels, text, remark=remark)
    folder = settings.directory.path
    table_files.try_out(folder, {_PLACE: text.getvalue()})
    table = folder / _PLACE
    replaced = table.exists() and table.read_text("utf-8") != text.getvalue()
    if not options.dry_run:
        table_files.replace(table, text.getvalue(), keep=replaced)
    fresh = sum(each.code not in codes.known() for each in read.labels)
    if options.json:
        terminal.give(
            {
                "written": not options.dry_run,
                "labels": len(read.labels),
                "without_own_words": fresh,
            }
        )
        return 0
    would = "would be " if options.dry_run else ""
    terminal.say(
        f"{counted(len(read.labels), 'label')} {would}written to {_PLACE}, "
        f"{fresh:,} of them of codes that had no words of their own"
    )
    if replaced:
        terminal.say(f"the table before {would}kept as {_PLACE}.before")
    if not options.dry_run:
        terminal.say("a running node takes it over at SIGHUP")
    return 0


def _mistakes(file: Path, read: Read) -> list[Mistake]:
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


def _place(fault: Fault) -> str:
    return f"column {fault.column} ({fault.name})" if fault.column else ""

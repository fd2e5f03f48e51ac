"""`octway backup DIR`: a backup of a running installation, proved as it is taken."""

from __future__ import annotations

from argparse import ArgumentTypeError
from importlib.metadata import version
from pathlib import Path
from typing import Final

from gateway.backup import key_copies, manifest
from gateway.backup.manifest import Manifest
from gateway.backup.site_files import SiteFiles, site_files
from gateway.backup.take import Backup
from gateway.cli import opening
from gateway.cli.arguments import Options, Parser, add_by, add_config, add_json
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.journal import backups
from gateway.wording import counted, moment, size

EXAMPLE: Final = (
    "octway backup /backup/octway --keys /safe/octway-keys\n"
    "octway backup /backup/octway --keep 14   # the last 14 moments"
)
_MOST_KEPT: Final = 10_000


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument(
        "dir", metavar="DIR", type=Path, help="folder of backups, on another disk"
    )
    parser.add_argument(
        "--keep",
        type=_moments,
        default=1,
        metavar="N",
        help="moments that are kept, this one included (default: %(default)s); they "
        "share stored files",
    )
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="KEYS",
        help="also copy keys, certificates and passwords, into a folder kept apart",
    )
    parser.add_argument(
        "--pg-dump",
        default="pg_dump",
        metavar="PROGRAM",
        help="of the server's version, for a journal on PostgreSQL (default: pg_dump)",
    )
    add_by(parser)
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Take a backup; exit 1 if something could not be copied as it should be."""
    to: Path = options.dir.absolute()
    with opening.journal(options, terminal) as opened:
        settings, site = opened.settings, site_files(opened.settings)
        _must_lie_apart(to, settings.node.data.absolute(), "the data folder")
        _must_lie_apart(to, settings.storage.folder.absolute(), "storage")
        if options.keys is not None:
            _must_lie_apart(to, options.keys.absolute(), "--keys")

        def progress(done: int, total: int) -> None:
            if terminal.colour and not options.json:
                print(f"\r{done:,} of {total:,} files", end="", file=terminal.err)

        task = Backup(
            settings=settings,
            database=opened.database,
            payloads=opening.payloads_of(settings, terminal),
            site=site,
            now=terminal.now,
            version=version("octway"),
            pg_dump=options.pg_dump,
            progress=progress,
        )
        folder, made = task.run(to, keep=options.keep)
        if options.keys is not None:
            key_copies.copy(site, options.keys)
        facts = {"payloads": made.payloads, "breaks": len(made.broken)}
        by = options.by or terminal.user
        opened.database.write(
            "backup", lambda tx: backups.note(tx, folder.name, by=by, **facts)
        )
    if options.json:
        terminal.give({"folder": str(folder), **manifest.facts(made, folder)})
    else:
        _say(folder, made, options, terminal)
        _say_keys(site, options.keys, terminal)
    for each in made.broken:
        terminal.complain(each)
    return DOES_NOT_HOLD if made.broken else 0


def _say(folder: Path, made: Manifest, options: Options, terminal: Terminal) -> None:
    whole = sum(each.size for each in made.files)
    terminal.say(
        f"{folder}: the journal ({size(made.journal.size)}) and "
        f"{counted(made.payloads, 'stored thing')} in {counted(len(made.files), 'file')} "
        f"({size(whole)}); each that is new was read back"
    )
    when = moment(made.taken_at, terminal.zone)
    terminal.say(f"everything acknowledged before {when} is in it")
    terminal.say(f"try it: octway restore {options.dir} --into NEW, then octway verify")


def _say_keys(site: SiteFiles, copied: Path | None, terminal: Terminal) -> None:
    terminal.say()
    if copied is None:
        terminal.say(
            terminal.paint("KEYS ARE NOT IN IT. ", "bold")
            + "Without storage.keys no stored file can be read again. Keep these apart "
            "from the backup (--keys KEYS copies them):"
        )
    else:
        terminal.say(
            terminal.paint("KEYS ARE NOT IN IT", "bold")
            + f", but in {copied}. Keep that elsewhere: who has both reads patients' data."
        )
    for each in site.keys:
        outside = "" if each.is_relative_to(site.folder) else "   (copy it by hand)"
        terminal.say(f"  {site.name(each)}{outside}")


def _must_lie_apart(to: Path, other: Path, name: str) -> None:
    if to.is_relative_to(other) or other.is_relative_to(to):
        raise Refusal(f"{to} and {name} ({other}) lie in one another", WRONG_USAGE)


def _moments(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_KEPT:
        raise ArgumentTypeError(f"{text!r} is no number of moments; wanted 1 or more")
    return int(text)

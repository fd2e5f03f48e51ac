"""`octway purge`: removes files whose retention is over, and says why the rest stays."""

from __future__ import annotations

from typing import Any, Final

from gateway import purge
from gateway.cli import opening
from gateway.cli.arguments import Options, Parser, add_by, add_config, add_json
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.journal.stored_things import TABLES
from gateway.purge import Purge, Tally
from gateway.wording import counted
from protocols.catalog import Catalog
from routing.retention import WORDS, Reason

EXAMPLE: Final = (
    "octway purge --dry-run\noctway purge --why 'yearly, agreed with the DPO'"
)
_CUT: Final = ("return cut for a client", "returns cut for clients")


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would go; change nothing"
    )
    parser.add_argument(
        "--why",
        default="its retention is over",
        metavar="WORDS",
        help="what the history says (default: %(default)s)",
    )
    add_by(parser)
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Purge, or look."""
    with opening.journal(options, terminal) as opened:
        directory = opening.directory_in_force(opened, Catalog.installed())
        task = Purge(
            database=opened.database,
            storage=opening.payloads_of(opened.settings, terminal).storage,
            rules=purge.rules(opened.settings, directory.data),
            now=terminal.now,
        )
        by = options.by or terminal.user
        tally = task.look() if options.dry_run else task.run(by=by, why=options.why)
    if options.json:
        terminal.give(_facts(tally, dry=options.dry_run))
    else:
        _say(tally, terminal, dry=options.dry_run)
    return 0


def _facts(tally: Tally, *, dry: bool) -> dict[str, Any]:
    return {
        "dry_run": dry,
        "purged": {
            kind: {"files": tally.files[kind], "bytes": tally.bytes[kind]}
            for kind in TABLES
        },
        "kept": {
            reason.value: {
                "files": tally.kept_files[reason],
                "bytes": tally.kept_bytes[reason],
            }
            for reason in Reason
        },
        "freed_bytes": tally.freed,
        "waiting_bytes": tally.waiting,
    }


def _counted(count: int, kind: str) -> str:
    if kind != "handback":
        return counted(count, kind)
    return f"{count:,} {_CUT[count != 1]}"


def _say(tally: Tally, terminal: Terminal, *, dry: bool) -> None:
    did = "would be purged" if dry else "purged"
    total = counted(tally.files.total(), "file")
    terminal.say(f"{total} {did}, {tally.bytes.total():,} bytes")
    for kind in TABLES:
        if tally.files[kind]:
            what = _counted(tally.files[kind], kind)
            terminal.say(f"  {what}, {tally.bytes[kind]:,} bytes")
    if not dry:
        terminal.say(f"{tally.freed:,} bytes of disk are free again")
    if tally.waiting:
        terminal.say(
            f"{tally.waiting:,} bytes cannot be read by anyone any more and share their "
            "storage file with others; they go with the last of them"
        )
    kept = [reason for reason in Reason if tally.kept_files[reason]]
    if kept:
        terminal.say("the rest stays:")
        table(
            terminal,
            ("why", "files", "bytes", "that is"),
            [
                (
                    reason.value,
                    f"{tally.kept_files[reason]:,}",
                    f"{tally.kept_bytes[reason]:,}",
                    WORDS[reason],
                )
                for reason in kept
            ],
            indent="  ",
        )

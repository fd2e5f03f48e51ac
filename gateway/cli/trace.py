"""`octway trace WHAT` answers "where is my file?".

WHAT is whatever a person has in hand: an id, a file name, a SHA-256 or its
beginning, a lot, invoice or dispatch number, or the file itself on this disk.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from gateway import pursuit
from gateway.cli import opening, trace_codes, trace_facts, trace_shown
from gateway.cli.arguments import Options, Parser, add_config, add_json
from gateway.cli.refusal import Refusal
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.database import Database
from gateway.journal import life, trace
from gateway.journal.trace import Found
from gateway.pursuit import Pursuit
from gateway.wording import counted, moment
from protocols.catalog import Catalog
from protocols.networks import Networks

EXAMPLE: Final = (
    "octway trace facture.b2            # a file name, of a deposit or a return\n"
    "octway trace 5f0c12ab              # the beginning of a SHA-256\n"
    "octway trace 000000042 --kind claim\n"
    "octway trace 20261126777820        # the reference of a Belgian sending (zone 204)\n"
    "octway trace ./facture.b2          # a file on this disk, by its content"
)
_MOST: Final = 20


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument("what", metavar="WHAT", help="id, name, number or SHA-256")
    parser.add_argument(
        "--kind",
        choices=trace.KINDS,
        metavar="KIND",
        help=f"look only for one kind: {', '.join(trace.KINDS)}",
    )
    parser.add_argument("--client", metavar="ID", help="look only at one client's")
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Find it; show its life, or a list to choose from; exit 1 if there is nothing."""
    with opening.journal(options, terminal) as opened:
        found = _find(opened.database, options)
        if not found:
            if options.json:
                terminal.give({"what": options.what, "matches": []})
            raise Refusal(_nothing(options))
        if len(found) > 1:
            _choose(found, options, terminal)
            return 0
        told = opened.database.read(life.read, found[0])
        chased = _pursuit(opened, found[0], terminal)
        catalog = Catalog.installed()
        codes = trace_codes.told(
            told, lambda: opening.directory_in_force(opened, catalog)
        )
    if options.json:
        facts = trace_facts.life_as_json(told, chased, terminal.now(), terminal.zone)
        facts["codes"] = [each._asdict() for each in codes]
        terminal.give({"what": options.what, **facts})
    else:
        trace_shown.show(told, chased, codes, terminal)
    return 0


def _pursuit(opened: opening.Journal, found: Found, terminal: Terminal) -> Pursuit:
    catalog = Catalog.installed()
    return pursuit.read(
        opened.database,
        found,
        lambda: opening.directory_in_force(opened, catalog),
        Networks(catalog.networks()),
        terminal.now(),
    )


def _find(database: Database, options: Options) -> list[Found]:
    kinds = (options.kind,) if options.kind else trace.KINDS
    lot, slash, seq = options.what.rpartition("/")
    if slash and seq.isdecimal():  # as the list of matches names an invoice
        found = database.read(trace.by_id, lot)
        if found is not None and found.kind == trace.LOT:
            return [found._replace(kind=trace.CLAIM, seq=int(seq))]
    file = Path(options.what)
    if "/" in options.what and file.is_file():
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        by_content = database.read(
            trace.find, digest, kinds=kinds, client=options.client
        )
        if by_content:
            return by_content
    return database.read(
        trace.find, options.what, kinds=kinds, client=options.client, most=_MOST
    )


def _choose(found: list[Found], options: Options, terminal: Terminal) -> None:
    if options.json:
        terminal.give(
            {
                "what": options.what,
                "matches": [trace_facts.found_as_json(each) for each in found],
            }
        )
        return
    many = "the newest " if len(found) >= _MOST else ""
    terminal.say(
        f"{options.what} may mean {many}{counted(len(found), 'thing')}; "
        "trace one by its id:"
    )
    table(
        terminal,
        ("trace this", "kind", "what it is", "in file", "state", "client", "since"),
        [
            (
                each.id if each.seq is None else f"{each.id}/{each.seq}",
                each.kind,
                each.label,
                each.file if each.file != each.label else "",
                each.state,
                each.client,
                moment(each.at, terminal.zone),
            )
            for each in found
        ],
        indent="  ",
    )


def _nothing(options: Options) -> str:
    where = f" of client {options.client}" if options.client else ""
    kind = options.kind or "deposit, lot, invoice, dispatch, return, remedy or anomaly"
    return (
        f"no {kind}{where} has the id, name, number or SHA-256 {options.what!r}; "
        "a file name is compared whole, a SHA-256 from 8 characters on"
    )

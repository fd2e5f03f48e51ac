"""`octway verify`: proves integrity, or says exactly what is broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.cli import opening, receipt_keys
from gateway.cli.arguments import Options, Parser, add_config, add_json
from gateway.cli.refusal import DOES_NOT_HOLD
from gateway.cli.terminal import Terminal
from gateway.journal import event_roots, verify
from gateway.journal.verify import Verdict
from gateway.journal.verify_accounts import accounts
from gateway.journal.verify_receipts import chained
from gateway.wording import counted
from protocols.catalog import Catalog
from protocols.networks import Networks

EXAMPLE: Final = "octway verify -c octway.toml\noctway verify --quick --json"
_SHOWN: Final = 20
_WORDS: Final = {
    "events": ("event chain", "event"),
    "receipts": ("chains of receipts and daily roots", "receipt"),
    "roots": ("signed roots of the event chain", "root"),
    "ledger": ("claim ledger", "claim"),
    "places": ("storage on disk", "file"),
    "accounts": ("accounts derived anew from the stored files", "claim"),
    "files": ("stored files against their SHA-256", "payload"),
}


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument(
        "--quick",
        action="store_true",
        help="leave out reading every stored file, what is derived from them, and the "
        "signature of each single receipt",
    )
    parser.add_argument(
        "--most",
        type=int,
        default=_SHOWN,
        metavar="N",
        help="breaks shown of each check (default: %(default)s)",
    )
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Run every check; exit 1 if anything is broken."""
    verdicts = []
    for verdict in _verdicts(options, terminal):
        verdicts.append(verdict)
        if not options.json:
            _say(verdict, options.most, terminal)
    holds = all(verdict.holds for verdict in verdicts)
    if options.json:
        terminal.give(
            {
                "ok": holds,
                "checks": {
                    each.check: {
                        "checked": each.checked,
                        "broken": len(each.breaks),
                        "breaks": each.breaks[: options.most],
                        "notes": each.notes[: options.most],
                    }
                    for each in verdicts
                },
            }
        )
    elif not holds:
        terminal.complain("something is broken; see above")
    else:
        terminal.say(terminal.paint("all that was checked holds", "green"))
    return 0 if holds else DOES_NOT_HOLD


def _verdicts(options: Options, terminal: Terminal) -> Iterator[Verdict]:
    def progress(check: str, done: int, total: int) -> None:
        if terminal.colour and not options.json:
            print(f"\r{done:,} of {total:,} {check}", end="", file=terminal.err)

    with opening.journal(options, terminal) as opened:
        stored = opening.payloads_of(opened.settings, terminal)
        yield opened.database.read(verify.chain)
        keys = receipt_keys.of_settings(opened.settings)
        whole = not options.quick
        yield opened.database.read(chained, keys, whole=whole)
        yield opened.database.read(event_roots.check, keys)
        yield opened.database.read(verify.ledger)
        yield opened.database.read(verify.places, stored)
        if not options.quick:
            yield opened.database.read(verify.payloads, stored, progress)
            networks = Networks(Catalog.installed().networks())
            yield opened.database.read(accounts, stored, networks, progress)


def _say(verdict: Verdict, most: int, terminal: Terminal) -> None:
    name, unit = _WORDS[verdict.check]
    looked = counted(verdict.checked, unit)
    if verdict.holds:
        terminal.say(f"{terminal.paint('ok    ', 'green')}  {name}: {looked}")
    else:
        broken = counted(len(verdict.breaks), "break")
        terminal.say(f"{terminal.paint('BROKEN', 'red')}  {name}: {looked}, {broken}")
    for each in verdict.breaks[:most]:
        terminal.say(f"        {each}")
    if len(verdict.breaks) > most:
        terminal.say(f"        and {len(verdict.breaks) - most:,} more (--most N)")
    for each in verdict.notes[:most]:
        terminal.say(f"        note: {each}")

"""`octway payer import FILE`: the national table of funds becomes the directory's.

The whole result is loaded in a copy before anything is written, so an import
either gives a directory that works or changes nothing.  A payer file that is
there is never touched; a code that a payer has already gets no second file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from config.errors import Mistake
from config.settings import Settings
from gateway.cli import key_files, opening, table_files
from gateway.cli.arguments import Actions, Options
from gateway.cli.refusal import DOES_NOT_HOLD
from gateway.cli.terminal import Terminal
from gateway.cli.wording import counted
from protocols.catalog import Catalog
from protocols.sesam.importer import (
    Fund,
    Imported,
    decode,
    read_national,
    write_destinations,
)
from protocols.sesam.routing import RECIPIENT_TYPES, TABLE
from routing.envelope import Severity

_NETWORK: Final = "sesam"
_PLACE: Final = f"tables/{_NETWORK}/{TABLE}.csv"
_EXAMPLE: Final = "octway payer import national.csv --dry-run"
_SHOWN: Final = 20
_NAME_LENGTH: Final = 37  # of a fund's name in the header of a file


def define(actions: Actions) -> None:
    """Define the action."""
    action = actions.add(
        "import",
        "take the national table of funds over into the directory",
        _EXAMPLE,
        _import,
    )
    action.add_argument("file", metavar="FILE", type=Path, help="the table, CSV")
    action.add_argument(
        "--dry-run", action="store_true", help="say what it would do; write nothing"
    )


def _import(options: Options, terminal: Terminal) -> int:
    settings = opening.settings_of(options, terminal)
    found = read_national(io.StringIO(decode(options.file.read_bytes()), newline=""))
    bad = sum(each.severity is Severity.ERROR for each in found.problems)
    _tell_problems(options.file, found, terminal)
    if not found.destinations:
        terminal.complain(f"{options.file}: holds no fund that can be used")
        return DOES_NOT_HOLD
    folder = settings.directory.path
    known = _known_codes(settings)
    fresh = [
        fund
        for fund in found.funds
        if fund.code not in known and not (folder / _file(fund)).exists()
    ]
    files = {_file(fund): _payer_text(fund) for fund in fresh}
    files[_PLACE] = _table_text(found, options.file)
    table = folder / _PLACE
    replaced = table.exists() and table.read_text(encoding="utf-8") != files[_PLACE]
    table_files.try_out(folder, files)
    if not options.dry_run:
        _write(folder, files, replaced=replaced)
    if options.json:
        terminal.give(
            {
                "written": not options.dry_run,
                "version": found.version or None,
                "destinations": len(found.destinations),
                "funds": len(found.funds),
                "payers_added": [_name(fund) for fund in fresh],
                "payers_kept": len(found.funds) - len(fresh),
                "problems": len(found.problems),
            }
        )
    else:
        _say(options, found, fresh, replaced=replaced, terminal=terminal)
    return DOES_NOT_HOLD if bad else 0


def _say(
    options: Options,
    found: Imported,
    fresh: list[Fund],
    *,
    replaced: bool,
    terminal: Terminal,
) -> None:
    would = "would be " if options.dry_run else ""
    version = f", version {found.version}" if found.version else ""
    terminal.say(
        f"{counted(len(found.destinations), 'destination')} of "
        f"{counted(len(found.funds), 'fund')}{version}: {would}written to {_PLACE}"
    )
    kept = len(found.funds) - len(fresh)
    terminal.say(
        f"{counted(len(fresh), 'payer')} {would}added, {kept:,} there already and "
        "left as they are"
    )
    if replaced:
        terminal.say(f"the table before {would}kept as {_PLACE}.before")
    if fresh:
        terminal.say(
            "new payers have no endpoint yet, so their lots are held; give each one in "
            "its file"
        )
    if not options.dry_run:
        terminal.say("a running node takes it over at SIGHUP")


def _tell_problems(file: Path, found: Imported, terminal: Terminal) -> None:
    for each in found.problems[:_SHOWN]:
        place = Mistake(str(file), each.record or 0, each.field or "", each.message)
        terminal.complain(f"{place} ({each.severity})")
    more = len(found.problems) - _SHOWN
    if more > 0:
        terminal.complain(f"{file}: and {counted(more, 'problem')} more")


def _known_codes(settings: Settings) -> frozenset[str]:
    directory = opening.directory_of(settings, Catalog.installed())
    return frozenset(
        code.code
        for payer in directory.payers()
        if payer.network == _NETWORK
        for code in payer.codes
    )


def _write(folder: Path, files: Mapping[str, str], *, replaced: bool) -> None:
    for name, text in files.items():
        if name == _PLACE:
            table_files.replace(folder / _PLACE, text, keep=replaced)
        else:
            key_files.write_new(folder / name, text, key_files.PUBLIC)


def _table_text(found: Imported, file: Path) -> str:
    into = io.StringIO()
    version = f", version {found.version}" if found.version else ""
    remark = f"Made by `octway payer import` from {file.name}{version}."
    write_destinations(found.destinations, into, remark=remark)
    return into.getvalue()


def _name(fund: Fund) -> str:
    return f"{_NETWORK}-{fund.code}"


def _file(fund: Fund) -> str:
    return f"{_name(fund)}.toml"


def _payer_text(fund: Fund) -> str:
    """Write the file of a payer that can be routed to, and not reached yet."""
    regime, organism = fund.code[:2], fund.code[2:]
    name = fund.label or f"Fund {fund.code}"
    plain = name.encode("ascii", "replace").decode().upper()[:_NAME_LENGTH]
    rules = {
        "regime": regime,
        "organism": organism,
        "centre": fund.computer_centre or "000",
        "recipient_type": RECIPIENT_TYPES.get(regime, ""),
        "name": plain.replace("?", " ").strip(),
    }
    lines = [
        "# Made by `octway payer import`; yours from here on, never written again.",
        "",
        "[payer]",
        f"id = {_quoted(_name(fund))}",
        f"name = {_quoted(name)}",
        f"network = {_quoted(_NETWORK)}",
        "",
        "[[code]]",
        f"code = {_quoted(fund.code)}",
        "",
        "[rules]",
        *(f"{key} = {_quoted(value)}" for key, value in rules.items() if value),
        "",
        "[[expects]]",
        'kind = "arl"',
        'level = "lot"',
        'within = "2 working days"',
        "",
        "[[expects]]",
        'kind = "payment"',
        'level = "claim"',
        'within = "10 working days"',
        "",
        "# How it is reached: without this its lots are held.",
        "# [endpoint]",
        '# channel = "sftp"',
        "# [endpoint.settings]",
        '# host = "sftp.example"',
        '# user = "octway"',
        '# key_file = "keys/payer_ed25519"',
        '# host_keys = ["ssh-ed25519 AAAA..."]',
        "",
    ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Write a TOML string."""
    return json.dumps(text, ensure_ascii=False)

"""`octway directory`: versions of the payer directory, what differs, and going back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from config.directory_difference import Difference, differences
from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, Parser, add_by
from gateway.cli.refusal import Refusal
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.database import Database
from gateway.intake.receipts import iso_time
from gateway.journal import directories
from gateway.table_keys import keys_by_file
from gateway.wording import counted, moment
from protocols.catalog import Catalog

EXAMPLE: Final = (
    "octway directory list\n"
    "octway directory diff 3f2a91 8c04d7\n"
    "octway directory pin 3f2a91 'the new windows are wrong'\n"
    "octway directory follow 'mended'"
)
_LEAST: Final = 6  # characters that may stand for a version


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    actions.add(
        "list", "list versions that were loaded", "octway directory list", _list
    )
    diff = actions.add(
        "diff",
        "say what differs",
        "octway directory diff 3f2a91 8c04d7\n"
        "octway directory diff 3f2a91    # and the files, before they are loaded",
        _diff,
    )
    diff.add_argument("before", metavar="VERSION")
    diff.add_argument(
        "after",
        metavar="VERSION",
        nargs="?",
        help="default: what the directory's files say now, in force or not",
    )
    pin = actions.add(
        "pin",
        "put a version in force on every node",
        "octway directory pin 3f2a91 'the new windows are wrong'",
        _pin,
    )
    pin.add_argument("version", metavar="VERSION")
    follow = actions.add(
        "follow",
        "have every node follow its files again",
        "octway directory follow 'mended'",
        _follow,
    )
    for each in (pin, follow):
        each.add_argument("why", metavar="WHY")
        add_by(each)


def _list(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        rows = opened.database.read(directories.versions)
        pinned = opened.database.read(directories.pinned)
    pin = pinned.version if pinned is not None else None
    if options.json:
        terminal.give(
            {
                "pinned": pin,
                "versions": [
                    {"version": row.version, "since": iso_time(row.loaded_at)}
                    for row in rows
                ],
            }
        )
        return 0
    if pinned is not None:
        terminal.say(
            f"{pinned.version[:12]} is pinned by {pinned.by} since "
            f"{moment(pinned.at, terminal.zone)}: {pinned.why}"
        )
    if not rows:
        terminal.say("no node has loaded a directory yet")
        return 0
    table(
        terminal,
        ("version", "first loaded", ""),
        [
            (
                row.version[:12],
                moment(row.loaded_at, terminal.zone),
                "pinned" if row.version == pin else "",
            )
            for row in rows
        ],
    )
    return 0


def _diff(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        before = _sources(opened.database, options.before)
        if options.after is None:
            files = opening.directory_of(opened.settings, Catalog.installed())
            after = json.loads(files.data.to_json())  # in the journal's own order
        else:
            after = _sources(opened.database, options.after)
    keys = keys_by_file(Catalog.installed().networks())
    found = list(differences(before, after, keys))
    if options.json:
        terminal.give({"differences": [each._asdict() for each in found]})
        return 0
    for each in found:
        terminal.say(_line(each))
    terminal.say(_summed_up(found) if found else "they say the same")
    return 0


def _pin(options: Options, terminal: Terminal) -> int:
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        version = _whole(opened.database, options.version)
        opened.database.write(
            "directory.pin",
            lambda tx: directories.pin(tx, version, by=by, why=options.why),
        )
    if options.json:
        terminal.give({"pinned": version})
    else:
        terminal.say(f"every node uses {version[:12]} within a minute")
    return 0


def _follow(options: Options, terminal: Terminal) -> int:
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        done = opened.database.write(
            "directory.follow",
            lambda tx: directories.follow(tx, by=by, why=options.why),
        )
    if options.json:
        terminal.give({"pinned": None})
    elif done:
        terminal.say("every node follows its files again within a minute")
    else:
        terminal.say("no version was pinned; every node follows its files")
    return 0


def _sources(database: Database, version: str) -> Mapping[str, Any]:
    content = database.read(directories.content, _whole(database, version))
    found: Mapping[str, Any] = json.loads(content or "{}")
    return found


def _whole(database: Database, version: str) -> str:
    """Return the one version that begins so."""
    rows = database.read(directories.versions)
    if len(version) < _LEAST:
        raise Refusal(
            f"{version!r} is too short; wanted {_LEAST} characters or more of a version; "
            "see: octway directory list"
        )
    found = [str(row.version) for row in rows if row.version.startswith(version)]
    if len(found) != 1:
        raise Refusal(
            f"{version!r} is the beginning of {counted(len(found), 'version')}; wanted "
            "one; see: octway directory list"
        )
    return found[0]


def _summed_up(found: Sequence[Difference]) -> str:
    kinds = Counter(each.what for each in found)
    told = ", ".join(f"{count:,} {what}" for what, count in sorted(kinds.items()))
    return f"{counted(len(found), 'difference')}: {told}"


def _line(each: Difference) -> str:
    place = f"{each.file}  {each.key}".rstrip()
    if each.what == "changed":
        return f"{place}: {each.before} -> {each.after}"
    return f"{place}: {each.what} {each.before or each.after}".rstrip()

"""`octway key rotate`: a new key-encryption key, and payload keys wrapped anew.

No payload is touched, only its key; old keys stay in the key file, because
backups and uploads under way need them.  A node that runs must know the new key
before rows are wrapped under it, which is why both halves can be run alone.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from config.settings import Settings
from gateway.cli import key_files, opening
from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.refusal import Refusal
from gateway.cli.terminal import Terminal
from gateway.console import totp
from gateway.database import Database
from gateway.errors import NodeRunning
from gateway.journal import staff
from gateway.node_lock import lock_node
from gateway.storage.payloads import Payloads
from gateway.storage.rewrap import rewrap
from gateway.storage.vault import with_new_key
from gateway.wording import counted

EXAMPLE: Final = (
    "octway key rotate                 # while no node runs\n"
    "octway key rotate --only add      # or: add, restart the nodes one by one,\n"
    "octway key rotate --only rewrap   # then wrap anew"
)
_BATCH: Final = 500


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    rotate = actions.add(
        "rotate", "add a key-encryption key and wrap all keys anew", EXAMPLE, _rotate
    )
    rotate.add_argument(
        "--name", help="name of the new key (default: the day and time)"
    )
    rotate.add_argument(
        "--only",
        choices=("add", "rewrap"),
        help="one half: add the key, or wrap anew under the active one",
    )


def _rotate(options: Options, terminal: Terminal) -> int:
    settings = opening.settings_of(options, terminal)
    path = settings.storage.key_file
    added = None
    with ExitStack() as stack:
        if options.only is None:
            stack.enter_context(_no_node(settings))
        opened = stack.enter_context(opening.journal(options, terminal))
        if options.only != "rewrap":
            added = _add(path, options.name or _name(terminal), terminal)
            if not options.json:
                terminal.say(f"key {added} is added to {path} and active")
        count = 0
        if options.only != "add":
            payloads = opening.payloads_of(settings, terminal)
            count = _rewrap(opened.database, payloads, added or "")
    if options.json:
        terminal.give({"added": added, "rewrapped": count})
        return 0
    if options.only == "add":
        terminal.say(
            "restart every node so that it knows the key, then: "
            "octway key rotate --only rewrap"
        )
    else:
        terminal.say(f"{counted(count, 'key')} of stored files wrapped anew")
        terminal.say("back the key file up: without it no stored file can be read")
    return 0


def _no_node(settings: Settings) -> IO[str]:
    """Hold the node's place meanwhile: one that runs would not know the new key."""
    try:
        return lock_node(settings)
    except NodeRunning:
        raise Refusal(
            f"node {settings.node.id!r} runs and would not know the new key, so it "
            "could not read what is wrapped under it; stop it first, or go in steps: "
            "`octway key rotate --only add`, restart every node, then "
            "`octway key rotate --only rewrap`"
        ) from None


def _add(path: Path, name: str, terminal: Terminal) -> str:
    text = path.read_text(encoding="ascii")
    try:
        fresh = with_new_key(text, terminal.entropy, name)
    except (ValueError, KeyError) as error:
        raise Refusal(f"{path}: {error}") from None
    key_files.replace(path, fresh, key_files.PRIVATE)
    return name


def _rewrap(database: Database, payloads: Payloads, name: str) -> int:
    """Wrap in batches until nothing is left under an older key."""
    count = 0
    while True:
        done: int = database.write("key.rewrap", rewrap, payloads.keys, _BATCH)
        count += done
        if done < _BATCH:
            break

    def seal(account: str, kept: str) -> str:
        return totp.resealed(payloads.keys, account, kept)

    count += database.write("key.rewrap", staff.reseal, seal)

    def say(tx: Any) -> None:
        tx.say("key.rotated", payloads.keys.active, rewrapped=count, added=bool(name))

    database.write("key.rotated", say)
    return count


def _name(terminal: Terminal) -> str:
    return f"k{datetime.fromtimestamp(terminal.now(), UTC):%Y%m%d%H%M%S}"

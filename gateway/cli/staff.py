"""`octway staff`: support staff accounts and their roles."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, Parser, add_by
from gateway.cli.passwords import asked_password
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.committing import Tx
from gateway.intake.credentials import hash_password, new_password
from gateway.intake.receipts import iso_time
from gateway.journal import sessions, staff
from gateway.wording import moment

EXAMPLE: Final = (
    "octway staff add lea --role operator\n"
    "octway staff password lea --generate\n"
    "octway staff list"
)
_ENDS_SESSIONS: Final = (staff.disable, staff.set_password)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    roles = "; ".join(f"{name}: {words}" for name, words in staff.ROLES.items())
    add = actions.add(
        "add", "open an account", "octway staff add lea --role operator", _add
    )
    actions.add("list", "list accounts", "octway staff list --json", _list)
    disable = actions.add(
        "disable", "close an account", "octway staff disable lea", _disable
    )
    enable = actions.add("enable", "open it again", "octway staff enable lea", _enable)
    role = actions.add(
        "role", "give another role", "octway staff role lea supervisor", _role
    )
    password = actions.add(
        "password",
        "give another password",
        "octway staff password lea --generate",
        _password,
    )
    code = actions.add(
        "codeless",
        "take second factor and OpenID person away, as for a lost telephone",
        "octway staff codeless lea",
        _codeless,
    )
    for each in (add, disable, enable, role, password, code):
        each.add_argument("name", metavar="NAME")
        add_by(each)
    add.add_argument("--role", choices=list(staff.ROLES), required=True, help=roles)
    role.add_argument("role", choices=list(staff.ROLES), help=roles)
    add.add_argument(
        "--ask", action="store_true", help="ask for the password instead of making one"
    )
    password.add_argument(
        "--generate", action="store_true", help="make one, and show it once"
    )


def _add(options: Options, terminal: Terminal) -> int:
    if not _NAME.fullmatch(options.name):
        raise Refusal(
            f"{options.name!r} cannot be a name; wanted small letters and digits",
            WRONG_USAGE,
        )
    made = "" if options.ask else new_password(terminal.entropy)
    with opening.journal(options, terminal) as opened:
        hashed = hash_password(made or asked_password(terminal))
        try:
            opened.database.write(
                "staff.add",
                lambda tx: staff.add(
                    tx,
                    options.name,
                    role=options.role,
                    password_hash=hashed,
                    by=options.by or terminal.user,
                ),
            )
        except IntegrityError:
            raise Refusal(
                f"staff account {options.name!r} is there already; "
                "see: octway staff list"
            ) from None
    said = {"name": options.name, "role": options.role, "password": made or None}
    return _told(options, terminal, said, f"{options.name} is {options.role}")


def _list(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        rows = opened.database.read(staff.every)
    if options.json:
        terminal.give(
            {
                "staff": [
                    {
                        "name": row.id,
                        "role": row.role,
                        "state": "open" if row.disabled_at is None else "disabled",
                        "since": iso_time(row.created_at),
                    }
                    for row in rows
                ]
            }
        )
        return 0
    if not rows:
        terminal.say(
            "there is no account yet; add one: octway staff add NAME --role admin"
        )
    table(
        terminal,
        ("name", "role", "state", "since"),
        [
            (
                row.id,
                row.role,
                "open" if row.disabled_at is None else "disabled",
                moment(row.created_at, terminal.zone),
            )
            for row in rows
        ],
    )
    return 0


def _disable(options: Options, terminal: Terminal) -> int:
    _change(options, terminal, staff.disable)
    said = {"name": options.name, "state": "disabled"}
    return _told(options, terminal, said, f"{options.name} is disabled")


def _enable(options: Options, terminal: Terminal) -> int:
    _change(options, terminal, staff.disable, back=True)
    said = {"name": options.name, "state": "open"}
    return _told(options, terminal, said, f"{options.name} is open")


def _role(options: Options, terminal: Terminal) -> int:
    _change(options, terminal, staff.set_role, options.role)
    said = {"name": options.name, "role": options.role}
    return _told(options, terminal, said, f"{options.name} is {options.role}")


def _password(options: Options, terminal: Terminal) -> int:
    made = new_password(terminal.entropy) if options.generate else ""
    hashed = hash_password(made or asked_password(terminal))
    _change(options, terminal, staff.set_password, hashed)
    said = {"name": options.name, "password": made or None}
    return _told(options, terminal, said, f"{options.name} has another password")


def _codeless(options: Options, terminal: Terminal) -> int:
    _change(options, terminal, staff.unbind)
    _change(options, terminal, staff.drop_code)
    said = {"name": options.name, "second_factor": False}
    return _told(options, terminal, said, f"{options.name} logs in without a code")


def _change(
    options: Options, terminal: Terminal, change: Any, *values: str, **more: Any
) -> None:
    by = options.by or terminal.user

    def write(tx: Tx) -> bool:
        done: bool = change(tx, options.name, *values, by=by, **more)
        if change in _ENDS_SESSIONS and not more.get("back"):
            sessions.end_all(tx, options.name, by=by)
        return done

    with opening.journal(options, terminal) as opened:
        done = opened.database.write("staff.change", write)
    if not done:
        raise Refusal(
            f"there is no staff account {options.name!r}; see: octway staff list"
        )


def _told(
    options: Options, terminal: Terminal, facts: dict[str, Any], words: str
) -> int:
    if options.json:
        terminal.give(facts)
        return 0
    terminal.say(words)
    if facts.get("password"):
        terminal.say(f"password  {terminal.paint(facts['password'], 'bold')}")
        terminal.say("It is shown this once; only its hash is kept.")
    return 0

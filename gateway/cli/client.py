"""`octway client`: accounts of vendor software, and how they come in.

A running node reads accounts from the journal at every login, so a change here
holds for the next login without a reload.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from config.reader import Table
from gateway.cli import client_access, client_senders, client_webhook, opening
from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.client_keys import read_keys
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.tables import facts, table
from gateway.cli.terminal import Terminal
from gateway.intake.credentials import new_token, token_hash
from gateway.intake.receipts import iso_time
from gateway.journal import clients, referentials
from gateway.wording import counted, moment, size

EXAMPLE: Final = (
    "octway client add cabinet-1 --name 'Cabinet 1' --vendor Acme --token\n"
    "octway client key add cabinet-1 ~/cabinet-1.pub\n"
    "octway client list"
)
_SANDBOX: Final = "all that it sends stays in the sandbox: its payers are simulated, see docs/vendors.md"
_LIMITS: Final = ("max_file_size", "max_open_uploads", "max_bytes_per_second")


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    add = actions.add(
        "add",
        "open an account",
        "octway client add cabinet-1 --name 'Cabinet 1' --key cabinet-1.pub",
        _add,
    )
    add.add_argument("client", metavar="ID", help="login name, such as cabinet-1")
    add.add_argument("--name", default="", help="name for people")
    add.add_argument("--vendor", default="", help="company that makes the software")
    add.add_argument("--software", default="", help="the software")
    add.add_argument("--key", metavar="FILE", help="public SSH key, or certificate")
    add.add_argument("--token", action="store_true", help="make a bearer token too")
    add.add_argument(
        "--test",
        action="store_true",
        help="for ever a test client: all it sends stays in the sandbox",
    )
    actions.add("list", "list all accounts", "octway client list --json", _list)
    for name, words, call in (
        ("show", "show one account with its keys and senders", _show),
        ("disable", "close an account to new logins", _disable),
        ("enable", "open a disabled account again", _enable),
        ("limits", "set an account's own limits; 0 is the installation's", _limits),
    ):
        action = actions.add(name, words, f"octway client {name} cabinet-1", call)
        action.add_argument("client", metavar="ID")
        if name == "limits":
            action.add_argument("--max-file-size", metavar="SIZE", help="such as 50M")
            action.add_argument("--open-uploads", metavar="N", type=int)
            action.add_argument("--rate", metavar="SIZE", help="bytes a second")
    client_access.define(actions)
    client_senders.define(actions)
    client_webhook.define(actions)


def _add(options: Options, terminal: Terminal) -> int:
    if not clients.NAME.fullmatch(options.client):
        raise Refusal(
            f"{options.client!r} cannot be a login name; wanted small letters, "
            "digits, dots and hyphens",
            WRONG_USAGE,
        )
    keys = read_keys(options.key) if options.key else []
    token = new_token(terminal.entropy) if options.token else ""
    with opening.journal(options, terminal) as opened:

        def write(tx: Any) -> None:
            clients.add(
                tx,
                options.client,
                name=options.name or options.client,
                vendor=options.vendor,
                software=options.software,
                test=options.test,
            )
            for key in keys:
                clients.add_key(tx, options.client, **key._asdict())
            if token:
                clients.add_key(
                    tx,
                    options.client,
                    kind=clients.TOKEN,
                    fingerprint=token_hash(token),
                    public="",
                    comment="made with the account",
                )

        try:
            opened.database.write("client.add", write)
        except IntegrityError:
            raise Refusal(
                f"client {options.client!r}, or its key, is there already; "
                "see: octway client list"
            ) from None
    if options.json:
        terminal.give(
            {"client": options.client, "token": token or None, "test": options.test}
        )
        return 0
    terminal.say(f"client {options.client} is open")
    if options.test:
        terminal.say(_SANDBOX)
    if token:
        terminal.say(f"token  {token}")
        terminal.say("It is shown this once; only its hash is kept.")
    if not (keys or token):
        terminal.note(
            "it cannot come in yet; give it a key: "
            f"octway client key add {options.client} FILE.pub"
        )
    return 0


def _list(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        rows = opened.database.read(clients.every)
    if options.json:
        terminal.give({"clients": [_as_json(row) for row in rows]})
        return 0
    if not rows:
        terminal.say("there is no client yet; add one: octway client add ID --token")
    table(
        terminal,
        ("client", "name", "vendor", "software", "state", "since"),
        [
            (
                row.id,
                row.name,
                row.vendor,
                row.software,
                _state(row),
                moment(row.created_at, terminal.zone),
            )
            for row in rows
        ],
    )
    return 0


def _show(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        row = client_access.must_exist(opened.database, options.client)
        keys = opened.database.read(clients.keys, options.client)
        senders = opened.database.read(clients.senders, options.client)
        payers = opened.database.read(referentials.taken, options.client)
    if options.json:
        terminal.give(
            _as_json(row)
            | {
                "keys": [client_access.key_as_json(key) for key in keys],
                "senders": [
                    {"network": each.network, "number": each.number, "name": each.name}
                    for each in senders
                ],
                "payers": payers
                and {"version": payers.version, "since": iso_time(payers.at)},
            }
        )
        return 0
    facts(
        terminal,
        [
            ("client", row.id),
            ("name", row.name),
            ("vendor", row.vendor),
            ("software", row.software),
            ("state", _state(row)),
            ("test client", _SANDBOX if row.test else ""),
            ("since", moment(row.created_at, terminal.zone)),
            ("password", "on" if row.password_hash else "off"),
            (
                "payers",
                f"took version {payers.version[:12]} {moment(payers.at, terminal.zone)}"
                if payers
                else "",
            ),
            ("largest file", size(row.max_file_size) if row.max_file_size else ""),
            (
                "uploads at once",
                str(row.max_open_uploads) if row.max_open_uploads else "",
            ),
            (
                "rate",
                f"{size(row.max_bytes_per_second)}/s"
                if row.max_bytes_per_second
                else "",
            ),
        ],
    )
    terminal.say()
    client_access.list_keys(keys, terminal)
    terminal.say()
    client_senders.list_senders(senders, terminal)
    return 0


def _disable(options: Options, terminal: Terminal) -> int:
    return _switch(options, terminal, back=False)


def _enable(options: Options, terminal: Terminal) -> int:
    return _switch(options, terminal, back=True)


def _switch(options: Options, terminal: Terminal, *, back: bool) -> int:
    with opening.journal(options, terminal) as opened:
        client_access.must_exist(opened.database, options.client)
        opened.database.write(
            "client.disable",
            lambda tx: clients.disable(tx, options.client, back=back),
        )
    state = "open" if back else "disabled"
    if options.json:
        terminal.give({"client": options.client, "state": state})
    else:
        terminal.say(f"client {options.client} is {state}")
    return 0


def _limits(options: Options, terminal: Terminal) -> int:
    given = (
        _size(options.max_file_size),
        options.open_uploads,
        _size(options.rate),
    )
    limits = {
        name: value
        for name, value in zip(_LIMITS, given, strict=True)
        if value is not None
    }
    if not limits:
        raise Refusal(
            "no limit is given; wanted --max-file-size, --open-uploads or --rate",
            WRONG_USAGE,
        )
    with opening.journal(options, terminal) as opened:
        client_access.must_exist(opened.database, options.client)
        opened.database.write(
            "client.limits",
            lambda tx: clients.set_limits(tx, options.client, **limits),
        )
    if options.json:
        terminal.give({"client": options.client, **limits})
    else:
        terminal.say(
            f"client {options.client}: {counted(len(limits), 'limit')} set; it holds "
            "from its next login"
        )
    return 0


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    mistakes: list[Any] = []
    found = Table({"size": text}, mistakes, file="").size("size")
    if mistakes:
        raise Refusal(f"{text!r} is no size; wanted one such as 50M", WRONG_USAGE)
    return found


def _state(row: Row[*tuple[Any, ...]]) -> str:
    state = "open" if row.disabled_at is None else "disabled"
    return f"{state}, test" if row.test else state


def _as_json(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "client": row.id,
        "name": row.name,
        "vendor": row.vendor,
        "software": row.software,
        "state": "open" if row.disabled_at is None else "disabled",
        "test": bool(row.test),
        "since": iso_time(row.created_at),
        "password": bool(row.password_hash),
        "limits": {name: getattr(row, name) for name in _LIMITS},
    }

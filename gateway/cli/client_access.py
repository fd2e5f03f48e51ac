"""`octway client key|token|password`: how a client proves who it is.

Tokens and made passwords are shown once; the journal keeps hashes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options
from gateway.cli.client_keys import read_keys
from gateway.cli.passwords import asked_password
from gateway.cli.refusal import Refusal
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.database import Database
from gateway.intake.credentials import (
    hash_password,
    new_password,
    new_token,
    token_hash,
)
from gateway.intake.receipts import iso_time
from gateway.journal import clients
from gateway.wording import counted, moment

Found = Sequence[Row[*tuple[Any, ...]]]
_SHORTEST = 8  # characters of a fingerprint that may stand for the whole


def define(actions: Actions) -> None:
    """Define the actions."""
    key = Actions(actions.add("key", "public keys and certificates", _KEY, None))
    add = key.add("add", "add a public SSH key or a certificate", _KEY, _add_key)
    add.add_argument("client", metavar="ID")
    add.add_argument("key", metavar="FILE", help="a file, or the key in quotes")
    listed = key.add("list", "list keys", "octway client key list cabinet-1", _keys)
    listed.add_argument("client", metavar="ID")
    revoke = key.add(
        "revoke",
        "take a key, certificate or token away",
        "octway client key revoke cabinet-1 SHA256:x7Qm…",
        _revoke,
    )
    revoke.add_argument("client", metavar="ID")
    revoke.add_argument("fingerprint", help="or its first 8 characters and more")
    token = Actions(actions.add("token", "bearer tokens for HTTPS", _TOKEN, None))
    new = token.add("new", "make a token and show it once", _TOKEN, _new_token)
    new.add_argument("client", metavar="ID")
    new.add_argument("--comment", default="", help="what it is for")
    away = token.add(
        "revoke",
        "take a token away",
        "octway client token revoke cabinet-1 5f0c12ab",
        _revoke,
    )
    away.add_argument("client", metavar="ID")
    away.add_argument("fingerprint", help="as `octway client show` lists it")
    password = Actions(
        actions.add("password", "password login, off by default", _PASSWORD, None)
    )
    chosen = password.add("set", "switch it on with a password", _PASSWORD, _set)
    chosen.add_argument("client", metavar="ID")
    chosen.add_argument(
        "--generate", action="store_true", help="make one, and show it once"
    )
    off = password.add(
        "off", "switch it off", "octway client password off cabinet-1", _off
    )
    off.add_argument("client", metavar="ID")


_KEY = "octway client key add cabinet-1 ~/cabinet-1.pub"
_TOKEN = "octway client token new cabinet-1 --comment 'office PC'"  # noqa: S105
_PASSWORD = "octway client password set cabinet-1 --generate"  # noqa: S105


def must_exist(database: Database, client: str) -> Row[*tuple[Any, ...]]:
    """Return an account's row, or raise `Refusal`."""
    row = database.read(clients.find, client)
    if row is None:
        raise Refusal(f"there is no client {client!r}; see: octway client list")
    return row


def list_keys(keys: Found, terminal: Terminal) -> None:
    """Print keys as a table."""
    if not keys:
        terminal.say("no key, certificate or token yet")
    table(
        terminal,
        ("kind", "fingerprint", "comment", "since", "revoked"),
        [
            (
                key.kind,
                key.fingerprint,
                key.comment,
                moment(key.created_at, terminal.zone),
                "" if key.revoked_at is None else moment(key.revoked_at, terminal.zone),
            )
            for key in keys
        ],
    )


def key_as_json(key: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return a key for programs."""
    return {
        "kind": key.kind,
        "fingerprint": key.fingerprint,
        "comment": key.comment,
        "since": iso_time(key.created_at),
        "revoked": None if key.revoked_at is None else iso_time(key.revoked_at),
    }


def _add_key(options: Options, terminal: Terminal) -> int:
    found = read_keys(options.key)
    with opening.journal(options, terminal) as opened:
        must_exist(opened.database, options.client)

        def write(tx: Any) -> None:
            for each in found:
                clients.add_key(tx, options.client, **each._asdict())

        try:
            opened.database.write("client.key", write)
        except IntegrityError:
            raise Refusal(
                "one of these keys is in the journal already (a revoked key cannot "
                "come back, and a key belongs to one client); make another"
            ) from None
    if options.json:
        terminal.give(
            {"client": options.client, "added": [each.fingerprint for each in found]}
        )
        return 0
    for each in found:
        terminal.say(f"added {each.kind} {each.fingerprint} {each.comment}".rstrip())
    return 0


def _keys(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        must_exist(opened.database, options.client)
        keys = opened.database.read(clients.keys, options.client)
    if options.json:
        terminal.give({"keys": [key_as_json(key) for key in keys]})
    else:
        list_keys(keys, terminal)
    return 0


def _revoke(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        must_exist(opened.database, options.client)
        wanted = options.fingerprint
        keys = opened.database.read(clients.keys, options.client)
        found = [
            key.fingerprint
            for key in keys
            if key.revoked_at is None
            and (
                key.fingerprint == wanted
                or (len(wanted) >= _SHORTEST and key.fingerprint.startswith(wanted))
            )
        ]
        if len(found) != 1:
            why = "no key in force" if not found else counted(len(found), "key")
            raise Refusal(
                f"client {options.client!r} has {why} that begins with {wanted!r}; "
                f"see: octway client key list {options.client}"
            )
        opened.database.write(
            "client.revoke",
            lambda tx: clients.revoke_key(tx, options.client, found[0]),
        )
    if options.json:
        terminal.give({"client": options.client, "revoked": found[0]})
    else:
        terminal.say(f"revoked {found[0]}; it opens nothing from now on")
    return 0


def _new_token(options: Options, terminal: Terminal) -> int:
    token = new_token(terminal.entropy)
    with opening.journal(options, terminal) as opened:
        must_exist(opened.database, options.client)
        opened.database.write(
            "client.token",
            lambda tx: clients.add_key(
                tx,
                options.client,
                kind=clients.TOKEN,
                fingerprint=token_hash(token),
                public="",
                comment=options.comment,
            ),
        )
    if options.json:
        terminal.give(
            {
                "client": options.client,
                "token": token,
                "fingerprint": token_hash(token),
            }
        )
        return 0
    terminal.say(f"token  {token}")
    terminal.say("It is shown this once; only its hash is kept.")
    return 0


def _set(options: Options, terminal: Terminal) -> int:
    made = new_password(terminal.entropy) if options.generate else ""
    with opening.journal(options, terminal) as opened:
        must_exist(opened.database, options.client)
        hashed = hash_password(made or asked_password(terminal))
        opened.database.write(
            "client.password",
            lambda tx: clients.set_password(tx, options.client, hashed),
        )
    if options.json:
        terminal.give({"client": options.client, "password": made or None})
        return 0
    terminal.say(f"client {options.client} may log in with its password")
    if made:
        terminal.say(f"password  {made}")
        terminal.say("It is shown this once; only its hash is kept.")
    return 0


def _off(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        must_exist(opened.database, options.client)
        opened.database.write(
            "client.password",
            lambda tx: clients.set_password(tx, options.client, None),
        )
    if options.json:
        terminal.give({"client": options.client, "password": None})
    else:
        terminal.say(f"client {options.client} can no longer log in with a password")
    return 0

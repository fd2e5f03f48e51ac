"""Reads `notifications.toml`: mail server, recipients and rules, checked as a whole.

Secrets are named here and read where they are used, so that a new one needs no
reload and none is ever in a record.
"""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from config.errors import ConfigErrors, Mistake
from config.notification_addresses import (
    is_here,
    mail_address,
    sender_address,
    webhook_address,
)
from config.notification_records import (
    LANGUAGES,
    MailServer,
    MessageChannel,
    Notifications,
    Recipient,
    Rule,
    Secret,
    Tls,
)
from config.notification_rules import NAME, check_rules, read_rule, read_zone
from config.reader import Table, read_file

_TOO_OPEN: Final = stat.S_IRWXG | stat.S_IRWXO
_PORTS: Final = {Tls.STARTTLS: 587, Tls.TLS: 465, Tls.NONE: 25}
_LAST_PORT: Final = 65535
_MAILTO: Final = "mailto:"


@frozen(kw_only=True)
class Known:
    """What rules may name; `payers` None: not looked at."""

    kinds: Collection[str]
    payers: Collection[str] | None = None


def load_notifications(file: Path, known: Known) -> Notifications:
    """Read the file, or raise `ConfigErrors` with every mistake in it."""
    mistakes: list[Mistake] = []
    root = read_file(file, mistakes)
    if mistakes:
        raise ConfigErrors(mistakes)
    found = _read(root, file.absolute().parent, known)
    if mistakes:
        raise ConfigErrors(mistakes)
    return found


def check_secrets(file: Path, found: Notifications) -> Iterator[Mistake]:
    """Say which files of secrets cannot be read, or can be read by others."""
    secrets = [
        (f"recipient.{each.name}", each.secret.file)
        for each in found.recipients.values()
    ]
    if found.mail is not None:
        secrets.append(("mail.password_file", found.mail.password_file))
    for key, path in secrets:
        if path is None:
            continue
        if not path.is_file() or not os.access(path, os.R_OK):
            message = f"{path} cannot be read; wanted a file that holds the secret"
            yield Mistake(str(file), 0, key, message)
        elif path.stat().st_mode & _TOO_OPEN:
            mode = stat.S_IMODE(path.stat().st_mode)
            message = (
                f"{path} has mode {mode:04o}; wanted 0600, so do: chmod 600 {path}"
            )
            yield Mistake(str(file), 0, key, message)


def _read(root: Table, folder: Path, known: Known) -> Notifications:
    mail = _mail(root.table("mail"), folder) if "mail" in root.data else None
    root.skip("mail")
    zone = read_zone(root, "UTC")
    language = root.choice("language", LANGUAGES, LANGUAGES[0])
    table = root.table("recipient")
    recipients = {
        name: _recipient(table.table(name), name, folder, zone, language)
        for name in table.data
    }
    rules = []
    for each in root.tables("rule"):
        rule = read_rule(each, zone)
        rules.append(rule)
        _add_addresses(each, rule, recipients, zone, language)
        _check_names(each, rule, recipients, known)
    check_rules(root, rules)
    root.done()
    if mail is None and any(
        each.channel is MessageChannel.MAIL for each in recipients.values()
    ):
        root.wrong(
            "mail", "is missing, and there are recipients by mail; wanted a server"
        )
    return Notifications(mail=mail, recipients=recipients, rules=tuple(rules))


def _mail(table: Table, folder: Path) -> MailServer:
    tls = Tls(table.choice("tls", [each.value for each in Tls], Tls.STARTTLS))
    host = table.get("server", str)
    port = table.get("port", int, _PORTS[tls])
    if not 0 < port <= _LAST_PORT:
        table.wrong("port", f"is {port}; wanted a port from 1 to {_LAST_PORT}")
    if tls is Tls.NONE and not is_here(host):
        table.wrong(
            "tls",
            f"is 'none', and {host!r} is another machine; wanted starttls or tls",
        )
    sender = table.get("from", str)
    if sender and sender_address(sender) is None:
        table.wrong(
            "from", f"is {sender!r}; wanted an address such as 'Octway <octway@x.org>'"
        )
    user, password = table.get("user", str, ""), _path(table, "password_file", folder)
    if bool(user) != (password is not None):
        table.wrong(
            "user", "stands without password_file, or the other way; wanted both"
        )
    ca_file = _path(table, "ca_file", folder)
    table.done()
    return MailServer(
        host=host,
        port=port,
        tls=tls,
        sender=sender,
        ca_file=ca_file,
        user=user,
        password_file=password,
    )


def _recipient(
    table: Table, name: str, folder: Path, zone: str, language: str
) -> Recipient:
    mail, webhook = table.get("mail", str, ""), table.get("webhook", str, "")
    file = _path(table, "apprise_file", folder)
    variable = table.get("apprise_env", str, "")
    secret_file = _path(table, "secret_file", folder)
    given = [bool(mail), bool(webhook), file is not None, bool(variable)]
    if sum(given) != 1:
        table.wrong(
            "",
            f"has {sum(given)} addresses; wanted one of mail, webhook, apprise_file "
            "and apprise_env",
        )
    if mail and mail_address(mail) is None:
        table.wrong("mail", f"is {mail!r}; wanted a mail address such as lea@x.org")
    if webhook and not webhook_address(webhook):
        table.wrong(
            "webhook", "is no address; wanted https://HOST/PATH without a password"
        )
    if bool(webhook) != (secret_file is not None):
        table.wrong(
            "secret_file", "and webhook belong together; wanted both, to sign with"
        )
    if not NAME.fullmatch(name):
        table.wrong("", f"is named {name!r}; wanted letters, digits, dots, - and _")
    channel = MessageChannel.CHAT
    if mail or webhook:
        channel = MessageChannel.MAIL if mail else MessageChannel.WEBHOOK
    found = Recipient(
        name=name,
        channel=channel,
        address=mail or webhook,
        secret=Secret(file=secret_file or file, variable=variable),
        language=table.choice("language", LANGUAGES, language),
        time_zone=read_zone(table, zone),
        clients=table.texts("clients"),
    )
    table.done()
    return found


def _path(table: Table, key: str, folder: Path) -> Path | None:
    found = table.get(key, str, "")
    return folder / found if found else None


def _add_addresses(
    table: Table,
    rule: Rule,
    recipients: dict[str, Recipient],
    zone: str,
    language: str,
) -> None:
    """Take `mailto:` addresses that a rule names as recipients of their own."""
    for name in rule.to:
        if not name.startswith(_MAILTO):
            continue
        address = name.removeprefix(_MAILTO)
        if mail_address(address) is None:
            table.wrong("to", f"names {name!r}; wanted mailto: and one mail address")
        recipients[name] = Recipient(
            name=name,
            channel=MessageChannel.MAIL,
            address=address,
            language=language,
            time_zone=zone,
        )


def _check_names(
    table: Table, rule: Rule, recipients: Mapping[str, Recipient], known: Known
) -> None:
    when = table.table("when")
    for key, names, choice in (
        ("kinds", rule.kinds, known.kinds),
        ("payers", rule.payers, known.payers),
    ):
        for name in names if choice is not None else ():
            if name not in (choice or ()):
                when.wrong(
                    key, f"names {name!r}, which is unknown{_near(name, choice)}"
                )
    for name in rule.to:
        found = recipients.get(name)
        if found is None:
            near = _near(name, recipients)
            table.wrong("to", f"names {name!r}, which is no recipient{near}")
        elif rule.about_clients and not found.clients:
            table.wrong(
                "to",
                f"names {name!r}, which has no clients; a rule about clients wants "
                "recipients with clients = [...]",
            )
        elif found.clients and not rule.about_clients:
            table.wrong(
                "to",
                f"names {name!r}, which is a vendor's (it has clients); wanted staff, "
                "or about = 'clients'",
            )


def _near(name: str, choice: Collection[str] | None) -> str:
    near = difflib.get_close_matches(name, choice or (), n=1)
    return f"; did you mean {near[0]!r}?" if near else "; wanted one that is there"

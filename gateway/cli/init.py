"""`octway init DIR`: a folder from which a node can be run at once.

What is there already is kept as it is, byte for byte; only what is missing is
made, so running it twice, or in a folder half prepared by hand, does no harm.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from attrs import define as record
from attrs import field

from config import example_files
from config.settings import Settings, load
from gateway.cli import key_files, migrate
from gateway.cli.arguments import Options, Parser, add_json
from gateway.cli.opening import database_of, sqlite_file
from gateway.cli.terminal import Terminal
from gateway.intake.credentials import hash_password, new_password
from gateway.journal import staff
from gateway.storage.vault import new_key_file

EXAMPLE: Final = (
    "octway init /srv/octway\n"
    "octway init /srv/octway --country be   # with a Belgian union as the example"
)
_FIRST_COUNTRY: Final = "fr"
_ALL: Final = "all"
_COMMENTED: Final = re.compile(r"^# (\[network\..*\]|emitter_.*)$", re.MULTILINE)
_ENDPOINT: Final = re.compile(r"^\[endpoint\]\n.*\Z", re.MULTILINE | re.DOTALL)
_UNCONNECTED: Final = (
    "# Nothing is sent to this payer, nothing fetched from it, and its lots are held,\n"
    "# and say so, until it has an endpoint: put its own place here, and take off the #.\n"
)
_FIRST_KEY: Final = "k1"
_PAYER_KEY: Final = "keys/payer_ed25519"
_NOWHERE: Final = {"host": "sftp.payer.invalid", "port": "22", "user": "octway"}


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument("dir", metavar="DIR", type=Path, help="folder to prepare")
    parser.add_argument(
        "--admin",
        metavar="NAME",
        default="admin",
        help="name of the first staff account (default: admin)",
    )
    parser.add_argument(
        "--country",
        choices=[*example_files.COUNTRIES, _ALL],
        default=_FIRST_COUNTRY,
        help="whose payers are written as examples: fr (the default), be, or all",
    )
    add_json(parser)
    parser.set_defaults(call=run)


@record
class _Work:
    """What was made and what was there, in order."""

    terminal: Terminal
    folder: Path
    made: list[str] = field(factory=list)
    kept: list[str] = field(factory=list)

    def write(self, path: Path, content: bytes | str, mode: int) -> bool:
        fresh = key_files.write_new(path, content, mode)
        self.note(path, fresh=fresh)
        return fresh

    def note(self, path: Path, *, fresh: bool) -> None:
        name = os.path.relpath(path, self.folder)
        (self.made if fresh else self.kept).append(name)


def run(options: Options, terminal: Terminal) -> int:
    """Prepare the folder and say what to do next."""
    folder = options.dir.absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    work = _Work(terminal, folder)
    file = folder / "octway.toml"
    work.write(file, _settings(options.country), key_files.PUBLIC)
    settings = load(file, terminal.environ)
    _write_directory(work, settings, options.country)
    _write_notifications(work, settings)
    _write_keys(work, settings)
    password = _prepare_database(work, settings, options.admin)
    if options.json:
        terminal.give(
            {
                "dir": str(folder),
                "config": str(file),
                "made": work.made,
                "kept": work.kept,
                "staff": options.admin if password else None,
                "password": password or None,
            }
        )
        return 0
    _say(work, file, settings, options.admin, password)
    return 0


def _settings(country: str) -> str:
    """Return the example settings; with Belgium's network switched on if it is wanted."""
    text = example_files.render("octway.toml", {})
    if country == _FIRST_COUNTRY:
        return text
    return _COMMENTED.sub(r"\1", text)


def _write_directory(work: _Work, settings: Settings, country: str) -> None:
    """Write a country's example payers, unless there is a payer directory already.

    No example is connected: a new node asks nobody for anything.
    """
    folder = settings.directory.path
    if folder.exists():
        work.note(folder, fresh=False)
        return
    key = key_files.new_ed25519(work.terminal.entropy)
    nobody = key_files.new_ed25519(work.terminal.entropy)
    places = _NOWHERE | {
        "key_file": _PAYER_KEY,
        "host_key": key_files.ssh_public(nobody, "replace-me"),
    }
    work.write(folder / _PAYER_KEY, key_files.ssh_private(key), key_files.PRIVATE)
    folders = example_files.COUNTRIES
    wanted = set(folders.values()) if country == _ALL else {folders[country]}
    for name in example_files.names():
        top, _, rest = name.partition("/")
        if top in wanted:
            text = _ENDPOINT.sub(_unconnected, example_files.render(name, places))
            work.write(folder / rest, text, key_files.PUBLIC)


def _unconnected(endpoint: re.Match[str]) -> str:
    own = endpoint[0].replace("simulated = true\n", "")
    return _UNCONNECTED + re.sub(r"^(?=.)", "# ", own, flags=re.MULTILINE)


def _write_notifications(work: _Work, settings: Settings) -> None:
    """Write the example rules as comments: nobody is told before someone says so."""
    file = settings.notifications.path
    if file is not None:
        lines = example_files.render("notifications.toml", {}).splitlines()
        text = "".join(f"# {line}".rstrip() + "\n" for line in lines)
        work.write(file, text, key_files.PUBLIC)


def _write_keys(work: _Work, settings: Settings) -> None:
    entropy = work.terminal.entropy
    storage = settings.storage.key_file
    work.write(storage, new_key_file(entropy, _FIRST_KEY), key_files.PRIVATE)
    receipts = settings.receipts.key_file
    signer = key_files.new_ed25519(entropy)
    if work.write(receipts, key_files.pem_private(signer), key_files.PRIVATE):
        public = receipts.with_suffix(".pub")
        work.write(public, key_files.pem_public(signer), key_files.PUBLIC)
    for path in settings.sftp.host_keys[:1]:
        key = key_files.new_ed25519(entropy)
        if work.write(path, key_files.ssh_private(key), key_files.PRIVATE):
            line = key_files.ssh_public(key, settings.node.id) + "\n"
            work.write(path.with_name(f"{path.name}.pub"), line, key_files.PUBLIC)
    https = settings.https
    if https.certificate.exists() or https.key.exists():  # a pair belongs together
        work.note(https.certificate, fresh=False)
        return
    certificate, key_text = key_files.self_signed(settings.node.id, work.terminal.now())
    work.write(https.key, key_text, key_files.PRIVATE)
    work.write(https.certificate, certificate, key_files.PUBLIC)


def _prepare_database(work: _Work, settings: Settings, admin: str) -> str:
    """Migrate the database and open the first account; return its password, or ""."""
    file = sqlite_file(settings)
    before, after = migrate.migrate(settings)
    if file is not None:
        work.note(file, fresh=before != after)
    database = database_of(settings, work.terminal)
    try:
        if database.read(staff.every):
            return ""
        password = new_password(work.terminal.entropy)
        hashed = hash_password(password)
        database.write(
            "staff.add",
            lambda tx: staff.add(
                tx, admin, role="admin", password_hash=hashed, by="octway init"
            ),
        )
    finally:
        database.stop()
    return password


def _say(
    work: _Work, file: Path, settings: Settings, admin: str, password: str
) -> None:
    terminal, listen = work.terminal, settings.https.listen
    for name in work.kept:
        terminal.say(f"kept  {name}")
    for name in work.made:
        terminal.say(f"made  {name}")
    if password:
        terminal.say()
        terminal.say(f"staff account  {terminal.paint(admin, 'bold')}")
        terminal.say(f"password       {terminal.paint(password, 'bold')}")
        terminal.say("It is shown this once; only its hash is kept.")
    terminal.say()
    terminal.say("What to do next:")
    steps = (
        ("look at the settings", f"{file}"),
        ("put your payers in place of the examples", f"{file.parent / 'payers'}"),
        ("see whether all is well", f"octway check -c {file}"),
        (
            "let a client in",
            f"octway client add -c {file} cabinet-1 --name 'Cabinet 1' --token",
        ),
        ("run it", f"octway run -c {file}"),
        ("see it in a browser", f"https://{listen}/console"),
    )
    for number, (words, how) in enumerate(steps, 1):
        terminal.say(f"  {number}. {words}: {how}")

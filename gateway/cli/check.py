"""`octway check`: everything that would stop a start, all at once, starting nothing.

Exit 2 when a file must be mended, 1 when only the database is not as it should.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from config import checks
from config.errors import ConfigErrors, Mistake
from config.notification_files import check_secrets
from config.settings import Settings, attempt
from gateway.cli import key_checks
from gateway.cli.arguments import Options, Parser, add_config, add_json
from gateway.cli.opening import database_of, directory_of, settings_file
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE
from gateway.cli.terminal import Terminal
from gateway.errors import SchemaMismatch, StorageUnavailable
from gateway.notifications.in_force import read_notifications
from gateway.wording import counted, moment
from protocols.catalog import Catalog
from protocols.sending import Emitter
from routing.directory import Directory

EXAMPLE: Final = "octway check -c /etc/octway/octway.toml"


def define(parser: Parser) -> None:
    """Define the command line."""
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Check, and list every mistake."""
    mistakes: list[Mistake] = []
    trouble: list[Mistake] = []
    directory: Directory | None = None
    settings: Settings | None = None
    try:
        file = settings_file(options, terminal)
        settings, read_wrong = attempt(file, terminal.environ)
        mistakes += read_wrong
        if settings is not None:
            found = _Found(settings, read_wrong)
            mistakes += found.new(checks.check_settings(settings))
            mistakes += found.new(checks.check_files(settings))
            entropy, now = terminal.entropy, terminal.now
            mistakes += found.new(key_checks.check_keys(settings, entropy, now))
            mistakes += found.new(_check_networks(settings))
            directory = _directory(settings, mistakes)
            mistakes += _check_notifications(settings, directory)
            if not any(each.key.startswith("database.") for each in mistakes):
                trouble += _check_database(settings, terminal)
    except ConfigErrors as errors:
        mistakes += errors.mistakes
    status = WRONG_USAGE if mistakes else DOES_NOT_HOLD if trouble else 0
    every = [*mistakes, *trouble]
    if options.json:
        terminal.give(
            {
                "ok": not every,
                "mistakes": [each._asdict() for each in every],
                "payers": len(directory.payers()) if directory else None,
                "directory_version": directory.version if directory else None,
            }
        )
        return status
    for each in every:
        terminal.complain(str(each))
    if every:
        terminal.note(f"{counted(len(every), 'mistake')} to mend")
    elif settings is not None and directory is not None:
        _say_well(settings, directory, terminal)
    return status


class _Found:
    """What was wrong already when the settings were read, so that it is told once."""

    def __init__(self, settings: Settings, mistakes: Iterable[Mistake]) -> None:
        self._files = {settings.file, *(each.file for each in mistakes)}
        self._sections = {each.key.partition(".")[0] for each in mistakes}

    def new(self, mistakes: Iterable[Mistake]) -> list[Mistake]:
        """Leave out what only follows from a section that could not be read."""
        return [
            each
            for each in mistakes
            if each.file not in self._files
            or each.key.partition(".")[0] not in self._sections
        ]


def _say_well(settings: Settings, directory: Directory, terminal: Terminal) -> None:
    terminal.say(
        f"{settings.file}: all is well; node {settings.node.id}, "
        f"{counted(len(directory.payers()), 'payer')}, directory "
        f"{directory.version[:12]}"
    )
    if not settings.attachments.scanner:
        terminal.note("note: attachments.scanner is not set: documents are not scanned")
    if settings.https.enabled:
        ends = key_checks.expires_soon(settings, terminal.now())
        if ends is not None:
            terminal.note(
                f"note: {settings.https.certificate} ends on "
                f"{moment(ends, terminal.zone)}; put a new one there and send SIGHUP"
            )


def _directory(settings: Settings, mistakes: list[Mistake]) -> Directory | None:
    """Read the payer directory, and open (not connect) each of its endpoints."""
    if not settings.directory.path.is_dir():
        return None
    catalog = Catalog.installed()
    try:
        directory = directory_of(settings, catalog)
    except ConfigErrors as errors:
        mistakes += errors.mistakes
        return None
    mistakes += _check_emitters(settings, directory)
    for endpoint in directory.data.endpoints:
        try:
            catalog.open_channel(endpoint.channel, endpoint.settings).close()
        except ConfigErrors as errors:
            place = f"{settings.directory.path}: endpoint {endpoint.id}"
            mistakes += [each._replace(file=place, line=0) for each in errors.mistakes]
    return directory


def _check_emitters(settings: Settings, directory: Directory) -> Iterator[Mistake]:
    used = {payer.network for payer in directory.payers()}
    for network in sorted(used - set(settings.network)):
        yield settings.mistake(
            f"network.{network}",
            "is missing, and payers of it are in the directory; wanted a table "
            f"[network.{network}] with our emitter_number",
        )


def _check_notifications(
    settings: Settings, directory: Directory | None
) -> Sequence[Mistake]:
    """Say what is wrong in the rules of notification, and in their secrets' files."""
    file = settings.notifications.path
    if file is None or not file.is_file():
        return ()
    payers = None if directory is None else [each.id for each in directory.payers()]
    try:
        return [*check_secrets(file, read_notifications(settings, payers))]
    except ConfigErrors as errors:
        return errors.mistakes


def _check_networks(settings: Settings) -> Iterator[Mistake]:
    """Say what is wrong in who we are in each network."""
    catalog = Catalog.installed()
    for name, each in settings.network.items():
        if name not in catalog.network_names:
            known = ", ".join(catalog.network_names)
            yield settings.mistake(f"network.{name}", f"is unknown; known: {known}")
            continue
        emitter = Emitter(
            number=each.emitter_number, kind=each.emitter_kind, name=each.emitter_name
        )
        for key, words in catalog.network(name).check_emitter(emitter):
            yield settings.mistake(f"network.{name}.emitter_{key}", words)


def _check_database(settings: Settings, terminal: Terminal) -> Iterator[Mistake]:
    try:
        database_of(settings, terminal).stop()
    except ConfigErrors as errors:
        yield from errors.mistakes
    except (SchemaMismatch, StorageUnavailable) as error:
        yield settings.mistake("database.url", str(error))

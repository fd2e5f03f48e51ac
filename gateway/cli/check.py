"""`octway check`: everything that would stop a start, all at once, starting nothing.

Exit 2 when a file must be mended, 1 when only the database is not as it should.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from config import checks
from config.errors import ConfigErrors, Mistake
from config.settings import Settings
from gateway.cli import key_checks
from gateway.cli.arguments import Options, Parser, add_config, add_json
from gateway.cli.opening import database_of, directory_of, settings_of
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE
from gateway.cli.terminal import Terminal
from gateway.cli.wording import counted, moment
from gateway.errors import SchemaMismatch, StorageUnavailable
from protocols.catalog import Catalog
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
        settings = settings_of(options, terminal)
        mistakes += checks.check_settings(settings)
        mistakes += checks.check_files(settings)
        mistakes += key_checks.check_keys(settings, terminal.entropy, terminal.now)
        directory = _directory(settings, mistakes)
        trouble += _check_database(settings, terminal)
    except ConfigErrors as errors:
        mistakes += errors.mistakes
    status = WRONG_USAGE if mistakes else DOES_NOT_HOLD if trouble else 0
    found = [*mistakes, *trouble]
    if options.json:
        terminal.give(
            {
                "ok": not found,
                "mistakes": [each._asdict() for each in found],
                "payers": len(directory.payers()) if directory else None,
                "directory_version": directory.version if directory else None,
            }
        )
        return status
    for each in found:
        terminal.complain(str(each))
    if found:
        terminal.note(f"{counted(len(found), 'mistake')} to mend")
    elif settings is not None and directory is not None:
        _say_well(settings, directory, terminal)
    return status


def _say_well(settings: Settings, directory: Directory, terminal: Terminal) -> None:
    terminal.say(
        f"{settings.file}: all is well; node {settings.node.id}, "
        f"{counted(len(directory.payers()), 'payer')}, directory "
        f"{directory.version[:12]}"
    )
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


def _check_database(settings: Settings, terminal: Terminal) -> Iterator[Mistake]:
    try:
        database_of(settings, terminal).stop()
    except ConfigErrors as errors:
        yield from errors.mistakes
    except (SchemaMismatch, StorageUnavailable) as error:
        yield settings.mistake("database.url", str(error))

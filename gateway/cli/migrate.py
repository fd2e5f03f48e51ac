"""`octway migrate`: brings the database to this program's schema."""

from __future__ import annotations

from config.settings import Settings
from gateway.cli.arguments import Options, Parser, add_config, add_json
from gateway.cli.opening import database_errors, settings_of, sqlite_file
from gateway.cli.terminal import Terminal
from gateway.journal import migrations
from gateway.journal.dialect import open_engine

EXAMPLE = "octway migrate -c octway.toml"


def define(parser: Parser) -> None:
    """Define the command line."""
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Migrate, and say from where to where."""
    settings = settings_of(options, terminal)
    before, after = migrate(settings)
    if options.json:
        terminal.give({"before": before, "after": after, "changed": before != after})
    elif before == after:
        terminal.say(f"the database is at {after} already; nothing to do")
    else:
        terminal.say(f"the database went from {before or 'empty'} to {after}")
    return 0


def migrate(settings: Settings) -> tuple[str | None, str]:
    """Bring the database of the settings to this schema; return before and after."""
    file = sqlite_file(settings)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(settings.database.url, write=True, connections=1)
    try:
        with database_errors(settings):
            return migrations.upgrade(engine)
    finally:
        engine.dispose()

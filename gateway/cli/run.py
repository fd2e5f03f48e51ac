"""`octway run`: a gateway node in the foreground."""

from __future__ import annotations

from gateway import app
from gateway.cli.arguments import Options, Parser, add_config
from gateway.cli.opening import database_errors, settings_of
from gateway.cli.terminal import Terminal

EXAMPLE = "octway run -c /etc/octway/octway.toml"


def define(parser: Parser) -> None:
    """Define the command line."""
    add_config(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Run a node until it is told to stop."""
    settings = settings_of(options, terminal)
    with database_errors(settings):
        return app.run(settings)

"""`octway version`: what is installed."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import version

from gateway.cli.arguments import Options, Parser, add_json
from gateway.cli.terminal import Terminal

EXAMPLE = "octway version --json"


def define(parser: Parser) -> None:
    """Define the command line."""
    add_json(parser)
    parser.set_defaults(call=show)


def show(options: Options, terminal: Terminal) -> int:
    """Print the version."""
    found = {
        "version": version("octway"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    if options.json:
        terminal.give(found)
    else:
        terminal.say(
            f"octway {found['version']} (Python {found['python']},"
            f" SQLite {found['sqlite']})"
        )
    return 0

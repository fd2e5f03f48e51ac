"""`octway demo`: the whole system on one machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from gateway.cli.arguments import Options, Parser, add_json
from gateway.cli.terminal import Terminal
from gateway.simulator import demo
from gateway.simulator.options import DemoOptions

EXAMPLE = (
    "octway demo --for 60 --clients 5\noctway demo --dir /tmp/octway --json --for 30"
)


def define(parser: Parser) -> None:
    """Define the command line."""
    usual = DemoOptions()
    parser.add_argument(
        "--dir",
        type=Path,
        metavar="DIR",
        help="keep everything in this folder (default: a temporary one)",
    )
    parser.add_argument(
        "--for",
        dest="seconds",
        type=_positive,
        metavar="SECONDS",
        help="stop after so long (default: run until Ctrl-C)",
    )
    parser.add_argument(
        "--clients",
        type=_whole,
        default=usual.clients,
        metavar="N",
        help=f"simulated vendor clients (default: {usual.clients})",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=usual.seed,
        metavar="S",
        help="seed of everything that is invented (default: %(default)s)",
    )
    parser.add_argument(
        "--open", action="store_true", help="open the console in a browser"
    )
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Run the demo."""
    return demo.run(
        DemoOptions(
            dir=options.dir,
            seconds=options.seconds,
            clients=options.clients,
            seed=options.seed,
            open=options.open,
            json=options.json,
        )
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(
            f"{text} is no time; wanted seconds such as 60"
        )
    return value


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is too few; wanted 1 or more")
    return value

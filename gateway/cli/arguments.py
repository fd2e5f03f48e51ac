"""The command line's parser: argparse, with our error lines and our help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from typing import Any, Final, NoReturn

from gateway.cli.refusal import WRONG_USAGE, Refusal

Options = argparse.Namespace
_DIGITS: Final = 6


class Parser(argparse.ArgumentParser):
    """A parser that raises `Refusal` and shows an example under its help."""

    def __init__(self, *, example: str = "", **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        if example:
            lines = "\n".join(f"  {line}" for line in example.splitlines())
            options["epilog"] = f"example:\n{lines}"
        super().__init__(**options)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Name the choices as they are typed, and not as the program calls them."""
        if action.choices is not None and value not in action.choices:
            wanted = ", ".join(str(each) for each in action.choices)
            raise argparse.ArgumentError(
                action, f"invalid choice: {str(value)!r}; wanted one of {wanted}"
            )

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """Say what a value is not, and never the name of the function that reads it."""
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            if isinstance(error.__context__, argparse.ArgumentTypeError):
                raise
            words = f"{arg_string!r} is no number; wanted one such as 5"
            raise argparse.ArgumentError(action, words) from None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what is not known here, by the name of the very action that was typed."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        """Refuse the command line in one line."""
        raise Refusal(f"{message}; see: {self.prog} --help", WRONG_USAGE)


class Actions:
    """The second words of a command: `octway client add …`."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parsers = parser.add_subparsers(
            dest="action", metavar="ACTION", required=True, parser_class=Parser
        )

    def add(
        self, name: str, words: str, example: str, call: Callable[..., int] | None
    ) -> Parser:
        """Add an action; `call(options, terminal)` returns the exit status.

        One that is called has `-c` and `--json`; one that is not has actions of
        its own.
        """
        parser: Parser = self._parsers.add_parser(
            name, help=words, description=_sentence(words), example=example
        )
        if call is not None:
            parser.set_defaults(call=call)
            add_config(parser)
            add_json(parser)
        return parser


def a_count(text: str) -> int:
    """Read a whole number, 0 or more and below a million."""
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no count; wanted a whole number from 0 to {10**_DIGITS - 1:,}"
        )
    return int(text)


def a_most(text: str) -> int:
    """Read how many lines are listed at most: 1 or more."""
    count = a_count(text)
    if not count:
        raise argparse.ArgumentTypeError("0 would list nothing; wanted 1 or more")
    return count


def a_day(text: str) -> date:
    """Read a day of the calendar, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day; wanted YYYY-MM-DD"
        ) from None


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument(
        "--json", action="store_true", help="print facts as JSON, for programs"
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `-c FILE`."""
    parser.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        help="settings (default: $OCTWAY_CONFIG, else octway.toml here)",
    )


def add_by(parser: argparse.ArgumentParser) -> None:
    """Add `--by NAME`."""
    parser.add_argument(
        "--by", metavar="NAME", help="who does it (default: your login name)"
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."

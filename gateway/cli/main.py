"""The `octway` program: finds the command, runs it, and gives its exit status.

A command's module is imported only when that command is asked for, so help is
shown at once and `octway inspect` never waits for a database library.
"""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from config.errors import ConfigErrors
from gateway.cli.arguments import Parser
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal, of_process
from gateway.errors import SchemaMismatch, StorageUnavailable
from gateway.garbage import put_off
from routing.errors import GatewayError

COMMANDS: Final = {
    "demo": "run the whole system on this machine, with simulated payers and clients",
    "init": "write settings, keys, a certificate, a payer directory and an account",
    "check": "validate settings, payer directory, keys and database; start nothing",
    "run": "run a gateway node in the foreground",
    "migrate": "bring the database to the current schema",
    "client": "vendor software accounts: keys, tokens, passwords, senders, limits, webhooks",
    "webhook": "clients' endpoints: list, deliveries, replay, pause, resume",
    "staff": "support staff accounts and roles",
    "payer": "the payer directory: list, show, test, import, route",
    "directory": "versions of the payer directory: list, diff, pin, follow",
    "label": "payers' codes in words: show, and take an official list over",
    "enrol": "enrolments of senders with payers: list, set, ask, import, export",
    "number": "lot numbers that payers take once only: list, import those used before",
    "commitment": "payers' words that they will pay for a patient: those that run out",
    "payment": "money that payers announced: list it, and note from the bank what came",
    "trace": "where is it? the whole life of a file, lot, invoice, dispatch or return",
    "anomaly": "what a person must see: list, show, assign, comment, snooze, resolve …",
    "remedy": "what is done about missing answers: list, plan, approve, deny, again",
    "report": "no-response rate, learned delays, daily balance, what remedies brought",
    "match": "answers that are likely a claim's: list, show, confirm, refuse",
    "replay": "do again: read a deposit, route a lot, send a dispatch, match a return",
    "dispatch": "say that you delivered a file to its payer outside, with proof",
    "notify": "messages to staff and vendors: list, test, preview, outbox, retry",
    "withdraw": "take a lot or a dispatch back before it leaves",
    "inspect": "say what a file is, print its records, list what is wrong with it",
    "simulate": "the no-response study: simulated payers, tracking off and then on",
    "sample": "write a valid billing file of invented claims, to try an upload with",
    "purge": "remove stored files whose retention is over, and nothing that is open",
    "export": "write the evidence about one thing into a file that proves itself",
    "backup": "copy journal and stored files to a folder, while the node runs",
    "restore": "make a new installation of a backup; overwrites nothing",
    "verify": "prove integrity: event chain, ledger, every stored file",
    "vendor": "check a vendor's files and its test client; write its certificate",
    "receipt": "check receipts and their chain offline; print the key, a day's root",
    "key": "rotate the key that encrypts stored files",
    "version": "print the version",
}
"""Every command, in the order of its help, with one line of words."""

_INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None, terminal: Terminal | None = None) -> int:
    """Run one command; return its exit status and never raise."""
    os.umask(0o077)  # what is written here is nobody else's to read
    arguments = list(sys.argv[1:] if argv is None else argv)
    terminal = terminal or of_process()
    try:
        status = _run(arguments, terminal)
        terminal.out.flush()
    except BrokenPipeError:  # the reader had enough, as `head` does
        _swallow_output()
        return 0
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _run(arguments: list[str], terminal: Terminal) -> int:
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        (terminal.say if arguments else terminal.note)(_help())
        return 0 if arguments else WRONG_USAGE
    if arguments[0] in {"-V", "--version"}:
        arguments[0] = "version"
    try:
        return _call(arguments[0], arguments[1:], terminal)
    except BrokenPipeError:
        raise
    except SystemExit as left:  # argparse, after it printed help
        return left.code if isinstance(left.code, int) else WRONG_USAGE
    except (Refusal, ConfigErrors, GatewayError, OSError) as error:
        words, status = _ending(error)
        terminal.complain(words)
        return status


def _ending(error: Exception) -> tuple[str, int]:
    """Return what to say of an error, and the exit status."""
    if isinstance(error, Refusal):
        return str(error), error.status
    if isinstance(error, ConfigErrors):
        return "\n".join(str(each) for each in error.mistakes), WRONG_USAGE
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        hint = "; make room on that disk" if error.errno == errno.ENOSPC else ""
        return f"{place}{error.strerror or error}{hint}", WRONG_USAGE
    wrong = isinstance(error, SchemaMismatch | StorageUnavailable)
    return str(error), WRONG_USAGE if wrong else DOES_NOT_HOLD


def _call(name: str, rest: list[str], terminal: Terminal) -> int:
    if name not in COMMANDS:
        raise Refusal(_unknown(name), WRONG_USAGE)
    with put_off():
        module = import_module(f"gateway.cli.{name}")
    parser = Parser(
        prog=f"octway {name}",
        description=COMMANDS[name][:1].upper() + COMMANDS[name][1:] + ".",
        example=module.EXAMPLE,
    )
    module.define(parser)
    options = parser.parse_args(rest)
    status: int = options.call(options, terminal)
    return status


def _help() -> str:
    width = max(len(name) for name in COMMANDS)
    lines = [f"  {name.ljust(width)}  {words}" for name, words in COMMANDS.items()]
    return "\n".join(
        (
            "usage: octway COMMAND [OPTIONS]",
            "",
            "A concentrator gateway for health billing: files in, answers back, nothing lost.",
            "",
            "commands:",
            *lines,
            "",
            "octway COMMAND --help explains one, with an example.",
            "Begin with: octway demo, or: octway init DIR",
        )
    )


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see: octway --help"
    return f"there is no command {name!r}; {hint}"


def _swallow_output() -> None:
    """Let the interpreter flush into nothing at its end."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
    except (OSError, ValueError):  # a stream that is no file
        return

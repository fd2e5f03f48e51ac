"""Writes the reference pages of `docs/reference/` from the code they describe.

Names, states and codes have one home, the code; the pages are made from it and
a test compares them, so a page can be neither forgotten nor wrong.
`python -m gateway.reference docs/reference` (or `make docs`) writes them.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import config
import gateway
import protocols
import routing
from config.sandbox_file import PAID, sandbox
from config.settings import SETTINGS
from gateway.api.problems import PROBLEM_CODES
from gateway.cli.main import COMMANDS
from gateway.journal.anomalies import KINDS
from gateway.metric_catalogue import CATALOGUE
from gateway.steps.route import CAUSES
from gateway.webhooks.kinds import KINDS as KINDS_TOLD
from gateway.webhooks.kinds import MEMBERS
from protocols.catalog import Catalog
from protocols.interface import FileProblem
from routing import chase, enrolment, lifecycle, notice, proposal, webhook
from routing.errors import GatewayError
from routing.ledger import LOT_ACCOUNT, MOVES
from routing.transitions import Lifecycle

_PACKAGES: Final = frozenset({"config", "routing", "protocols", "gateway"})
_MADE: Final = "<!-- made by `make docs`; change the code, then make it again -->\n\n"


def pages() -> Mapping[str, str]:
    """Make every page; the same code gives the same text."""
    makers: Mapping[str, Callable[[], str]] = {
        "settings.md": _settings,
        "commands.md": _commands,
        "metrics.md": _metrics,
        "states.md": _states,
        "ledger.md": _ledger,
        "errors.md": _errors,
        "causes.md": _causes,
        "file-problems.md": _file_problems,
        "sandbox.md": _sandbox,
        "webhooks.md": _webhooks,
    }
    return {name: _MADE + make() for name, make in makers.items()}


def _settings() -> str:
    rows = [(f"`{key}`", words) for key, words in SETTINGS.items()]
    return (
        "# Settings\n\nKeys of `octway.toml`; a variable `OCTWAY_SECTION__KEY` wins over "
        "the file. `octway init` writes a commented example with every default.\n\n"
        + _table(("setting", "is"), rows)
    )


def _commands() -> str:
    rows = [(f"`octway {name}`", words) for name, words in COMMANDS.items()]
    return (
        "# Commands\n\nEvery command has `--help` with an example, and `--json` where it "
        "prints facts. It ends with 0, with 1 when what it checked does not hold, with 2 "
        "on wrong usage or configuration.\n\n" + _table(("command", "does"), rows)
    )


def _metrics() -> str:
    rows = [
        (
            f"`{name}`",
            each.kind.__name__.lower(),
            ", ".join(f"`{label}`" for label in each.labels),
            each.words,
        )
        for name, each in CATALOGUE.items()
    ]
    return (
        "# Metrics\n\nServed in Prometheus' text format at `/metrics` of the operations "
        "listener. Labels are bounded by the payer directory; no client or patient is "
        "ever a label.\n\n" + _table(("metric", "type", "labels", "says"), rows)
    )


def _states() -> str:
    lives = [
        each
        for module in (lifecycle, chase, enrolment, proposal, notice, webhook)
        for each in vars(module).values()
        if isinstance(each, Lifecycle)
    ]
    return (
        "# States\n\nWhat lives in the journal, and the ways between states. \n\n"
        + ("\n".join(_life(each) for each in lives))
    )


def _life(life: Lifecycle[Any, Any]) -> str:
    final = ", ".join(f"`{state}`" for state in life.states if state in life.final)
    rows = [
        (f"`{before}`", f"`{happened}`", f"`{after}`")
        for (before, happened), after in life.table.items()
    ]
    return (
        f"## {life.name.capitalize()}\n\nBegins as `{life.initial}`; ends as {final}.\n\n"
        + _table(("from", "when", "to"), rows)
    )


def _ledger() -> str:
    moves = [
        (f"`{source}`", ", ".join(f"`{each}`" for each in sorted(targets)))
        for source, targets in MOVES.items()
    ]
    own = [(f"`{event}`", f"`{account}`") for event, account in LOT_ACCOUNT.items()]
    return (
        "# Ledger\n\nEach claim, with its cents, stands in exactly one account. What came "
        "in is the sum of the accounts, always: `octway_ledger_imbalance` is the "
        "difference, and `octway verify` derives both sides anew.\n\n"
        "## Moves allowed\n\n"
        + _table(("from", "to"), moves)
        + "\n## Where a lot's own events take its claims\n\n"
        + _table(("event", "account"), own)
    )


def _errors() -> str:
    rows = [
        (f"`{each.code}`", "yes" if each.retryable else "no", _first_line(each))
        for each in sorted(set(_all_errors()), key=lambda each: each.code)
    ]
    problems = [
        (f"`{code}`", str(kind.status), kind.title)
        for code, kind in PROBLEM_CODES.items()
    ]
    return (
        "# Error codes\n\n## Of the gateway\n\nStable names in the journal, the log and the "
        "metrics.\n\n"
        + _table(("code", "may be tried again", "means"), rows)
        + "\n## Of the HTTP API\n\nThe `code` of a problem document (RFC 9457).\n\n"
        + _table(("code", "status", "means"), problems)
    )


def _causes() -> str:
    causes = [(f"`{name}`", words) for name, words in CAUSES.items()]
    kinds = [(f"`{name}`", words) for name, words in KINDS.items()]
    return (
        "# Causes and anomalies\n\n## Why a lot is held or refused\n\n"
        + _table(("cause", "means"), causes)
        + "\n## Kinds of anomaly\n\nOne anomaly stands for all that share a cause.\n\n"
        + _table(("kind", "means"), kinds)
    )


def _file_problems() -> str:
    sections = [
        f"\n## {title}\n\n{_problems(kinds)}"
        for network in Catalog.installed().networks()
        for title, kinds in network.file_problems.items()
    ]
    return (
        "# Problems of billing files\n\nWhat the receipts' reports and the API name by "
        "code, and `octway inspect` in words, with record and position. An *error* would make a payer refuse "
        "the lot, so it is not sent.\n" + "".join(sections)
    )


def _sandbox() -> str:
    table, networks = sandbox(), Catalog.installed().simulated()
    codes = {each.name: each.simulation.reasons for each in networks}
    rows = [
        (
            f"`{each.name}`",
            f"…{each.number}" if each.number else "",
            f"…,{each.amount}" if each.amount else "",
            each.words,
            ", ".join(
                f"`{reasons[each.reason]}` ({name})"
                for name, reasons in codes.items()
                if each.reason in reasons
            ),
        )
        for each in (PAID, *table.outcomes)
    ]
    day, after = f"{table.working_day:g}", f"{table.answers_after:.0%}"
    return (
        "# The sandbox\n\nWhat the SIMULATED payers of a test client do with an invoice. "
        "It is chosen by the last three digits of the invoice's number, else by the cents "
        "of the amount that it asks for. What concerns a whole lot is that of the first "
        "invoice in it that chooses such a thing.\n\n"
        + _table(
            ("outcome", "number ends in", "amount ends in", "what happens", "code"),
            rows,
        )
        + f"\nA working day of any payer lasts {day} seconds there, without nights, "
        f"weekends and holidays; what is promised in less than half such a day, as in a demo, stays as it is. A payer answers after {after} of the time that it "
        f"promises. What is late comes {table.late_by} such days after the promised one, a "
        f"second answer {table.again_after} after the first.\n"
    )


def _webhooks() -> str:
    rows = [
        (f"`{name}`", kind.words, _members(kind.about, kind.facts))
        for name, kind in KINDS_TOLD.items()
    ]
    return (
        "# Webhooks\n\nKinds of events that an endpoint may ask for, and what stands "
        "under `data`. Beside them `webhook.test` is what `POST "
        "/v1/webhooks/{id}/test` sends. Nothing about a patient is ever told.\n\n"
        + _table(("kind", "is told when", "data"), rows)
    )


def _members(about: str, facts: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in (*MEMBERS[about], *facts))


def _problems(kinds: Sequence[FileProblem]) -> str:
    rows = [(f"`{each.code}`", each.severity, each.words) for each in kinds]
    return _table(("code", "severity", "means"), rows)


def _all_errors() -> Iterator[type[GatewayError]]:
    for package in (config, routing, protocols, gateway):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith((".__main__", ".env", ".app")):
                importlib.import_module(module.name)
    waiting: list[type[GatewayError]] = [GatewayError]
    while waiting:
        found = waiting.pop()
        if found.__module__.partition(".")[0] in _PACKAGES:  # not a test's own
            yield found
        waiting.extend(found.__subclasses__())


def _first_line(documented: type[GatewayError]) -> str:
    return (documented.__doc__ or "").strip().splitlines()[0]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n"
        for line in lines
    )


def write(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""`octway payer route NAME=VALUE …`: who a card or an attestation leads to, and why.

It asks the network's tables as they are in the directory's files, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from gateway.cli import network_names, opening
from gateway.cli.arguments import Actions, Options, a_day
from gateway.cli.payer_names import today_of
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.tables import facts, table
from gateway.cli.terminal import Terminal
from gateway.telling.payer_search import step_words
from gateway.telling.voice import English
from protocols.catalog import Catalog
from protocols.payer_finder import DECIDED, FoundPayer, PayerFinder
from routing.directory import Directory
from routing.errors import NoRoute

_EXAMPLE: Final = (
    "octway payer route amc_number=0223490000 convention_type=OC agreement=T\n"
    "octway payer route mutual_number=75000001 regime=08 fund=111 --day 2026-11-02"
)


def define(actions: Actions) -> None:
    """Define the action."""
    action = actions.add(
        "route",
        "say which payer an identity leads to, step by step",
        _EXAMPLE,
        _route,
    )
    action.add_argument(
        "told",
        metavar="NAME=VALUE",
        nargs="+",
        help="what a card or an attestation tells; without a known name, they are listed",
    )
    action.add_argument(
        "--day", metavar="DAY", type=a_day, help="as of a day; today if not given"
    )
    action.add_argument(
        "--network", metavar="NAME", help="whose tables, if several can tell"
    )


def _route(options: Options, terminal: Terminal) -> int:
    catalog = Catalog.installed()
    directory = opening.directory_of(opening.settings_of(options, terminal), catalog)
    name, finder = _finder(options, catalog)
    told = _told(options.told, finder)
    day = options.day or today_of(terminal)
    found = finder.find(told, day=day, tables=directory.tables(name))
    payer, why = _payer(directory, name, found.code, day)
    if options.json:
        terminal.give(
            {"network": name, "day": day.isoformat(), "told": told}
            | {"directory_version": directory.version, "payer": payer or None}
            | _as_json(found, why)
        )
    else:
        _say(found, payer, why, terminal)
    return 0 if found.outcome == DECIDED else DOES_NOT_HOLD


def _finder(options: Options, catalog: Catalog) -> tuple[str, PayerFinder]:
    can = {
        each.name: each.payer_finder
        for each in catalog.networks()
        if each.payer_finder is not None
    }
    name = network_names.one_of(options.network, tuple(can), tuple(can))
    return name, can[name]


def _told(pairs: list[str], finder: PayerFinder) -> dict[str, str]:
    """Read NAME=VALUE, or say which names there are."""
    told = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in finder.asks:
            known = "".join(
                f"\n  {each} - {words}" for each, words in finder.asks.items()
            )
            raise Refusal(
                f"{pair!r} is not NAME=VALUE with a known name; known:{known}",
                WRONG_USAGE,
            )
        told[name] = value
    return told


def _payer(directory: Directory, network: str, code: str, day: date) -> tuple[str, str]:
    """Return the payer of a code, and why nothing could go to it yet."""
    if not code:
        return "", ""
    try:
        route = directory.lookup(network, code, day)
    except NoRoute as error:
        return "", str(error)
    if route.payer.endpoint is None:
        return route.payer.id, "it has no endpoint yet: its lots are held"
    return route.payer.id, ""


def _say(found: FoundPayer, payer: str, why: str, terminal: Terminal) -> None:
    colour = "green" if found.outcome == DECIDED else "red"
    terminal.say(f"{terminal.paint(found.outcome, colour)}: {found.words}")
    if found.code:
        told = f"{payer} ({why})" if payer and why else payer or f"nobody: {why}"
        terminal.say(f"payer: {told}")
    facts(terminal, [(_words(name), value) for name, value in found.facts.items()])
    if found.outcome != DECIDED and found.candidates:
        names = [*dict.fromkeys(name for each in found.candidates for name in each)]
        terminal.say()
        table(
            terminal,
            [_words(name) for name in names],
            [[each.get(name, "") for name in names] for each in found.candidates],
        )
    terminal.say()
    for number, step in enumerate(found.steps, 1):
        terminal.say(f"{number}. {step_words(step._asdict(), English(terminal.zone))}")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _as_json(found: FoundPayer, why: str) -> dict[str, Any]:
    return {
        "outcome": found.outcome,
        "code": found.code or None,
        "words": found.words,
        "held_because": why or None,
        "facts": dict(found.facts),
        "steps": [step._asdict() for step in found.steps],
        "candidates": list(map(_plain, found.candidates)),
    }


def _plain(facts_of: Mapping[str, str]) -> dict[str, str]:
    return dict(facts_of)

"""`octway report delays`: how long each payer takes, and what is unusual for it."""

from __future__ import annotations

from typing import Any

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options
from gateway.cli.payer_names import must_be_known
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.learning import learn
from protocols.catalog import Catalog
from routing.delays import Delays, Key, Learned

_NOTHING = (
    "nothing is learned yet: a payer's delays are learned from whole days, and of what "
    "was sent in the last half year no day that is over has an answer; until then the "
    "contract's due dates alone count"
)
_NONE_FITS = (
    "none fits: nothing is learned yet of that payer, so its contract's due dates "
    "alone count for it"
)


def define(actions: Actions) -> None:
    """Define the command line."""
    parser = actions.add(
        "delays",
        "how long each payer takes, when an answer is late, and what has changed",
        "octway report delays --payer caisse-nord",
        run,
    )
    parser.add_argument("--payer", metavar="ID", help="of one payer only")


def run(options: Options, terminal: Terminal) -> int:
    """Learn from the cohorts as a node does, and show it."""
    with opening.journal(options, terminal) as opened:
        must_be_known(opened, options.payer)
        directory = opening.directory_in_force(opened, Catalog.installed())
        delays = learn(opened.database, directory, terminal.now())
    keys = [key for key in delays.seen() if options.payer in (None, key.payer)]
    if options.json:
        terminal.give({"delays": [_facts(delays, key) for key in keys]})
        return 0
    if not keys:
        terminal.say(_NONE_FITS if delays.seen() else _NOTHING)
        return 0
    table(
        terminal,
        (
            "payer",
            "flow",
            "kind",
            "answers",
            "half",
            "95 %",
            "99 %",
            "late after",
            "by",
        ),
        [_row(delays, key) for key in keys],
        right=("answers", "half", "95 %", "99 %", "late after"),
    )
    terminal.say()
    terminal.say(
        "in working days of each payer, of the answers that come; what came after a "
        "remedy is left out"
    )
    for key in keys:
        changed = delays.drift(key)
        if changed is not None:
            terminal.say(f"{key.payer} {key.flow} {key.kind}: {changed.words}")
    return 0


def _row(delays: Delays, key: Key) -> tuple[str, ...]:
    answers = f"{delays.table(key).answers:,.0f}"
    found = delays.learned(key)
    if found is None:
        return (*key, answers, "", "", "", "", "contract: too little is known")
    quantiles = (_days(found, share) for share in (0.5, 0.95, 0.99))
    return (*key, answers, *quantiles, str(found.unusual), _whose(found))


def _whose(found: Learned) -> str:
    if found.proven:
        return "its own answers"
    if found.own:
        return "its own answers, or the contract if that is later"
    return "its network's answers, or the contract if that is later"


def _days(found: Learned, share: float) -> str:
    days = found.curve.quantile(share)
    return "" if days is None else f"{days:.1f}"


def _facts(delays: Delays, key: Key) -> dict[str, Any]:
    found, changed = delays.learned(key), delays.drift(key)
    facts: dict[str, Any] = {
        **key._asdict(),
        "answers": round(delays.table(key).answers),
        "learned": None,
        "drift": None if changed is None else changed._asdict(),
    }
    if found is not None:
        facts["learned"] = {
            "from": "payer" if found.own else "network",
            "late_after": found.unusual,
            "may_precede_contract": found.proven,
            "quantiles": {
                str(share): found.curve.quantile(share) for share in (0.5, 0.95, 0.99)
            },
        }
    return facts

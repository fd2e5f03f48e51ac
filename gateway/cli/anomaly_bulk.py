"""`octway anomaly bulk`: many at once, as the console's desk does it: said first, then done."""

from __future__ import annotations

from typing import Final

from gateway.cli import anomaly_filters, opening
from gateway.cli.arguments import Options, Parser, add_by
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.database import Database
from gateway.journal import case_work, cases
from gateway.steps import bulk, second_person
from gateway.steps.bulk import MOST_CASES, Chore, Order, Plan
from gateway.steps.mending import Wish
from gateway.wording import counted
from protocols.catalog import Catalog
from routing.directory import Directory
from routing.errors import GatewayError

EXAMPLE: Final = (
    "octway anomaly bulk replay --kind lot-held --payer caisse-nord        # says only\n"
    "octway anomaly bulk replay --kind lot-held --yes --seen 3f0c…         # as it was said\n"
    "octway anomaly bulk resolve --kind claims-rejected --why 'told' --yes"
)
_SHOWN: Final = 20


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument("chore", choices=[each.value for each in Chore])
    anomaly_filters.add(parser)
    parser.add_argument("--to", metavar="NAME", help="to whom they are given")
    anomaly_filters.add_until(parser, required=False)
    parser.add_argument("--why", default="", metavar="WORDS")
    parser.add_argument(
        "--yes", action="store_true", help="do it; without it, only say what would be"
    )
    parser.add_argument(
        "--seen",
        metavar="WORD",
        help="with --yes: do it only if it is still what was said under this word",
    )
    add_by(parser)


def run(options: Options, terminal: Terminal) -> int:
    """Say what would happen to how many, and with `--yes` do it."""
    order = _order(options, terminal)
    with opening.journal(options, terminal) as opened:
        wanted = anomaly_filters.wanted_of(options)
        rows = opened.database.read(cases.listed, wanted, None, MOST_CASES + 1)
        plan = opened.database.read(bulk.plan, rows, order)
        above = opened.settings.console.second_person_above
        if not options.yes or plan.empty:
            return _say(plan, above, options, terminal)
        if options.seen and options.seen != plan.seen:
            raise Refusal(
                "it was changed meanwhile: the cases, or what is behind them, are not "
                f"those of --seen {options.seen}; nothing is done; look again without "
                "--yes"
            )
        directory = opening.directory_in_force(opened, Catalog.installed())
        if plan.needs_second(above):
            wish = _wish(order)
            asked = opened.database.write(
                "bulk.ask",
                lambda tx: second_person.ask(tx, terminal.entropy, plan.things, wish),
            )
            return _say_waits(asked, options, terminal)
        failed = _do(opened.database, plan, directory)
    return _tell(plan, failed, options, terminal)


def _order(options: Options, terminal: Terminal) -> Order:
    until = anomaly_filters.until_of(options, terminal.now(), terminal.zone)
    order = Order(
        chore=Chore(options.chore),
        by=options.by or terminal.user,
        to=options.to or "",
        until=until,
        why=options.why.strip(),
    )
    needed = {
        Chore.ASSIGN: ("--to NAME", order.to),
        Chore.SNOOZE: ("--for SPAN or --until WHEN", order.until),
        Chore.RESOLVE: ("--why WORDS", order.why),
        Chore.WITHDRAW: ("--why WORDS", order.why),
    }
    name, given = needed.get(order.chore, ("", True))
    if options.yes and not given:
        raise Refusal(f"{order.chore} needs {name}", WRONG_USAGE)
    return order


def _wish(order: Order) -> Wish:
    assert order.action is not None  # noqa: S101 - only things need a second person
    return Wish(action=order.action, by=order.by, why=order.why)


def _do(database: Database, plan: Plan, directory: Directory) -> dict[str, str]:
    """Do it in small transactions; return what could not be, with why."""
    failed: dict[str, str] = {}
    order = plan.order
    if order.action is None:
        stamps = {row.id: case_work.stamp(row) for row in plan.cases}
        for some in bulk.chunks(stamps):
            failed |= database.write("bulk", bulk.work, order, some)
        return failed
    wish = _wish(order)
    for thing in plan.things:
        try:
            database.write("bulk", second_person.by_hand, thing.id, wish, directory)
        except GatewayError as error:
            failed[thing.id] = str(error)
    return failed


def _say(plan: Plan, above: int, options: Options, terminal: Terminal) -> int:
    second = plan.needs_second(above)
    if options.json:
        terminal.give(_facts(plan) | {"done": False, "second_person": second})
        return 0
    terminal.say(f"{plan.order.chore}: {_extent(plan)}; nothing is done yet")
    for each in plan.cannot[:_SHOWN]:
        why = each.why.format(state=each.state)
        terminal.say(f"  left as it is: {each.thing or each.case}: {why}")
    if len(plan.cannot) > _SHOWN:
        terminal.say(f"  and {len(plan.cannot) - _SHOWN:,} more are left as they are")
    if plan.left:
        terminal.say("  what one go does not take can be done by another go")
    if second:
        terminal.say(
            f"  over {counted(above, 'claim')}: a second person must agree first"
        )
    if not plan.empty:
        terminal.say(f"do just this: the same command with --yes --seen {plan.seen}")
    return 0


def _say_waits(case: str, options: Options, terminal: Terminal) -> int:
    if options.json:
        terminal.give({"done": False, "second_person": True, "anomaly": case})
    else:
        terminal.say(
            f"it waits for a second person's word: octway anomaly agree {case} --by NAME"
        )
    return 0


def _tell(
    plan: Plan, failed: dict[str, str], options: Options, terminal: Terminal
) -> int:
    count = len(plan.things if plan.order.action else plan.cases)
    if options.json:
        done = {"done": True, "count": count - len(failed), "failed": failed}
        terminal.give(_facts(plan) | done)
    else:
        terminal.say(f"{plan.order.chore}: {count - len(failed):,} done")
        for why in failed.values():
            terminal.complain(why)
    return 1 if failed else 0


def _facts(plan: Plan) -> dict[str, object]:
    return {
        "chore": plan.order.chore,
        "anomalies": [row.id for row in plan.cases],
        "things": [each.id for each in plan.things],
        "claims": plan.claims,
        "cannot": [
            {
                "anomaly": each.case,
                "id": each.thing or None,
                "why": each.why.format(state=each.state),
            }
            for each in plan.cannot
        ],
        "left": plan.left,
        "seen": plan.seen,
    }


def _extent(plan: Plan) -> str:
    parts = [f"{len(plan.cases):,} of the desk's cases"]
    if plan.order.action is not None:
        parts.append(f"{counted(len(plan.things), 'thing')} behind them")
    return ", ".join([*parts, counted(plan.claims, "claim")])

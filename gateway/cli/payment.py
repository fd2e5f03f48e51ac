"""octway payment: what payers announced that they transfer, and what of it came.

A settlement announces a payment and its reference.  That the money came no message
of a payer tells: the bank's statements do, and are read with `import`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from gateway.cli import opening, payment_files
from gateway.cli.arguments import Actions, Options, Parser, add_by
from gateway.cli.payer_names import must_be_known, today_of
from gateway.cli.payment_words import payment_as_json
from gateway.cli.report_files import a_day
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.journal import payments
from gateway.steps.payments import judge, take
from gateway.wording import counted, money
from protocols.catalog import Catalog
from routing.remittance import WORDS, Ruled, Ruling

EXAMPLE: Final = "octway payment list --payer union-300 --due-before 2026-12-10 --open"
_MOST: Final = 1000
_SHOWN: Final = 50


def define(parser: Parser) -> None:
    """Say which actions there are."""
    actions = Actions(parser)
    listed = actions.add(
        "list",
        "list the payments that payers announced, those due first before the others",
        EXAMPLE,
        _list,
    )
    listed.add_argument("--payer", metavar="ID", help="of one payer only")
    listed.add_argument(
        "--due-before", type=a_day, metavar="DAY", help="only those due before a day"
    )
    listed.add_argument(
        "--open", action="store_true", help="only those that have not come"
    )
    imported = actions.add(
        "import",
        "note money that came: all of a CSV or of a bank's statement, or none",
        "octway payment import statement.xml   # camt.053, or a CSV "
        f"{';'.join(payment_files.COLUMNS)}",
        _import,
    )
    imported.add_argument("file", metavar="FILE", type=Path)
    imported.add_argument(
        "--sender", metavar="SENDER", help="whose account it is: only its lots are paid"
    )
    imported.add_argument(
        "--dry-run", action="store_true", help="read, and say what would be noted"
    )
    add_by(imported)


def _list(options: Options, terminal: Terminal) -> int:
    day = options.due_before
    scope: dict[str, Any] = {
        "payer": options.payer,
        "due_before": day.isoformat() if day else None,
        "only_open": options.open,
    }
    with opening.journal(options, terminal) as opened:
        must_be_known(opened, options.payer)
        read = opened.database.read
        rows = read(lambda each: payments.listed(each, most=_MOST, **scope))
        count, cents = read(lambda each: payments.summed(each, **scope))
    if options.json:
        told = [payment_as_json(row) for row in rows]
        terminal.give({"count": count, "cents": cents, "payments": told})
        return 0
    if rows:
        table(
            terminal,
            ("due by", "payer", "reference", "account", "amount", "came", "lot"),
            [
                (
                    row.due_on,
                    row.payer_id,
                    row.reference,
                    row.account,
                    money(row.cents),
                    _came(row),
                    row.lot_id,
                )
                for row in rows
            ],
            right=("amount",),
        )
    more = f"; the first {len(rows):,} are shown" if count > len(rows) else ""
    terminal.say(f"{counted(count, 'payment')}, {money(cents)} announced{more}")
    return 0


def _came(row: Any) -> str:
    if row.paid_on is None:
        return ""
    differs = row.paid_cents != row.cents
    return f"{row.paid_on} {money(row.paid_cents)}" if differs else str(row.paid_on)


def _import(options: Options, terminal: Terminal) -> int:
    arrived = payment_files.read(options.file, today_of(terminal))
    with opening.journal(options, terminal) as opened:
        directory = opening.directory_in_force(opened, Catalog.installed())
        if options.dry_run:
            ruled = opened.database.read(judge, arrived, sender=options.sender)
        else:
            by = options.by or terminal.user
            ruled = opened.database.write(
                "payment.import",
                lambda tx: take(
                    tx,
                    terminal.entropy,
                    arrived,
                    directory,
                    by=by,
                    sender=options.sender,
                ),
            )
    told = [each for each in ruled if _is_ours(each)]
    others = len(ruled) - len(told)
    if options.json:
        terminal.give(
            {
                "read": len(ruled),
                "others": others,
                "noted": None if options.dry_run else _noted(ruled),
                "money": [_as_json(each) for each in told],
            }
        )
        return 0
    _show(told, terminal)
    if others:
        terminal.say(f"{counted(others, 'entry')} name no reference that was announced")
    if options.dry_run:
        terminal.say(f"{_noted(ruled):,} of {len(ruled):,} would be noted; nothing was")
    else:
        terminal.say(f"{_noted(ruled):,} of {len(ruled):,} noted")
    return 0


def _show(told: list[Ruled], terminal: Terminal) -> None:
    shown = [each for each in told if each.ruling is not Ruling.PAID]
    for each in shown[:_SHOWN]:
        came = each.arrived
        reference = f" {_reference(each)}" if _reference(each) else ""
        words = f"{came.place}:{reference} {money(came.cents)} of {came.day}"
        terminal.say(f"{words} {WORDS[each.ruling]}")
    if len(shown) > _SHOWN:
        terminal.say(f"and {len(shown) - _SHOWN:,} more: --json lists them")


def _is_ours(ruled: Ruled) -> bool:
    """Say whether an arrival means a payment: the rest of a statement is other money."""
    return bool(ruled.arrived.words) or ruled.ruling is not Ruling.UNKNOWN


def _noted(ruled: list[Ruled]) -> int:
    return sum(bool(each.pays) for each in ruled)


def _reference(ruled: Ruled) -> str:
    of_pays = dict.fromkeys(each.reference for each in ruled.pays)
    return ruled.arrived.words or ", ".join(of_pays)


def _as_json(ruled: Ruled) -> dict[str, Any]:
    came = ruled.arrived
    return {
        "place": came.place,
        "reference": _reference(ruled) or None,
        "cents": came.cents,
        "day": came.day,
        "ruling": ruled.ruling,
        "words": WORDS[ruled.ruling],
        "announced": sum(each.cents for each in ruled.pays) if ruled.pays else None,
        "lots": sorted({each.lot for each in ruled.pays}),
    }

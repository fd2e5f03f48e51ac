"""octway commitment: which payment commitments hold, and which run out soon.

A commitment is a payer's word, for a while, that it will pay for a patient.  Patients
are never shown: the return that brought a commitment leads to the question it answers.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from config.times import within
from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.journal import commitments
from gateway.wording import counted

EXAMPLE: Final = "octway commitment list --sender 47041040401 --expires-within 7d"
_MOST: Final = 1000
_DAY: Final = 86_400
_LONGEST: Final = "400d"


def define(parser: Parser) -> None:
    """Say which actions there are."""
    listed = Actions(parser).add(
        "list",
        "list the commitments that hold today, those first that run out first",
        EXAMPLE,
        _list,
    )
    listed.add_argument("--sender", metavar="SENDER", help="only what it asked for")
    listed.add_argument(
        "--expires-within",
        metavar="TIME",
        default=_LONGEST,
        help="only those whose last day comes within a time such as 7d",
    )


def _list(options: Options, terminal: Terminal) -> int:
    today = datetime.fromtimestamp(terminal.now(), UTC).date()
    scope = {
        "since": today.isoformat(),
        "until": _last(options.expires_within, today).isoformat(),
        "sender": options.sender,
    }
    with opening.journal(options, terminal) as opened:
        read = opened.database.read
        rows = read(lambda each: commitments.ending(each, most=_MOST, **scope))
        count = read(lambda each: commitments.count_ending(each, **scope))
    if options.json:
        terminal.give({"count": count, "commitments": [_as_json(row) for row in rows]})
        return 0
    if rows:
        table(
            terminal,
            ("sender", "payer code", "told on", "valid until", "client", "return"),
            [
                (
                    row.sender,
                    row.payer_code,
                    row.communicated_on,
                    row.valid_until,
                    row.client_id,
                    row.return_id,
                )
                for row in rows
            ],
        )
    more = f"; the first {len(rows):,} are shown" if count > len(rows) else ""
    terminal.say(
        f"{counted(count, 'payment commitment')} from {scope['since']} on, "
        f"valid no longer than {scope['until']}{more}"
    )
    return 0


def _last(told: str, today: date) -> date:
    try:
        due = within(told)
    except ValueError as error:
        raise Refusal(f"--expires-within: {error}", WRONG_USAGE) from None
    if due.working_days:
        raise Refusal(
            f"--expires-within: is {told!r}; a commitment runs out on any day: "
            "wanted a time such as 7d",
            WRONG_USAGE,
        )
    return today + timedelta(days=int(due.seconds // _DAY))


def _as_json(row: Any) -> dict[str, Any]:
    return {
        "network": row.network,
        "sender": row.sender,
        "payer_code": row.payer_code,
        "client": row.client_id,
        "communicated_on": row.communicated_on,
        "valid_until": row.valid_until,
        "insured_from": row.insured_from or None,
        "insured_until": row.insured_until or None,
        "return": row.return_id,
    }

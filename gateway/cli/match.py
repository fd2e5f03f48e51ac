"""`octway match`: answers that are likely a claim's, and wait for a person's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Row

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, Parser, add_by
from gateway.cli.refusal import Refusal
from gateway.cli.tables import facts, table
from gateway.cli.terminal import Terminal
from gateway.committing import Tx
from gateway.database import Database
from gateway.intake.receipts import iso_time
from gateway.journal import proposals, staff
from gateway.steps import decide
from gateway.wording import counted, moment, money, utc
from protocols.catalog import Catalog
from routing.proposal import ProposalState

EXAMPLE: Final = (
    "octway match list\n"
    "octway match show r0123456789abcdefgh/7/d0123456789abcdefgh-1/3\n"
    "octway match confirm r0123456789abcdefgh/7/d0123456789abcdefgh-1/3"
)
_MOST: Final = 1000
_NAME: Final = "octway match {} r01…/7/d01…-1/3"


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    listed = actions.add(
        "list", "list matches that wait for a person", "octway match list", _list
    )
    listed.add_argument(
        "--all", action="store_true", help="decided ones, and those found sure, too"
    )
    show = actions.add(
        "show", "show one, what agrees and what not", _NAME.format("show"), _show
    )
    confirm = actions.add(
        "confirm", "give the answer to that claim", _NAME.format("confirm"), _confirm
    )
    refuse = actions.add(
        "refuse", "say that it is not that claim", _NAME.format("refuse"), _refuse
    )
    for each in (show, confirm, refuse):
        each.add_argument("name", metavar="NAME")
    for each in (confirm, refuse):
        add_by(each)


def as_json(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return a proposed match for programs."""
    return {
        "name": proposals.name_of(row),
        "state": row.state,
        "rule": row.rule,
        "score": row.score,
        "words": row.words,
        "return": row.return_id,
        "answer": row.seq,
        "outcome": row.outcome,
        "answer_asked_cents": row.answer_asked,
        "answer_paid_cents": row.answer_paid,
        "client": row.client_id,
        "payer": row.payer_id,
        "lot": row.lot_id,
        "lot_number": row.lot_number,
        "lot_date": row.lot_date,
        "claim": row.claim_seq or None,
        "claim_number": row.claim_number,
        "claim_date": row.claim_date,
        "claim_asked_cents": row.claim_asked,
        "claim_paid_cents": row.claim_paid,
        "made_at": iso_time(row.made_at),
        "decided_by": row.decided_by or None,
    }


def _list(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        rows = opened.database.read(
            proposals.listed, all_states=options.all, most=_MOST
        )
    if options.json:
        terminal.give({"matches": [as_json(row) for row in rows]})
        return 0
    if not rows:
        terminal.say("no match waits for a person")
        return 0
    table(
        terminal,
        (
            "match",
            "score",
            "rule",
            "payer",
            "client",
            "since (UTC)",
            "state",
            "what agrees",
        ),
        [
            (
                proposals.name_of(row),
                str(row.score),
                row.rule,
                row.payer_id or "",
                row.client_id,
                utc(row.made_at),
                f"{row.state} {row.decided_by}".rstrip(),
                row.words,
            )
            for row in rows
        ],
        right=("score",),
    )
    if len(rows) == _MOST:
        terminal.note(f"only the first {counted(_MOST, 'match')} are shown")
    return 0


def _show(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        row = _must_exist(opened.database, options.name)
    if options.json:
        terminal.give(as_json(row))
        return 0
    show(row, terminal)
    return 0


def show(row: Row[*tuple[Any, ...]], terminal: Terminal) -> None:
    """Print one proposed match for people, with what to do."""
    name = proposals.name_of(row)
    terminal.say(terminal.paint(f"{row.rule}, {row.score} of 100: {row.words}", "bold"))
    claim = "the whole lot"
    if row.claim_seq:
        claim = f"invoice {row.claim_number} of {row.claim_date}"
    waits = row.state == ProposalState.OPEN
    facts(
        terminal,
        [
            ("match", name),
            ("state", f"{row.state} {row.decided_by}".rstrip()),
            ("answer", f"{row.seq} of return {row.return_id}: {row.outcome}"),
            ("it names", _amounts(row.answer_asked, row.answer_paid)),
            ("claim", f"{claim}, in lot {row.lot_number} of {row.lot_date}"),
            ("it holds", _amounts(row.claim_asked or 0, row.claim_paid or 0)),
            ("lot", row.lot_id),
            ("payer", row.payer_id or ""),
            ("client", row.client_id),
            ("since", moment(row.made_at, terminal.zone)),
            (
                "what to do",
                f"octway match confirm {name}, or refuse it; look at both with octway "
                f"trace {row.return_id} and octway trace {row.lot_id}"
                if waits
                else "",
            ),
        ],
    )


def _confirm(options: Options, terminal: Terminal) -> int:
    def decided(opened: opening.Journal, by: str) -> Callable[[Tx], ProposalState]:
        directory = opening.directory_in_force(opened, Catalog.installed())
        return lambda tx: decide.confirm(tx, options.name, directory, by=by)

    return _decide(options, terminal, decided)


def _refuse(options: Options, terminal: Terminal) -> int:
    return _decide(
        options,
        terminal,
        lambda _, by: lambda tx: decide.refuse(tx, options.name, by=by),
    )


def _decide(
    options: Options,
    terminal: Terminal,
    decided: Callable[[opening.Journal, str], Callable[[Tx], ProposalState]],
) -> int:
    with opening.journal(options, terminal) as opened:
        _must_exist(opened.database, options.name)
        by = options.by or terminal.user
        told = decided(opened, by)

        def decide_(tx: Tx) -> None:
            staff.must_work(tx.connection, by)
            told(tx)

        opened.database.write("match.decide", decide_)
        row = _must_exist(opened.database, options.name)
    if options.json:
        terminal.give(as_json(row))
    else:
        terminal.say(f"{options.name} is {row.state} by {row.decided_by}")
    return 0


def _must_exist(database: Database, name: str) -> Row[*tuple[Any, ...]]:
    row = database.read(proposals.find, name)
    if row is None:
        raise Refusal(f"there is no match {name!r}; see: octway match list")
    return row


def _amounts(asked: int, paid: int) -> str:
    return f"asked {money(asked)}, paid {money(paid)}"

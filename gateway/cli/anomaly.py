"""`octway anomaly`: what a person must see, from a terminal."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from gateway.cli import (
    anomaly_approval,
    anomaly_bulk,
    anomaly_filters,
    anomaly_lots,
    opening,
)
from gateway.cli.anomaly_shown import command_of, show, show_items
from gateway.cli.arguments import Actions, Options, Parser, add_by
from gateway.cli.official_labels import explained, official
from gateway.cli.payer_names import must_be_known
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.committing import Tx
from gateway.database import Database
from gateway.intake.receipts import iso_time
from gateway.journal import (
    anomalies,
    anomaly_comments,
    anomaly_facts,
    anomaly_items,
    case_work,
    chased,
)
from gateway.wording import moment
from routing.case import SEVERITIES
from routing.lifecycle import AnomalyEvent, AnomalyState

EXAMPLE: Final = (
    "octway anomaly list\n"
    "octway anomaly assign a0123456789abcdefgh lea\n"
    "octway anomaly resolve a0123456789abcdefgh 'the fund was added'"
)

_COUNTED: Final = (
    "a claim counts each time that it is seen: one late again counts again"
)


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    listed = actions.add(
        "list", "list open anomalies", "octway anomaly list --kind lot-held", _list
    )
    listed.description = f"List open anomalies: in `claims` {_COUNTED}."
    listed.add_argument("--all", action="store_true", help="resolved ones too")
    listed.add_argument("--kind", choices=list(anomalies.KINDS), metavar="KIND")
    listed.add_argument("--payer", metavar="ID")
    listed.add_argument("--client", metavar="ID")
    listed.add_argument("--severity", choices=SEVERITIES, metavar="SEVERITY")
    listed.add_argument("--assignee", metavar="NAME", help="whose they are")
    anomaly_filters.add_sandbox(listed)
    show = actions.add(
        "show", "show one, and what to do about it", "octway anomaly show a01…", _show
    )
    assign = actions.add(
        "assign", "give one to a person", "octway anomaly assign a01… lea", _assign
    )
    comment = actions.add(
        "comment",
        "write about one",
        "octway anomaly comment a01… 'asked the fund'",
        _comment,
    )
    resolve = actions.add(
        "resolve",
        "close one, and say why",
        "octway anomaly resolve a01… 'the fund was added'",
        _resolve,
    )
    reopen = actions.add(
        "reopen",
        "open a resolved one again, and say why",
        "octway anomaly reopen a01… 'it was not that'",
        _reopen,
    )
    snooze = actions.add(
        "snooze",
        "put one off; it comes back then, or at once if it gets worse",
        "octway anomaly snooze a01… --for 2d",
        _snooze,
    )
    anomaly_filters.add_until(snooze, required=True)
    bulk = actions.add(
        "bulk",
        "do something with many: say what would happen, and with --yes do it",
        anomaly_bulk.EXAMPLE,
        anomaly_bulk.run,
    )
    anomaly_bulk.define(bulk)
    anomaly_approval.define(actions)
    for each in (show, assign, comment, resolve, reopen, snooze):
        each.add_argument("anomaly", metavar="ID")
    assign.add_argument("to", metavar="NAME")
    for each in (comment, resolve, reopen):
        each.add_argument("words", nargs="+", metavar="WORDS")
    for each in (assign, comment, resolve, reopen, snooze):
        add_by(each)


def as_json(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return an anomaly for programs."""
    return {
        "id": row.id,
        "kind": row.kind,
        "severity": row.severity,
        "state": row.state,
        "subject": row.subject,
        "payer": row.payer_id or None,
        "client": row.client_id or None,
        "seen": row.seen,
        "claims": row.claims,
        "facts": anomaly_facts.facts_of(row),
        "suggested": row.advice or None,
        "first_seen": iso_time(row.first_seen),
        "last_seen": iso_time(row.last_seen),
        "assignee": row.assignee or None,
        "snoozed_until": iso_time(row.snoozed_until) if row.snoozed_until else None,
        "resolution": row.resolution or None,
        "words": row.words,
    }


def _list(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        must_be_known(opened, options.payer)
        apart = None if options.client else options.sandbox
        rows = opened.database.read(
            anomalies.listed, all_states=options.all, sandbox=apart
        )
    rows = [
        row
        for row in rows
        if options.kind in (None, row.kind)
        and options.payer in (None, row.payer_id)
        and options.severity in (None, row.severity)
        and options.assignee in (None, row.assignee)
        and (options.client is None or _concerns(row, options.client))
    ]
    if options.json:
        terminal.give({"anomalies": [as_json(row) for row in rows]})
        return 0
    if not rows:
        filters = ("kind", "payer", "client", "severity", "assignee")
        if any(getattr(options, each) for each in filters):
            terminal.say("no anomaly fits; without a filter there may be others")
        elif options.all:
            terminal.say("there never was an anomaly")
        else:
            terminal.say("no anomaly is open; nothing needs a person")
        return 0
    table(
        terminal,
        (
            *("anomaly", "severity", "kind", "whose", "seen", "claims", "last"),
            *("state", "words"),
        ),
        [
            (
                row.id,
                row.severity,
                row.kind,
                row.payer_id or row.client_id,
                f"{row.seen:,}",
                f"{row.claims:,}" if row.claims else "",
                moment(row.last_seen, terminal.zone),
                f"{row.state} {row.assignee}".rstrip(),
                row.words,
            )
            for row in rows
        ],
        right=("seen", "claims"),
    )
    if any(row.claims for row in rows):
        terminal.say(f"claims: {_COUNTED}")
    return 0


def _concerns(row: Row[*tuple[Any, ...]], client: str) -> bool:
    return client == row.client_id or client in anomaly_facts.facts_of(row).get(
        "clients", {}
    )


def _show(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        row = _must_exist(opened.database, options.anomaly)
        comments = opened.database.read(anomaly_comments.listed, options.anomaly)
        reach = opened.database.read(anomaly_items.reach, options.anomaly)
        items = opened.database.read(
            anomaly_items.listed, options.anomaly, anomaly_items.MOST
        )
        lots, count = opened.database.read(chased.behind, row)
        told = str(anomaly_facts.facts_of(row).get("code", ""))
        words = official(opened.settings, row.payer_id or "", told)
    advice = command_of(row)
    if options.json:
        terminal.give(
            as_json(row)
            | {
                "advice": advice,
                "official": dict(words),
                "reach": {"items": reach.items, "clients": reach.clients},
                "items": [
                    {
                        "id": each.subject,
                        "claims": each.claims,
                        "at": iso_time(each.at),
                    }
                    for each in items
                ],
                "comments": [
                    {"at": iso_time(each.at), "by": each.author, "words": each.words}
                    for each in comments
                ],
                "lots": [anomaly_lots.as_json(each) for each in lots],
                "lot_count": count,
            }
        )
        return 0
    network = row.subject.partition(":")[0] if row.kind == "lot-refused" else ""
    show(row, terminal, reach, words, explained(network, told))
    show_items(items, terminal)
    anomaly_lots.show(lots, count, terminal)
    for each in comments:
        when = moment(each.at, terminal.zone)
        terminal.say(f"{when}  {each.author}: {each.words}")
    return 0


def _assign(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        row = _must_exist(opened.database, options.anomaly)
    if row.state == AnomalyState.RESOLVED:
        raise Refusal(
            f"anomaly {row.id} is resolved ({row.resolution}), so nobody can work at it; "
            f"open it again first: octway anomaly reopen {row.id} WHY"
        )
    return _move(options, terminal, AnomalyEvent.ASSIGN, assignee=options.to)


def _resolve(options: Options, terminal: Terminal) -> int:
    words = _words(options)
    return _move(options, terminal, AnomalyEvent.RESOLVE, resolution=words)


def _reopen(options: Options, terminal: Terminal) -> int:
    words = _words(options)
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        _must_exist(opened.database, options.anomaly)

        def write(tx: Tx) -> None:
            anomalies.move(
                tx, options.anomaly, AnomalyEvent.REOPEN, by=by, resolution=""
            )
            anomaly_comments.add(tx, options.anomaly, by=by, words=words)

        opened.database.write("anomaly.reopen", write)
        row = _must_exist(opened.database, options.anomaly)
    if options.json:
        terminal.give(as_json(row))
    else:
        terminal.say(f"{row.id} is {row.state} {row.assignee}".rstrip())
    return 0


def _comment(options: Options, terminal: Terminal) -> int:
    words = _words(options)
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        _must_exist(opened.database, options.anomaly)
        opened.database.write(
            "anomaly.comment",
            lambda tx: anomaly_comments.add(tx, options.anomaly, by=by, words=words),
        )
    if options.json:
        terminal.give({"id": options.anomaly, "by": by, "words": words})
    else:
        terminal.say(f"noted under {options.anomaly}")
    return 0


def _snooze(options: Options, terminal: Terminal) -> int:
    until = anomaly_filters.until_of(options, terminal.now(), terminal.zone)
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        _must_exist(opened.database, options.anomaly)
        opened.database.write(
            "anomaly.snooze",
            lambda tx: case_work.snooze(tx, options.anomaly, until, by=by),
        )
        row = _must_exist(opened.database, options.anomaly)
    if options.json:
        terminal.give(as_json(row))
    else:
        terminal.say(f"{row.id} is put off until {moment(until, terminal.zone)}")
    return 0


def _move(
    options: Options, terminal: Terminal, happened: AnomalyEvent, **values: str
) -> int:
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        _must_exist(opened.database, options.anomaly)
        opened.database.write(
            "anomaly.move",
            lambda tx: anomalies.move(tx, options.anomaly, happened, by=by, **values),
        )
        row = _must_exist(opened.database, options.anomaly)
    if options.json:
        terminal.give(as_json(row))
    else:
        terminal.say(f"{row.id} is {row.state} {row.assignee}".rstrip())
    return 0


def _must_exist(database: Database, anomaly: str) -> Row[*tuple[Any, ...]]:
    row = database.read(anomalies.find, anomaly)
    if row is None:
        raise Refusal(f"there is no anomaly {anomaly!r}; see: octway anomaly list")
    return row


def _words(options: Options) -> str:
    words = " ".join(options.words).strip()
    if not words:
        raise Refusal("no words are given", WRONG_USAGE)
    return words

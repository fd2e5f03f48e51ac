"""`octway anomaly`: what a person must see, from a terminal."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from gateway.cli import anomaly_lots, opening
from gateway.cli.arguments import Actions, Options, Parser, add_by
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.tables import facts, table
from gateway.cli.terminal import Terminal
from gateway.cli.wording import counted, moment
from gateway.database import Database
from gateway.intake.receipts import iso_time
from gateway.journal import anomalies, chased
from routing.lifecycle import AnomalyEvent

EXAMPLE: Final = (
    "octway anomaly list\n"
    "octway anomaly assign a0123456789abcdefgh lea\n"
    "octway anomaly resolve a0123456789abcdefgh 'the fund was added'"
)
ADVICE: Final = {
    "deposit-unreadable": "look at the file's problems (octway trace), tell its client",
    "deposit-damaged": "look at the file's problems (octway trace); its client must send "
    "what is missing again",
    "lot-refused": "its client has the reasons; a corrected lot must come",
    "lot-held": "mend the cause (often the payer directory); held lots go on by "
    "themselves when a new directory is loaded",
    "dispatch-refused": "ask the payer why; then octway replay DISPATCH, or withdraw it",
    "dispatch-unclear": "ask the payer whether it has the file; if not: octway replay "
    "DISPATCH --resend",
    "payer-locked-out": "mend key, password or host key of its endpoint, then "
    "octway payer test PAYER",
    "payer-unreachable": "octway payer test PAYER; sending goes on by itself when it answers",
    "return-unreadable": "ask the payer what it sent; then octway replay RETURN",
    "return-orphans": "the answers are kept and tried again by themselves",
    "return-foreign": "if that payer does answer there, give it the endpoint, or its "
    "codes a successor, in the directory; else ask whose outbox it is what it sent",
    "return-absurd": "ask the payer; if it was meant, confirm it: octway match list",
    "return-gap": "ask the payer for the files with these numbers; a late one closes it by "
    "itself",
    "deposit-gap": "ask the client's software for the files with these numbers, or whether "
    "they ever were; a late one closes it by itself",
    "answer-late": "what is late is chased by itself (octway remedy plan); a late answer "
    "closes it",
    "answer-missing": "ask the payer; then octway remedy again LOT, or replay or withdraw it",
    "payer-silent": "ask the payer whether it is out; its chases go on by themselves",
    "remedy-approval": "octway remedy list --state approval; then approve or deny each",
}
"""What to do about each kind of anomaly, in one line."""


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    listed = actions.add(
        "list", "list open anomalies", "octway anomaly list --kind lot-held", _list
    )
    listed.add_argument("--all", action="store_true", help="resolved ones too")
    listed.add_argument("--kind", choices=list(anomalies.KINDS), metavar="KIND")
    listed.add_argument("--payer", metavar="ID")
    listed.add_argument("--client", metavar="ID")
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
    for each in (show, assign, comment, resolve):
        each.add_argument("anomaly", metavar="ID")
    assign.add_argument("to", metavar="NAME")
    for each in (comment, resolve):
        each.add_argument("words", nargs="+", metavar="WORDS")
    for each in (assign, comment, resolve):
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
        "first_seen": iso_time(row.first_seen),
        "last_seen": iso_time(row.last_seen),
        "assignee": row.assignee or None,
        "resolution": row.resolution or None,
        "words": row.words,
    }


def _list(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        rows = opened.database.read(anomalies.listed, all_states=options.all)
    rows = [
        row
        for row in rows
        if options.kind in (None, row.kind)
        and options.payer in (None, row.payer_id)
        and options.client in (None, row.client_id)
    ]
    if options.json:
        terminal.give({"anomalies": [as_json(row) for row in rows]})
        return 0
    if not rows:
        terminal.say("no anomaly is open; nothing needs a person")
        return 0
    table(
        terminal,
        ("anomaly", "severity", "kind", "whose", "seen", "last", "state", "words"),
        [
            (
                row.id,
                row.severity,
                row.kind,
                row.payer_id or row.client_id,
                f"{row.seen:,}",
                moment(row.last_seen, terminal.zone),
                f"{row.state} {row.assignee}".rstrip(),
                row.words,
            )
            for row in rows
        ],
        right=("seen",),
    )
    return 0


def _show(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        row = _must_exist(opened.database, options.anomaly)
        comments = opened.database.read(anomalies.comments, options.anomaly)
        lots, count = opened.database.read(chased.behind, row)
    advice = ADVICE.get(row.kind, "")
    if options.json:
        terminal.give(
            as_json(row)
            | {
                "advice": advice,
                "comments": [
                    {"at": iso_time(each.at), "by": each.author, "words": each.words}
                    for each in comments
                ],
                "lots": [anomaly_lots.as_json(each) for each in lots],
                "lot_count": count,
            }
        )
        return 0
    show(row, terminal)
    anomaly_lots.show(lots, count, terminal)
    for each in comments:
        when = moment(each.at, terminal.zone)
        terminal.say(f"{when}  {each.author}: {each.words}")
    return 0


def show(row: Row[*tuple[Any, ...]], terminal: Terminal) -> None:
    """Print one anomaly for people, with what to do."""
    terminal.say(terminal.paint(row.words, "bold"))
    meaning = anomalies.KINDS.get(row.kind, "")
    facts(
        terminal,
        [
            ("anomaly", row.id),
            ("kind", f"{row.kind} ({row.severity}): {meaning}"),
            ("state", f"{row.state} {row.assignee}".rstrip()),
            ("resolution", row.resolution),
            ("about", row.subject),
            ("payer", row.payer_id),
            ("client", row.client_id),
            (
                "seen",
                f"{counted(row.seen, 'time')}, first "
                f"{moment(row.first_seen, terminal.zone)}, last "
                f"{moment(row.last_seen, terminal.zone)}",
            ),
            ("what to do", ADVICE.get(row.kind, "")),
        ],
    )


def _assign(options: Options, terminal: Terminal) -> int:
    return _move(options, terminal, AnomalyEvent.ASSIGN, assignee=options.to)


def _resolve(options: Options, terminal: Terminal) -> int:
    words = _words(options)
    return _move(options, terminal, AnomalyEvent.RESOLVE, resolution=words)


def _comment(options: Options, terminal: Terminal) -> int:
    words = _words(options)
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        _must_exist(opened.database, options.anomaly)
        opened.database.write(
            "anomaly.comment",
            lambda tx: anomalies.comment(tx, options.anomaly, by=by, words=words),
        )
    if options.json:
        terminal.give({"id": options.anomaly, "by": by, "words": words})
    else:
        terminal.say(f"noted under {options.anomaly}")
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

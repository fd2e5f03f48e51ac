"""A life on one screen: the answer first, then the details that bear it out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from gateway.cli import (
    trace_chase,
    trace_codes,
    trace_documents,
    trace_parts,
    webhook_shown,
)
from gateway.cli.anomaly_shown import show as show_anomaly
from gateway.cli.payer_names import today_of
from gateway.cli.tables import facts, heading, table
from gateway.cli.terminal import Terminal
from gateway.cli.trace_codes import CodeTold
from gateway.journal.life import Life
from gateway.pursuit import Pursuit
from gateway.telling import coming, events, parts, standing, todo
from gateway.telling.payment import payment_words
from gateway.telling.voice import English
from gateway.wording import counted, moment, money, size

AnyRow = Row[*tuple[Any, ...]]


def show(
    life: Life, pursuit: Pursuit, codes: list[CodeTold], terminal: Terminal
) -> None:
    """Print a life; `codes` are its payers', explained."""
    if life.anomaly is not None:
        show_anomaly(life.anomaly, terminal)
        _timeline(life, terminal)
        return
    voice = English(terminal.zone)
    headline = standing.headline(life, voice)
    terminal.say(terminal.paint(headline, "bold"))
    for own in todo.todo(life, pursuit, voice):
        terminal.say(terminal.paint(f"-> {own.words}", "yellow"))
    terminal.say()
    facts(terminal, _who(life, terminal))
    trace_parts.show_routing(life, terminal)
    _problems(life, terminal)
    trace_codes.show(codes, terminal)
    _lots(life, terminal)
    trace_documents.show(life, terminal)
    _owed(life, terminal)
    _payments(life, terminal)
    trace_chase.show(pursuit, terminal, voice)
    _answers(life, terminal)
    _receipts(life, terminal)
    webhook_shown.show_told(life.webhooks, terminal)
    _anomalies(life, terminal)
    _timeline(life, terminal)
    _numbers(pursuit, terminal)
    steps = coming.next_steps(life, pursuit, terminal.now(), voice)
    heading(terminal, "Next, by itself")
    for each in steps or ["nothing; it is at its end"]:
        terminal.say(f"  {each}")


def _numbers(pursuit: Pursuit, terminal: Terminal) -> None:
    """Show what may be done now with numbers that payers take once only."""
    if not pursuit.numbers:
        return
    heading(terminal, "Numbers: what may be done now")
    for lot, ruling in pursuit.numbers:
        terminal.say(f"  {lot.number} of {lot.series}: {ruling.words}; {ruling.advice}")


def _who(life: Life, terminal: Terminal) -> list[tuple[str, str]]:
    found = []
    row = life.deposit
    if row is not None:
        when = moment(row.received_at, terminal.zone)
        found.append(("deposit", f"{row.id}  {row.filename}  {size(row.size)}"))
        found.append(("received", f"{when} over {row.channel}"))
        found.append(("sha256", row.sha256))
        if row.format:
            what = f"{row.format}: {counted(row.lots, 'lot')}, "
            found.append(("format", what + counted(row.claims, "claim")))
    if life.client is not None:
        names = (life.client.name, life.client.software, life.client.vendor)
        more = ", ".join(each for each in names if each)
        found.append(("client", f"{life.client.id}  {more}"))
        if life.client.test:
            found.append(("sandbox", "a test: its payers are simulated, nothing left"))
    if life.claim is not None:
        claim = life.claim
        found.append(
            ("invoice", f"{claim.number} of {claim.date}, record {claim.record}")
        )
    found += trace_parts.standing(life, terminal)
    if life.promise is not None:
        promise = life.promise
        words = f"of {promise.communicated}, valid until {promise.valid_until}"
        found.append(("payment commitment", words))
    if life.payer_return is not None:
        returned = life.payer_return
        found.append(("return", f"{returned.id}  {returned.format} {returned.kind}"))
        found.append(("collected", moment(returned.collected_at, terminal.zone)))
        found.append(("sha256", returned.sha256))
    found += [(f"dispatch {row.number}", _dispatch(row)) for row in life.dispatches]
    return found


def _dispatch(row: AnyRow) -> str:
    attempts = f", {counted(row.attempts, 'failed attempt')}" if row.attempts else ""
    why = f": {row.cause_words}" if row.cause_words else ""
    name = row.filename or "no file yet"
    return f"{row.id}  {name} to {row.payer_id}, {row.state}{attempts}{why}"


def _lots(life: Life, terminal: Terminal) -> None:
    if not life.lots:
        return
    heading(terminal, "Lots")
    table(
        terminal,
        (
            "lot",
            "sender",
            "claims",
            "amount",
            "payer",
            "state",
            "dispatch file",
            "last answer",
        ),
        [
            (
                parts.lot_name(row, English()),
                row.sender,
                f"{row.claims:,}",
                money(row.asked),
                row.payer_id or row.payer_code or "",
                _state(life, row),
                row.dispatch_file or "",
                _last_answer(life, row, terminal),
            )
            for row in life.lots
        ],
        right=("claims", "amount"),
        indent="  ",
    )
    if life.lot_count > len(life.lots):
        states = ", ".join(f"{n:,} {state}" for state, n in sorted(life.states.items()))
        terminal.say(f"  of {counted(life.lot_count, 'lot')}: {states}")


def _state(life: Life, row: AnyRow) -> str:
    if row.cause:
        return f"{row.state} ({row.cause})"
    stands = life.of_lot.get(row.id, ())
    apart = (each for each in stands if each.account != row.account)
    words = standing.claims_in_words(apart, English())
    return f"{row.state} ({words})" if words else str(row.state)


def _last_answer(life: Life, row: AnyRow, terminal: Terminal) -> str:
    answer = life.last_answer.get(row.id)
    if answer is None:
        return ""
    when = moment(answer.matched_at, terminal.zone) if answer.matched_at else ""
    return f"{answer.outcome} {when}".rstrip()


def _owed(life: Life, terminal: Terminal) -> None:
    if not life.owed:
        return
    heading(terminal, "Owed")
    table(
        terminal,
        ("payer", "answer", "owed", "state", "due", "missing after"),
        [
            (
                row.payer_id,
                f"{row.kind} of each {row.level}",
                f"{int(row.owed):,}",
                row.state,
                moment(row.due_at, terminal.zone),
                moment(row.missing_at, terminal.zone),
            )
            for row in life.owed
        ],
        right=("owed",),
        indent="  ",
    )


def _payments(life: Life, terminal: Terminal) -> None:
    if not life.payments:
        return
    heading(terminal, "Payments")
    today = today_of(terminal).isoformat()
    for row in life.payments:
        terminal.say(f"  {payment_words(row, today, English())}")


def _receipts(life: Life, terminal: Terminal) -> None:
    if not life.receipts:
        return
    heading(terminal, "Receipts given")
    for row in life.receipts:
        place = f"entry {row.number} of {row.client_id}'s chain"
        terminal.say(f"  {row.id}  for {row.kind} {row.subject}, {place}")


def _answers(life: Life, terminal: Terminal) -> None:
    rows = [] if life.payer_return is not None else list(life.returns)
    if rows:
        heading(terminal, "Returns")
        table(
            terminal,
            ("return", "file", "kind", "collected", "state", "matched"),
            [
                (
                    row.id,
                    row.remote_name,
                    row.kind,
                    moment(row.collected_at, terminal.zone),
                    row.state,
                    f"{row.matched:,} of {row.answers:,}",
                )
                for row in rows
            ],
            indent="  ",
        )
    if life.handbacks:
        heading(terminal, "Given back")
        table(
            terminal,
            ("client", "file", "state", "ready", "fetched"),
            [
                (
                    row.client_id,
                    row.filename,
                    row.state,
                    moment(row.created_at, terminal.zone),
                    moment(row.fetched_at, terminal.zone) if row.fetched_at else "",
                )
                for row in life.handbacks
            ],
            indent="  ",
        )


def _problems(life: Life, terminal: Terminal) -> None:
    if not life.problems:
        return
    heading(terminal, "Problems in the file")
    for row in life.problems:
        place = f"record {row.record}" if row.record is not None else "file"
        if row.position is not None:
            place += f", position {row.position}"
        terminal.say(f"  {row.severity}: {place}: {row.message}")
    deposit = life.deposit
    if deposit is not None and deposit.errors + deposit.warnings > len(life.problems):
        terminal.say(
            f"  the file has {counted(deposit.errors, 'error')} and "
            f"{counted(deposit.warnings, 'warning')} in all"
        )


def _anomalies(life: Life, terminal: Terminal) -> None:
    if not life.anomalies:
        return
    heading(terminal, "Anomalies")
    table(
        terminal,
        ("anomaly", "kind", "state", "seen", "words"),
        [
            (
                row.id,
                row.kind,
                f"{row.state} {row.assignee}".rstrip(),
                f"{row.seen:,}",
                row.words,
            )
            for row in life.anomalies
        ],
        right=("seen",),
        indent="  ",
    )


def _timeline(life: Life, terminal: Terminal) -> None:
    heading(terminal, "What happened")
    voice = English(terminal.zone)
    for each in life.happened:
        subject = _name(life, each.subject) if each.times == 1 else ""
        subject = f"{subject}: " if subject else ""
        terminal.say(
            f"  {moment(each.first, terminal.zone)}  {subject}{events.words(each, voice)}"
        )


def _name(life: Life, subject: str) -> str:
    """Call a subject what people call it."""
    for lot in life.lots:
        if lot.id == subject:
            return f"lot {parts.lot_name(lot, English())}"
    for row in life.dispatches:
        if row.id == subject:
            return f"dispatch {row.number}"
    for row in life.returns:
        if row.id == subject:
            return f"return {row.remote_name}"
    for row in life.handbacks:
        if row.id == subject:
            return str(row.filename)
    return ""

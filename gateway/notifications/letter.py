"""A message as one recipient reads it: subject, plain text, HTML, facts for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import attrs
from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from config.notification_records import SEVERITIES, Recipient
from gateway.intake.receipts import iso_time
from gateway.notifications.content import ClientLine, Content, Line, Status
from gateway.notifications.wording import (
    COUNTED,
    TITLES,
    TOPIC_ADVICE,
    TOPICS,
    Words,
)

_TEMPLATES: Final = Environment(
    loader=PackageLoader("gateway.notifications"),
    autoescape=select_autoescape(("html",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@frozen(kw_only=True)
class Letter:
    """A message that is ready to go; the same row gives the same letter, always."""

    id: str
    rule: str
    at: float
    subject: str
    text: str
    html: str
    facts: str  # JSON


@frozen(kw_only=True)
class _Item:
    """One entry: a heading, lines below it, and where to look."""

    head: str
    lines: tuple[str, ...]
    todo: str
    link: str = ""


@frozen(kw_only=True)
class _Section:
    title: str
    entries: tuple[_Item, ...]


def letter(
    notice: str, rule: str, recipient: Recipient, content: Content, console: str
) -> Letter:
    """Write a message in the recipient's language and zone.

    `console` is the address of the console that links lead into; without one the
    command is named.
    """
    its = Words(recipient)
    console = console.rstrip("/")
    sections = [*_of_anomalies(content, its, console), *_of_clients(content, its)]
    subject = f"Octway: {_subject(content, its)}"
    return _written(notice, rule, recipient, content, subject, sections, its, console)


def trial_letter(notice: str, recipient: Recipient, at: float) -> Letter:
    """Write a message that says that it is a test."""
    its = Words(recipient)
    subject = f"Octway: {its.say('test message')}"
    text = "This is a test message of Octway. Who reads this will get the others too."
    section = _Section(title=its.say(text), entries=())
    content = Content(at=at)
    return _written(notice, "test", recipient, content, subject, [section], its, "")


def _written(
    notice: str,
    rule: str,
    recipient: Recipient,
    content: Content,
    subject: str,
    sections: list[_Section],
    its: Words,
    console: str,
) -> Letter:
    made = its.say(
        "Made by Octway on {at}, by the rule {rule}. Nobody reads answers to this "
        "address.",
        at=its.moment(content.at),
        rule=rule,
    )
    given = {
        "language": recipient.language,
        "subject": subject,
        "sections": sections,
        "more": _more(content, its),
        "made": made,
    }
    return Letter(
        id=notice,
        rule=rule,
        at=content.at,
        subject=subject,
        text=_TEMPLATES.get_template("message.txt").render(given),
        html=_TEMPLATES.get_template("message.html").render(given),
        facts=_facts(notice, rule, content, subject, console),
    )


def _more(content: Content, its: Words) -> str:
    """Say what had no room, by kind."""
    total = sum(content.more.values())
    kinds = ", ".join(f"{kind} {n}" for kind, n in content.more.items())
    words = ("and {n} more: {kinds}", "and {n} more: {kinds}")
    return its.many(words, total, kinds=kinds) if total else ""


def _subject(content: Content, its: Words) -> str:
    if content.clients:
        words = ("{n} matter for your software", "{n} matters for your software")
        return its.many(words, len(content.clients))
    parts = []
    for status, words in COUNTED.items():
        count = sum(line.status == status for line in content.lines)
        if count:
            parts.append(its.many(words, count))
    more = sum(content.more.values())
    if more:
        parts.append(its.many(("and {n} more", "and {n} more"), more))
    found = {line.severity for line in content.lines if line.status != Status.RESOLVED}
    worst = [each for each in SEVERITIES if each in found]
    if worst:
        parts.append(its.say("worst: {severity}", severity=its.say(worst[-1])))
    return ", ".join(parts)


def _of_anomalies(content: Content, its: Words, console: str) -> Iterator[_Section]:
    for status, title in TITLES.items():
        entries = tuple(
            _item(line, content.at, its, console)
            for line in content.lines
            if line.status == status
        )
        if entries:
            yield _Section(title=its.say(title), entries=entries)


def _item(line: Line, at: float, its: Words, console: str) -> _Item:
    head = [f"[{its.say(line.severity)}] {line.kind}"]
    if line.payer:
        head.append(its.say("payer {name}", name=line.payer))
    if line.answer:
        head.append(its.say("answer {kind}", kind=its.say(line.answer)))
    if line.client:
        head.append(its.say("client {name}", name=line.client))
    if line.code:
        head.append(its.say("code {name}", name=line.code))
    counts = [its.many(("seen {n} time", "seen {n} times"), line.seen)]
    if line.claims:
        counts.insert(0, its.many(("{n} claim", "{n} claims"), line.claims))
    resolved = line.status == Status.RESOLVED
    if not resolved:
        counts.append(its.say("open for {span}", span=its.span(at - line.since)))
    advice = "" if resolved else its.advice(line)
    look = its.say("Look: octway anomaly show {id}", id=line.anomaly)
    return _Item(
        head=", ".join(head),
        lines=(its.meaning(line), ", ".join(counts), *(() if console else (look,))),
        todo=its.say("To do: {what}", what=advice) if advice else "",
        link=_link(console, line.anomaly),
    )


def _of_clients(content: Content, its: Words) -> Iterator[_Section]:
    for client in dict.fromkeys(each.client for each in content.clients):
        entries = tuple(
            _client_item(each, content.days, its)
            for each in content.clients
            if each.client == client
        )
        title = its.say("client {name}", name=client)
        yield _Section(title=title, entries=entries)


def _client_item(line: ClientLine, days: int, its: Words) -> _Item:
    head = its.many(TOPICS[line.topic], line.count, days=days)
    if line.payer:
        head += f", {its.say('payer {name}', name=line.payer)}"
    advice = its.say(TOPIC_ADVICE[line.topic])
    return _Item(
        head=head,
        lines=(its.meaning(line),) if line.cause else (),
        todo=its.say("To do: {what}", what=advice),
    )


def _link(console: str, anomaly: str) -> str:
    return f"{console}/anomalies/{anomaly}" if console else ""


def _facts(notice: str, rule: str, content: Content, subject: str, console: str) -> str:
    lines: list[dict[str, Any]] = [
        attrs.asdict(each)
        | {"since": iso_time(each.since), "link": _link(console, each.anomaly) or None}
        for each in content.lines
    ]
    facts = {
        "id": notice,
        "rule": rule,
        "at": iso_time(content.at),
        "subject": subject,
        "anomalies": lines,
        "more": dict(content.more),
        "clients": [attrs.asdict(each) for each in content.clients],
    }
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))

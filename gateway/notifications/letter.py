"""A message as one recipient reads it: subject, plain text, HTML, facts for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from config.notification_records import SEVERITIES, Recipient
from gateway.intake.receipts import iso_time
from gateway.notifications.content import ClientLine, Content, Line, Status
from gateway.notifications.wording import Words, words

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
    its = words(recipient.language)
    console = console.rstrip("/")
    sections = [
        *_of_anomalies(content, its, console),
        *_of_clients(content, its),
    ]
    subject = f"Octway: {_subject(content, its)}"
    return _written(notice, rule, recipient, content, subject, sections, its, console)


def trial_letter(notice: str, recipient: Recipient, at: float) -> Letter:
    """Write a message that says that it is a test."""
    its = words(recipient.language)
    subject = f"Octway: {its.of('message', 'test')}"
    section = _Section(title=its.of("message", "test_text"), entries=())
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
    local = datetime.fromtimestamp(content.at, ZoneInfo(recipient.time_zone))
    at = f"{local:%Y-%m-%d %H:%M} ({recipient.time_zone})"
    total = sum(content.more.values())
    more = ""
    if total:
        kinds = ", ".join(f"{kind} {n}" for kind, n in content.more.items())
        others = its.counted("message", "more", total)
        more = its.of("message", "rest", more=others, kinds=kinds)
    given = {
        "language": recipient.language,
        "subject": subject,
        "sections": sections,
        "more": more,
        "made": its.of("message", "made", at=at, rule=rule),
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


def _subject(content: Content, its: Words) -> str:
    if content.clients:
        return its.counted("message", "clients", len(content.clients))
    more = sum(content.more.values())
    parts = []
    for status in Status:
        count = sum(line.status == status for line in content.lines)
        if count:
            parts.append(its.counted("message", status.value, count))
    if more:
        parts.append(its.counted("message", "more", more))
    found = {line.severity for line in content.lines if line.status != Status.RESOLVED}
    worst = [each for each in SEVERITIES if each in found]
    if worst:
        parts.append(its.of("message", "worst", severity=its.of("severity", worst[-1])))
    return ", ".join(parts)


def _of_anomalies(content: Content, its: Words, console: str) -> Iterator[_Section]:
    for status in Status:
        items = tuple(
            _item(line, content.at, its, console)
            for line in content.lines
            if line.status == status
        )
        if items:
            title = its.of("message", f"title_{status.value}")
            yield _Section(title=title, entries=items)


def _item(line: Line, at: float, its: Words, console: str) -> _Item:
    whose = [
        its.of("message", key, name=name)
        for key, name in (
            ("payer", line.payer),
            ("client", line.client),
            ("code", line.code),
        )
        if name
    ]
    head = ", ".join([f"[{its.of('severity', line.severity)}] {line.kind}", *whose])
    counts = [its.counted("message", "seen", line.seen)]
    if line.claims:
        counts.insert(0, its.counted("message", "claims", line.claims))
    resolved = line.status == Status.RESOLVED
    if not resolved:
        counts.append(its.of("message", "since", span=its.span(at - line.since)))
    said = its.of("cause", line.cause) if line.cause else its.of("kind", line.kind)
    advice = its.of("cause_advice", line.cause) or its.of("advice", line.kind)
    look = its.of("message", "look", id=line.anomaly)
    return _Item(
        head=head,
        lines=(said, ", ".join(counts), *(() if console else (look,))),
        todo="" if resolved or not advice else its.of("message", "todo", what=advice),
        link=_link(console, line.anomaly),
    )


def _of_clients(content: Content, its: Words) -> Iterator[_Section]:
    for client in dict.fromkeys(each.client for each in content.clients):
        items = tuple(
            _client_item(each, content.days, its)
            for each in content.clients
            if each.client == client
        )
        yield _Section(
            title=its.of("message", "client", name=client),
            entries=items,
        )


def _client_item(line: ClientLine, days: int, its: Words) -> _Item:
    head = its.counted("topic", line.topic, line.count, days=days)
    if line.payer:
        head += f", {its.of('message', 'payer', name=line.payer)}"
    cause = (its.of("cause", line.cause),) if line.cause else ()
    todo = its.of("message", "todo", what=its.of("topic_advice", line.topic))
    return _Item(head=head, lines=cause, todo=todo)


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

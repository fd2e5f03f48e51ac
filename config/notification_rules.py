"""Reads the rules of `notifications.toml`, and says what none of them can mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from config.notification_records import SEVERITIES, Quiet, Rule, Schedule
from config.reader import Table
from config.times import minutes, weekdays

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_PLAN: Final = re.compile(r"daily (\d\d:\d\d)|weekly ([A-Za-z,-]+) (\d\d:\d\d)")
_QUIET: Final = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
_EVERY_DAY: Final = tuple(range(7))
_DAY_MINUTES: Final = 24 * 60
_MOST_LINES: Final = 200
_OF_ANOMALIES: Final = ("when", "min_claims", "digest", "resolved", "repeat_after")
_AT_ONCE: Final = ("gather", "pause", "urgent")


def read_rule(table: Table, zone: str) -> Rule:
    """Read one `[[rule]]`; what it names is looked at elsewhere."""
    when = table.table("when")
    clients = table.choice("about", ("anomalies", "clients"), "anomalies") == "clients"
    schedule = _schedule(table)
    rule = Rule(
        name=table.get("name", str),
        to=table.texts("to"),
        about_clients=clients,
        kinds=when.texts("kinds"),
        severity=when.choice("severity", SEVERITIES, SEVERITIES[0]),
        payers=when.texts("payers"),
        clients=when.texts("clients"),
        min_claims=table.get("min_claims", int, 0),
        schedule=schedule,
        quiet=_quiet(table),
        urgent=table.choice("urgent", SEVERITIES, ""),
        time_zone=read_zone(table, zone),
        everything=table.get("digest", bool, default=False),
        resolved=table.get("resolved", bool, default=False),
        repeat_after=table.duration("repeat_after", "0s"),
        gather=table.duration("gather", "60s"),
        pause=table.duration("pause", "10m"),
        most=table.get("most", int, 25),
        unfetched_after=table.duration("unfetched_after", "3d"),
    )
    when.done()
    _check(table, rule)
    table.done()
    return rule


def read_zone(table: Table, default: str) -> str:
    """Read a time zone of a table; a bad one is noted and reads as the default."""
    name = table.get("time_zone", str, default)
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a zone not found is a KeyError
        table.wrong("time_zone", f"is {name!r}; wanted a zone such as Europe/Paris")
        return default
    return name


def check_rules(root: Table, rules: Sequence[Rule]) -> None:
    """Note what only all rules together show."""
    names = [each.name for each in rules]
    for place, name in enumerate(names):
        if name and name in names[:place]:
            root.wrong(
                f"rule[{place}].name", f"is {name!r} again; wanted one of its own"
            )


def _schedule(table: Table) -> Schedule | None:
    text = table.get("at", str, "now")
    if text in ("now", ""):
        return None
    try:
        return _planned(text)
    except ValueError as error:
        table.wrong("at", str(error))
        return None


def _planned(text: str) -> Schedule:
    match = _PLAN.fullmatch(text)
    if match is None:
        raise ValueError(
            f"is {text!r}; wanted 'now', 'daily 08:00', 'weekly mon 08:00' or "
            "'weekly mon-fri 08:00'"
        )
    days = weekdays(match[2].title()) if match[2] else _EVERY_DAY
    return Schedule(days, _minute(match[1] or match[3]))


def _quiet(table: Table) -> Quiet | None:
    text = table.get("quiet", str, "")
    try:
        return _hours(text) if text else None
    except ValueError as error:
        table.wrong("quiet", str(error))
        return None


def _hours(text: str) -> Quiet:
    match = _QUIET.fullmatch(text)
    if match is None or match[1] == match[2]:
        raise ValueError(f"is {text!r}; wanted hours such as 20:00-07:00")
    return Quiet(_minute(match[1]), _minute(match[2]))


def _minute(text: str) -> int:
    return minutes(text) % _DAY_MINUTES


def _check(table: Table, rule: Rule) -> None:
    if rule.name and not NAME.fullmatch(rule.name):
        table.wrong("name", f"is {rule.name!r}; wanted letters, digits, dots, - and _")
    if not rule.to:
        table.wrong("to", "is empty; wanted names of recipients, or mailto: addresses")
    if not 0 < rule.most <= _MOST_LINES:
        table.wrong("most", f"is {rule.most}; wanted lines from 1 to {_MOST_LINES}")
    if rule.min_claims < 0:
        table.wrong("min_claims", f"is {rule.min_claims}; wanted 0 or more")
    if rule.schedule is not None and rule.quiet is not None:
        minute, quiet = rule.schedule.minute, rule.quiet
        after, length = (
            (each - quiet.begins) % _DAY_MINUTES for each in (minute, quiet.ends)
        )
        if after < length:
            table.wrong(
                "at", "is in its own quiet hours; wanted a time outside of them"
            )
    _check_keys(table, rule)


def _check_keys(table: Table, rule: Rule) -> None:
    """Refuse keys that would do nothing in such a rule."""
    if rule.about_clients:
        if rule.schedule is None and table.data.get("at", "now") == "now":
            table.wrong("at", "is 'now'; a rule about clients wants daily or weekly")
        useless = [*_OF_ANOMALIES, *_AT_ONCE]
    else:
        useless = ["unfetched_after", *(_AT_ONCE if rule.schedule is not None else ())]
    if rule.quiet is None:
        useless.append("urgent")
    for key in dict.fromkeys(useless):
        if key in table.data:
            table.wrong(key, "does nothing in such a rule; wanted it left out")
    if rule.everything and rule.schedule is None:
        table.wrong("digest", "is of no use with at = 'now'; wanted daily or weekly")

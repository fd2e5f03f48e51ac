"""An anomaly for people: what it is, whom it touches, and what would mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row

from gateway.cli.tables import facts, table
from gateway.cli.terminal import Terminal
from gateway.journal import anomalies, anomaly_facts
from gateway.journal.anomaly_items import MOST, Reach
from gateway.telling.advice import advice_of
from gateway.wording import counted, listing, moment, money
from protocols.labels import Explained

AnyRow = Row[*tuple[Any, ...]]
_SHOWN: Final = 20
_MOSTLY: Final = 0.8  # of the claims, from which one software is named as the place
_ENOUGH: Final = 10  # claims, to say so


def command_of(row: AnyRow) -> str:
    """Say what to do about an anomaly, in commands."""
    advice = advice_of(row)
    return advice.command if advice is not None else ""


def show(
    row: AnyRow,
    terminal: Terminal,
    reach: Reach | None = None,
    official: Mapping[str, str] = MappingProxyType({}),
    meaning: Explained | None = None,
) -> None:
    """Print one anomaly, with its reach where it is known, and what to do.

    `official` are the payers' own words for its code, by language; `meaning` is what
    Octway itself knows of a code for which a payer would refuse.
    """
    terminal.say(terminal.paint(row.words, "bold"))
    kind = anomalies.KINDS.get(row.kind, "")
    known = anomaly_facts.facts_of(row)
    facts(
        terminal,
        [
            ("anomaly", row.id),
            ("kind", f"{row.kind} ({row.severity}): {kind}"),
            ("state", f"{row.state} {row.assignee}".rstrip()),
            (
                "put off until",
                moment(row.snoozed_until, terminal.zone) if row.snoozed_until else "",
            ),
            ("resolution", row.resolution),
            ("about", row.subject),
            ("payer", row.payer_id),
            ("client", row.client_id),
            ("touches", _reach(row, known, reach)),
            ("made by", _software(known)),
            (
                "seen",
                f"{counted(row.seen, 'time')}, first "
                f"{moment(row.first_seen, terminal.zone)}, last "
                f"{moment(row.last_seen, terminal.zone)}",
            ),
            *((f"official, {name}", words) for name, words in official.items()),
            ("means", f"{meaning.written}: {meaning.label['en']}" if meaning else ""),
            ("would mend it", row.advice or (meaning.advice if meaning else "")),
            ("what to do", command_of(row)),
        ],
    )


def show_items(items: Sequence[AnyRow], terminal: Terminal) -> None:
    """Print what is behind an anomaly, the newest first."""
    if not items:
        return
    table(
        terminal,
        ("behind it", "claims", "last"),
        [
            (
                each.subject,
                f"{each.claims:,}" if each.claims else "",
                moment(each.at, terminal.zone),
            )
            for each in items[:_SHOWN]
        ],
        right=("claims",),
        indent="  ",
    )
    if len(items) > _SHOWN:
        more = f"{len(items) - _SHOWN:,}" + ("+" if len(items) >= MOST else "")
        terminal.say(f"  and {more} more: --json lists them")


def _reach(row: AnyRow, known: Mapping[str, Any], reach: Reach | None) -> str:
    parts = []
    if row.claims:
        parts.append(counted(row.claims, "claim"))
    if reach is not None and reach.items:
        noun = "deposit" if row.kind.startswith("deposit") else "lot"
        more = " or more" if reach.items >= MOST else ""
        parts.append(counted(reach.items, noun) + more)
        parts.append(counted(max(reach.clients, 1), "client"))
    if known.get("cents"):
        parts.append(money(known["cents"]))
    return ", ".join(parts)


def _software(known: Mapping[str, Any]) -> str:
    """Name the software behind it; one alone if nearly all comes from it."""
    found: Mapping[str, int] = known.get("software", {})
    total = sum(found.values())
    if not total:
        return ""
    ranked = sorted(found, key=lambda name: (-found[name], name))
    first = ranked[0]
    if len(ranked) > 1 and total >= _ENOUGH and found[first] >= _MOSTLY * total:
        return f"nearly all by {first} ({found[first]:,} of {total:,})"
    return listing([f"{name} ({found[name]:,})" for name in ranked])

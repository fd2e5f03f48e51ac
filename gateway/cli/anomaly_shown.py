"""An anomaly for people: what it is, whom it touches, and what would mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row

from gateway.cli.cause_advice import OF_CAUSE
from gateway.cli.tables import facts, table
from gateway.cli.terminal import Terminal
from gateway.cli.wording import counted, listing, moment, money
from gateway.journal import anomalies, anomaly_facts
from gateway.journal.anomaly_items import MOST, Reach
from protocols.labels import Explained

AnyRow = Row[*tuple[Any, ...]]
_SHOWN: Final = 20
_MOSTLY: Final = 0.8  # of the claims, from which one software is named as the place
_ENOUGH: Final = 10  # claims, to say so
ADVICE: Final = {
    "deposit-unreadable": "look at the file's problems (octway trace), tell its client",
    "deposit-damaged": "look at the file's problems (octway trace); its client must send "
    "what is missing again",
    "claims-rejected": "the clients have their answers; what would mend the cause must be "
    "done where the claims are made",
    "lot-refused": "its client has the reasons; a corrected lot must come",
    "lot-held": "mend the cause (often the payer directory); held lots go on by "
    "themselves when a new directory is loaded",
    "attachment-stranded": "see with its client whether the name gives the right sender, "
    "lot and invoice; it goes on by itself, or must go on paper",
    "dispatch-refused": "ask the payer why; then octway replay DISPATCH, or withdraw it",
    "dispatch-unclear": "ask the payer whether it has the file; if not: octway replay "
    "DISPATCH --resend",
    "dispatch-undelivered": "mend what the report says with the payer or the provider; "
    "then octway replay DISPATCH --resend",
    "payer-locked-out": "mend key, password or host key of its endpoint, then "
    "octway payer test PAYER",
    "payer-unreachable": "octway payer test PAYER; sending goes on by itself when it answers",
    "return-stuck": "see with the payer: it is tried again at each turn, and others "
    "are taken meanwhile",
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
    "answer-contradicts": "ask the payer which of its words holds; a settlement closes it",
    "payment-differs": "ask the payer what it paid less, or more, for; then resolve it",
    "payer-silent": "ask the payer whether it is out; its chases go on by themselves",
    "bulk-approval": "another person than who asked looks at it and says "
    "octway anomaly agree ID --by NAME, or refuse, or does so on the console's desk",
    "notification-failed": "mend the address, or what takes its messages; then octway "
    "notify test NAME, octway notify retry --failed; a message that is taken closes it",
    "webhook-disabled": "tell its client (octway webhook list); once mended, the client "
    "puts it back in use, and all that waits is told",
    "remedy-approval": "octway remedy list --state approval; then approve or deny each",
    "certificate-ends": "put its successor into the same file, then load the directory "
    "again (SIGHUP); octway payer test PAYER says which one counts",
    "storage-broken": "restore it from a backup; octway verify says what cannot be read",
}
"""What to do about each kind of anomaly, in one line."""


def advice_of(row: AnyRow) -> str:
    """Say what to do about an anomaly; about held lots by what holds them."""
    cause = row.subject.partition(":")[0] if row.kind == "lot-held" else ""
    return OF_CAUSE.get(cause) or ADVICE.get(row.kind, "")


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
            ("what to do", advice_of(row)),
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

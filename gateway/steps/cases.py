"""One case for all that share a cause: who raises what, and under which name.

Claims are counted by transaction: one row is written for each cause, however many
claims of a return it touches.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import define, field
from sqlalchemy import Row, select

from config.cause_files import Cause, known_causes
from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies, clients, schema
from gateway.steps.tie import Tied
from routing.cause import cause_of, roots
from routing.envelope import Outcome, Problem, Remark, Severity, Summary
from routing.sandbox import base

_REJECTING: Final = frozenset({Outcome.REJECTED, Outcome.PARTLY_PAID})
_NO_REASON: Final = Remark("", "")
_LONG_NUMBER: Final = re.compile(r"\d(?:[ .\-/]?\d){4,}")  # may identify a person


@define
class _Group:
    """The claims of one payer that were rejected with one code."""

    label: str
    claims: int = 0
    cents: int = 0
    clients: Counter[str] = field(factory=Counter)
    lots: Counter[str] = field(factory=Counter)


def without_numbers(label: str) -> str:
    """Return a payer's own words without numbers that might identify a person."""
    return _LONG_NUMBER.sub("…", label).strip()


def claims_rejected(
    tx: Tx, entropy: Entropy, network: str, tied: Iterable[Tied]
) -> None:
    """Raise what payers rejected: one case for each payer and root cause.

    A consequence of another code in the same answer raises none of its own.
    """
    known = known_causes(base(network))
    groups: dict[tuple[str, str], _Group] = {}
    for each in tied:
        done, answer = each.applied, each.answer
        if done is None or done.repeated or answer.outcome not in _REJECTING:
            continue
        told: Sequence[Remark] = roots(answer.remarks, known)
        if answer.outcome is Outcome.REJECTED:
            told = told or [_NO_REASON]
        for remark in told:
            label = remark.label
            group = groups.setdefault((done.payer, remark.code), _Group(label))
            group.claims += done.claims
            group.cents += done.asked
            group.clients[done.client] += done.claims
            group.lots[done.lot] += done.claims
    if groups:
        software = _software(
            tx, {name for it in groups.values() for name in it.clients}
        )
        for (payer, code), group in groups.items():
            _tell_rejected(tx, entropy, payer, code, group, known, software)


def _tell_rejected(
    tx: Tx,
    entropy: Entropy,
    payer: str,
    code: str,
    group: _Group,
    known: Mapping[str, Cause],
    software: Mapping[str, str],
) -> None:
    cause = cause_of(code, known)
    by_software: Counter[str] = Counter()
    for client, claims in group.clients.items():
        by_software[software[client]] += claims
    label = without_numbers(group.label)
    why = cause.words if cause is not None else label or "no reason is told"
    if cause is not None and cause.simulated:
        why += " (a simulated code)"
    anomalies.raise_(
        tx,
        entropy,
        kind="claims-rejected",
        severity=anomalies.WARNING,
        subject=f"{payer}:{code}",
        payer=payer,
        client=next(iter(group.clients)) if len(group.clients) == 1 else "",
        words=f"{payer} rejects claims with {code or 'no code'}: {why}",
        claims=group.claims,
        facts={
            "code": code,
            "label": label,
            "cents": group.cents,
            "clients": group.clients,
            "software": by_software,
        },
        advice=cause.advice if cause is not None else "",
        items=group.lots,
    )


def lot_refused(tx: Tx, entropy: Entropy, lot: Row[*tuple[Any, ...]]) -> None:
    """Raise that a payer would refuse a lot: one case by problem, field and software."""
    problem = schema.problem
    first = tx.connection.execute(
        select(problem.c.code, problem.c.field)
        .where(
            problem.c.deposit_id == lot.deposit_id,
            problem.c.lot_id == lot.id,
            problem.c.severity == Severity.ERROR,
        )
        .order_by(problem.c.seq)
        .limit(1)
    ).first()
    code, where = ("", "") if first is None else (first.code, first.field or "")
    software = _software(tx, {lot.client_id})[lot.client_id]
    what = f"the problem '{code}'" if code else "errors"
    at = f" in {where}" if where else ""
    anomalies.raise_(
        tx,
        entropy,
        kind="lot-refused",
        severity=anomalies.WARNING,
        subject=f"{lot.network}:{code}:{where}:{software}",
        client=lot.client_id,
        words=f"lots made by {software} have {what}{at}, for which a payer would refuse "
        "them; they were not sent, and their clients have the reasons",
        claims=lot.claims,
        facts={
            "code": code,
            "field": where,
            "cents": lot.asked,
            "clients": {lot.client_id: lot.claims},
            "software": {software: lot.claims},
        },
        items={lot.id: lot.claims},
    )


def deposit_unreadable(
    tx: Tx,
    entropy: Entropy,
    deposit: Row[*tuple[Any, ...]],
    problems: Sequence[Problem],
) -> None:
    """Raise that a deposit cannot be read: one case by cause and client."""
    code = problems[0].code if problems else "no-lot"
    words = problems[0].message if problems else "it holds no lot"
    anomalies.raise_(
        tx,
        entropy,
        kind="deposit-unreadable",
        severity=anomalies.ERROR,
        subject=f"{code}:{deposit.client_id}",
        client=deposit.client_id,
        words=f"deposit {deposit.id}: {words}",
        facts={"code": code},
        items={deposit.id: 0},
    )


def deposit_damaged(
    tx: Tx,
    entropy: Entropy,
    deposit: Row[*tuple[Any, ...]],
    summary: Summary,
    code: str,
    damage: str,
) -> None:
    """Raise that parts of a deposit are in no lot.

    It is one case for all of a client with this first error, format and software.
    """
    client = deposit.client_id
    software = _software(tx, {client})[client]
    anomalies.raise_(
        tx,
        entropy,
        kind="deposit-damaged",
        severity=anomalies.ERROR,
        subject=f"{code}:{summary.format}:{client}:{software}",
        client=client,
        words=f"deposit {deposit.id}: {damage}",
        claims=summary.claims,
        facts={
            "code": code,
            "format": summary.format,
            "clients": {client: summary.claims},
            "software": {software: summary.claims},
        },
        items={deposit.id: summary.claims},
    )


def _software(tx: Tx, names: Iterable[str]) -> dict[str, str]:
    """Name the software of clients."""
    found = clients.software(tx.connection, names)
    return {name: found.get(name, "") or "unknown software" for name in names}

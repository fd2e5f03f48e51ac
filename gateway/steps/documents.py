"""A deposit that is a supporting document: the lot that it is, or why it is none.

Its report is written once it was looked into, not when its name was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, select, update

from gateway.committing import Tx
from gateway.intake.reports import deposit_report
from gateway.journal import attachments, reading, schema
from gateway.steps.found import Found, Placed
from protocols.attachments import Attachments
from protocols.interface import Network
from routing.envelope import Problem, Severity, Summary
from routing.lifecycle import DepositState


def document(
    deposit: Row[*tuple[Any, ...]], network: Network, kind: Attachments
) -> Found:
    """Make one lot without claims of a document; its content is looked into later.

    One whose name does not say to which invoice it belongs is refused.
    """
    about = kind.about(deposit.filename)
    problems: list[Placed] = []
    lots = []
    if about is None:
        problems.append((None, _unnamed(kind)))
    else:
        lots.append(kind.lot(about, sha256=deposit.sha256, size=deposit.size))
    return Found(
        deposit=deposit,
        held=deposit.lease_until,
        network=network.name,
        summary=Summary(
            format=kind.format,
            records=1,
            lots=len(lots),
            claims=0,
            errors=len(problems),
            warnings=0,
        ),
        problems=problems,
        lots=lots,
        about=about,
    )


def open_documents(tx: Tx, read: Iterable[Found]) -> None:
    """Note those of the deposits read that are documents, to be looked into."""
    attachments.open_(
        tx,
        [
            (reading.lot_id(each.deposit.id, 1), each.about)
            for each in read
            if each.about is not None
        ],
    )


def report_document(
    tx: Tx, deposit: str, lot: str, problems: Sequence[Problem]
) -> None:
    """Write the report of a document that was looked into, and count what is wrong."""
    table = schema.deposit
    row = tx.connection.execute(select(table).where(table.c.id == deposit)).one()
    errors = sum(each.severity is Severity.ERROR for each in problems)
    summary = Summary(
        format=row.format,
        records=row.records,
        lots=row.lots,
        claims=0,
        errors=errors,
        warnings=len(problems) - errors,
    )
    lots = [
        {**each, "errors": errors} for each in reading.lots_of(tx.connection, deposit)
    ]
    placed = [(lot, each) for each in problems]
    report = deposit_report(row, DepositState.SPLIT, summary, lots, placed)
    tx.connection.execute(
        update(table)
        .where(table.c.id == deposit)
        .values(errors=errors, warnings=summary.warnings, report=report)
    )


def _unnamed(kind: Attachments) -> Problem:
    words = (
        "the name of this supporting document does not say to which invoice it belongs; "
        f"name it {kind.naming}, and send it again (saved anew: the same bytes are the "
        "same deposit)"
    )
    return Problem(None, None, None, Severity.ERROR, "unnamed-document", words)

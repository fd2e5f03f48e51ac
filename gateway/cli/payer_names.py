"""The payer that a command line means: by its id, or by a code of today.

What is filtered by `--payer` calls `must_be_known` first: a payer that nobody knows
is a mistyped one, and not one of which there is nothing to tell.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import UTC, date, datetime

from sqlalchemy import Connection, select

from config.directory_records import PayerEntry
from gateway.cli import opening
from gateway.cli.opening import Journal
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.journal import schema
from gateway.wording import listing
from protocols.catalog import Catalog
from routing.directory import Directory


def find(directory: Directory, wanted: str, today: date) -> PayerEntry:
    """Find a payer by id, or by a code that is valid today."""
    for payer in directory.payers():
        if payer.id == wanted:
            return payer
    for payer in directory.payers():
        if any(each.code == wanted and each.covers(today) for each in payer.codes):
            return payer
    raise Refusal(unknown(wanted, (each.id for each in directory.payers())))


def must_be_known(opened: Journal, payer: str | None) -> None:
    """Refuse a payer that neither the directory nor the journal has; None is all.

    A payer that has left the directory is known as long as anything in the
    journal names it.
    """
    if payer is None:
        return
    directory = opening.directory_in_force(opened, Catalog.installed())
    names = [each.id for each in directory.payers()]
    if payer not in names and not opened.database.read(_ever_named, payer):
        raise Refusal(f"--payer: {unknown(payer, names)}", WRONG_USAGE)


def unknown(payer: str, names: Iterable[str]) -> str:
    """Say that there is no such payer, and which are called nearly so."""
    known = sorted(names)
    near = difflib.get_close_matches(payer, known, n=3)
    if near:
        return f"there is no payer {payer!r}; did you mean {' or '.join(near)}?"
    hint = f"there are: {listing(known)}" if known else "the directory is empty"
    return f"there is no payer {payer!r}; {hint}; see: octway payer list"


def _ever_named(connection: Connection, payer: str) -> bool:
    columns = (
        schema.expectation.c.payer_id,
        schema.cohort.c.payer_id,
        schema.enrolment.c.payer_id,
        schema.anomaly.c.payer_id,
        schema.lot.c.payer_id,  # without an index, so the last one that is asked
    )
    return any(
        connection.execute(select(column).where(column == payer).limit(1)).first()
        for column in columns
    )


def today_of(terminal: Terminal) -> date:
    """Return the day where the person sits."""
    return datetime.fromtimestamp(terminal.now(), UTC).astimezone(terminal.zone).date()

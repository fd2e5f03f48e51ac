"""The payer that a command line means: by its id, or by a code of today."""

from __future__ import annotations

from datetime import UTC, date, datetime

from config.directory_records import PayerEntry
from gateway.cli.refusal import Refusal
from gateway.cli.terminal import Terminal
from routing.directory import Directory


def find(directory: Directory, wanted: str, today: date) -> PayerEntry:
    """Find a payer by id, or by a code that is valid today."""
    for payer in directory.payers():
        if payer.id == wanted:
            return payer
    for payer in directory.payers():
        if any(each.code == wanted and each.covers(today) for each in payer.codes):
            return payer
    raise Refusal(f"there is no payer {wanted!r}; see: octway payer list")


def today_of(terminal: Terminal) -> date:
    """Return the day where the person sits."""
    return datetime.fromtimestamp(terminal.now(), UTC).astimezone(terminal.zone).date()

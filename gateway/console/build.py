"""Builds the console: the one list of its rooms."""

from __future__ import annotations

from collections.abc import Callable

from gateway.console import (
    acting,
    bulk,
    case,
    cases,
    files,
    matches,
    remedies,
    today,
)
from gateway.console.login import Login
from gateway.console.site import Console
from gateway.console.templates import Templates
from gateway.console.visit import Premises
from gateway.house import House
from gateway.intake.reception import RunInThread
from gateway.intake.ssh_backoff import AddressBackoff
from gateway.journal.snapshot import Snapshot


def build_console(
    *,
    house: House,
    run_in_thread: RunInThread,
    counts: Callable[[], Snapshot | None],
    backoff: AddressBackoff,
    version: str,
) -> Console:
    """Build the console of a node; `counts` gives the newest counts it made."""
    premises = Premises(
        house=house,
        run_in_thread=run_in_thread,
        counts=counts,
        templates=Templates(),
        zone=house.settings.console.time_zone,
        version=version,
    )
    return Console(
        premises,
        [
            *files.pages(),
            *Login(backoff).pages(),
            *today.pages(),
            *cases.pages(),
            *case.pages(),
            *acting.pages(),
            *bulk.pages(),
            *remedies.pages(),
            *matches.pages(),
        ],
    )

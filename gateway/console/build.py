"""Builds the console: the one list of its rooms."""

from __future__ import annotations

from collections.abc import Callable

from gateway.console import (
    account,
    acting,
    audit,
    bulk,
    case,
    cases,
    client_access,
    clients,
    directory,
    enrolments,
    files,
    finding,
    hooks,
    listed,
    lives,
    matches,
    payers,
    people,
    records,
    remedies,
    reports,
    today,
)
from gateway.console.guesses import Guesses
from gateway.console.login import Login
from gateway.console.openid import OpenIdLogin, Provider
from gateway.console.pages import Page
from gateway.console.site import Console
from gateway.console.templates import Templates
from gateway.console.visit import Premises
from gateway.house import House
from gateway.intake.backoff import AddressBackoff
from gateway.intake.reception import RunInThread
from gateway.intake.turnstile import Turnstile
from gateway.journal.snapshot import Snapshot


def build_console(
    *,
    house: House,
    run_in_thread: RunInThread,
    counts: Callable[[], Snapshot | None],
    backoff: AddressBackoff,
    hashing: Turnstile,
    version: str,
) -> Console:
    """Build the console of a node; `counts` gives the newest counts it made.

    `backoff` and `hashing` are what it shares with other doors: who guessed there,
    and how many passwords are checked at once.
    """
    premises = Premises(
        house=house,
        run_in_thread=run_in_thread,
        counts=counts,
        guesses=Guesses(backoff, house.payloads.keys),
        hashing=hashing,
        templates=Templates(),
        zone=house.settings.console.time_zone,
        version=version,
    )
    return Console(
        premises,
        [
            *files.pages(),
            *_login_pages(premises),
            *account.pages(),
            *today.pages(),
            *cases.pages(),
            *case.pages(),
            *acting.pages(),
            *bulk.pages(),
            *remedies.pages(),
            *matches.pages(),
            *finding.pages(),
            *listed.pages(),
            *lives.pages(),
            *records.pages(),
            *hooks.pages(),
            *audit.pages(),
            *people.pages(),
            *directory.pages(),
            *payers.pages(),
            *clients.pages(),
            *client_access.pages(),
            *enrolments.pages(),
            *reports.pages(),
        ],
    )


def _login_pages(premises: Premises) -> list[Page]:
    house = premises.house
    settings = house.settings.openid
    if not settings.issuer:
        return Login().pages()
    other = OpenIdLogin(
        Provider(settings, house.now), Turnstile(premises.run_in_thread)
    )
    return [*Login(settings.name, settings.passwords).pages(), *other.pages()]

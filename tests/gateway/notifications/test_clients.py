"""A vendor's digest: what concerns its own clients, and of nobody else anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from config.notification_records import Rule, Schedule
from gateway.journal import schema
from gateway.notifications.in_force import CurrentNotifications
from tests.gateway.journal.desk import Desk
from tests.gateway.notifications.site_desk import SiteDesk
from tests.gateway.notifications.told import PARIS, Office, at, person
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

DAY = 86_400.0
RULE = Rule(
    name="vendors",
    to=("acme", "bravo"),
    about_clients=True,
    schedule=Schedule(tuple(range(7)), 510),
    time_zone=PARIS,
    unfetched_after=3 * DAY,
)
PEOPLE = (
    person("acme", clients=("alpha",), language="fr"),
    person("bravo", clients=("beta",)),
)


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    made = Site(engine)
    made.client("alpha")
    made.client("beta")
    yield made
    made.close()


def test_a_vendor_is_told_of_its_own_clients_alone(site: Site) -> None:
    """Refused deposits, held and refused lots, late answers, returns nobody fetched."""
    site.at = at("2026-11-17T12:00")
    desk: Any = SiteDesk(site)
    office = Office(desk, RULE, people=PEOPLE)
    office.turn()
    site.deposit(b"no file of ours", client="alpha", name="dupont-2790175116042.b2")
    site.deposit(toy.deposit("S1", "001 P1: 1=1000", "002 P9: 2=1000"), client="alpha")
    site.deposit(toy.deposit("S2", "003 P2: 3=500"), client="beta")
    site.run()
    file = next(iter(site.payer("P2").files().values()))
    site.payer("P2").answer("r", toy.pay(file))
    site.run()
    site.at = at("2026-11-18T08:29")
    site.run()
    assert office.turn() == []
    site.at = at("2026-11-18T08:30")
    letters = dict(office.turn())
    assert list(letters) == ["acme"]
    text = letters["acme"].text
    assert letters["acme"].subject == "Octway: 3 points concernent votre logiciel"
    assert "1 dépôt illisible a été refusé" in text
    assert "1 lot est retenu" in text
    assert "aucun organisme de l’annuaire n’a le code du lot" in text
    assert "1 lot attend une réponse en retard, organisme payer-P1" in text
    for foreign in ("beta", "dupont", "2790175116042", "payer-P2"):
        assert foreign not in text + letters["acme"].html + letters["acme"].facts

    site.at = at("2026-11-21T08:30")
    letters = dict(office.turn())
    assert "client alpha" in letters["acme"].text
    assert "dépôt illisible" not in letters["acme"].text  # told already
    bravo = letters["bravo"].text
    assert "1 return was not fetched for 3 days or more" in bravo
    assert "alpha" not in bravo


def test_a_vendor_without_trouble_gets_no_message(desk: Desk) -> None:
    """No news is no mail."""
    office = Office(desk, RULE, people=PEOPLE)
    office.turn()
    assert office.turn(later=2 * DAY) == []
    (row,) = desk.rows(schema.notice_rule)
    assert row.planned_at > desk.at - DAY


def test_no_rules_are_nothing_to_do(desk: Desk) -> None:
    """Without a file nobody is told, and nothing is written."""
    office = Office(desk)
    office.rules.replace(CurrentNotifications()())
    office.goes_wrong()
    assert not office.notify.run_once()
    assert not office.post.run_once()
    assert desk.rows(schema.notice_rule) == []

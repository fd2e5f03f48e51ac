"""Rules speak in one message for all they have to say, at their hours, and no oftener."""

from __future__ import annotations

from typing import Any

import pytest

from config.notification_records import Quiet, Rule, Schedule
from gateway.journal import anomalies
from routing.lifecycle import AnomalyEvent
from tests.gateway.journal.desk import Desk
from tests.gateway.notifications.told import PARIS, Office, at, person

DAY = 86_400.0
NIGHT = Quiet(20 * 60, 7 * 60)
EVERY_DAY = tuple(range(7))
HOURS = pytest.mark.parametrize("engine", ["sqlite"])  # what is tried is the clock


def rule(**values: Any) -> Rule:
    return Rule(**{"name": "r", "to": ("lea",), "time_zone": PARIS, **values})


def told(letters: list[Any]) -> list[str]:
    return [letter.subject for _, letter in letters]


def test_a_burst_is_one_message(desk: Desk) -> None:
    """What comes within a minute of the first is told together, each cause in a line."""
    office = Office(desk, rule())
    first = office.goes_wrong(claims=12)
    assert office.turn(later=20) == []
    second = office.goes_wrong("payer-locked-out", severity="critical")
    assert office.turn(later=39) == []
    ((_, letter),) = office.turn(later=1)
    assert letter.subject == "Octway: 2 new anomalies, worst: critical"
    assert f"https://octway.example/console/anomalies/{first}" in letter.text
    assert f"https://octway.example/console/anomalies/{second}" in letter.text
    assert "12 claims" in letter.text
    assert office.turn(later=DAY) == []


def test_what_happens_in_a_sandbox_wakes_nobody(desk: Desk) -> None:
    """A vendor that provokes faults is told; staff is not, unless a rule names the client."""
    office = Office(desk, rule(gather=0.0, pause=0.0))
    office.goes_wrong(subject="sandbox~acme-test~caisse-nord")
    assert office.turn(later=DAY) == []
    office.goes_wrong(subject="caisse-nord")
    assert len(office.turn(later=DAY)) == 1


def test_no_more_than_one_message_in_a_pause(desk: Desk) -> None:
    """A storm that goes on for half an hour is four messages, and none of it is lost."""
    office = Office(desk, rule(pause=600.0, gather=0.0, most=3))
    count, letters = 0, []
    for _ in range(30):
        for _ in range(5):
            office.goes_wrong()
            count += 1
        letters += office.turn(later=60)
    assert len(letters) == 3
    letters += office.turn(later=600)
    heads = [letter.text.count("console/anomalies/") for _, letter in letters]
    assert max(heads) == 3
    more = sum(
        int(letter.text.split("and ")[1].split(" more: lot-held")[0])
        for _, letter in letters
        if " more: lot-held" in letter.text
    )
    assert sum(heads) + more == count


def test_the_same_thing_is_told_once_until_it_comes_back(desk: Desk) -> None:
    """More of it raises a count; after a resolution it is news again."""
    office = Office(desk, rule(gather=0.0, pause=0.0))
    name = office.goes_wrong(subject="s")
    assert len(office.turn()) == 1
    office.goes_wrong(subject="s")
    assert office.turn(later=60) == []
    office.move(name, AnomalyEvent.RESOLVE)
    assert office.turn(later=60) == []
    desk.at += 60
    assert office.goes_wrong(subject="s") == name
    ((_, letter),) = office.turn()
    assert "1 new anomaly" in letter.subject


def test_one_that_was_resolved_and_came_back_between_two_looks_is_news(
    desk: Desk,
) -> None:
    """No node looked meanwhile, and yet it is known that it is open again."""
    office = Office(desk, rule(gather=0.0, pause=0.0))
    name = office.goes_wrong(subject="s")
    office.turn()
    desk.at += 60
    office.move(name, AnomalyEvent.RESOLVE)
    office.goes_wrong(subject="s")
    assert len(office.turn()) == 1


def test_it_is_told_again_while_nobody_works_at_it(desk: Desk) -> None:
    """Every four hours; not once somebody has it, and not while it is put off."""
    office = Office(desk, rule(repeat_after=4 * 3600.0))
    name = office.goes_wrong()
    office.turn(later=60)
    assert office.turn(later=4 * 3600 - 1) == []
    assert told(office.turn(later=1)) == ["Octway: 1 still open, worst: error"]
    desk.write(
        lambda tx: anomalies.move(
            tx, name, AnomalyEvent.ASSIGN, by="lea", assignee="lea"
        )
    )
    assert office.turn(later=DAY) == []


def test_what_is_put_off_is_told_when_it_wakes(desk: Desk) -> None:
    """Not while it sleeps, however often the rule repeats."""
    office = Office(desk, rule(gather=0.0, repeat_after=3600.0))
    name = office.goes_wrong()
    office.turn()
    office.move(name, AnomalyEvent.SNOOZE)
    assert office.turn(later=DAY) == []
    office.move(name, AnomalyEvent.WAKE)
    assert told(office.turn(later=60)) == ["Octway: 1 new anomaly, worst: error"]


def test_that_it_is_over_is_told_to_who_wants_it(desk: Desk) -> None:
    """Only of what was told before."""
    wanted, unwanted = rule(name="yes", resolved=True), rule(name="no")
    office = Office(desk, wanted, unwanted)
    name = office.goes_wrong()
    assert len(office.turn(later=60)) == 2
    office.move(name, AnomalyEvent.RESOLVE)
    ((_, letter),) = office.turn(later=600)
    assert (letter.rule, letter.subject) == ("yes", "Octway: 1 resolved")
    assert office.turn(later=DAY) == []


CHOICES = [
    pytest.param({"severity": "critical"}, ["storage-broken"], id="severity"),
    pytest.param({"kinds": ("lot-held",)}, ["lot-held"], id="kind"),
    pytest.param({"payers": ("caisse-sud",)}, ["answer-late"], id="payer"),
    pytest.param({"clients": ("beta",)}, ["claims-rejected", "lot-held"], id="client"),
    pytest.param({"min_claims": 10}, ["lot-held"], id="claims"),
]


@pytest.mark.parametrize(("choice", "kinds"), CHOICES)
def test_a_rule_tells_what_it_chooses(
    desk: Desk, choice: dict[str, Any], kinds: list[str]
) -> None:
    """By kind, severity, payer, client (also one of many behind it) and size."""
    office = Office(desk, rule(gather=0.0, **choice))
    office.goes_wrong("lot-held", client="beta", claims=10)
    office.goes_wrong("storage-broken", severity="critical", client="alpha")
    office.goes_wrong("answer-late", severity="warning", payer="caisse-sud")
    shared = {"clients": {"alpha": 1, "beta": 2}}
    office.goes_wrong("claims-rejected", severity="warning", facts=shared)
    ((_, letter),) = office.turn()
    assert sorted(kind for kind in office.open_ones() if kind in letter.text) == kinds


# Quiet hours


@HOURS
def test_the_night_is_quiet_and_the_morning_tells_all(desk: Desk) -> None:
    """What comes between 20:00 and 07:00 is one message at 07:00."""
    office = Office(desk, rule(quiet=NIGHT))
    desk.at = at("2026-11-18T20:00")
    for _ in range(3):
        office.goes_wrong()
        assert office.turn(later=3 * 3600) == []
    desk.at = at("2026-11-19T06:59:59")
    assert office.turn() == []
    ((_, letter),) = office.turn(later=1)
    assert "3 new anomalies" in letter.subject


@HOURS
@pytest.mark.parametrize(
    ("evening", "hours"),
    [("2027-03-27T20:00", 10), ("2026-10-24T20:00", 12), ("2026-11-18T20:00", 11)],
)
def test_it_is_quiet_by_the_wall_clock(desk: Desk, evening: str, hours: int) -> None:
    """Also in the nights in which the clocks change."""
    office = Office(desk, rule(quiet=NIGHT))
    desk.at = at(evening)
    office.goes_wrong()
    assert office.turn(later=hours * 3600 - 1) == []
    assert len(office.turn(later=1)) == 1


@HOURS
def test_what_is_urgent_breaks_through_if_the_rule_says_so(desk: Desk) -> None:
    """Only the urgent is told at night; the rest waits, and is not told twice."""
    office = Office(desk, rule(quiet=NIGHT, urgent="critical"))
    desk.at = at("2026-11-18T23:00")
    office.goes_wrong("lot-held")
    office.goes_wrong("payer-locked-out", severity="critical")
    ((_, night),) = office.turn(later=60)
    assert "payer-locked-out" in night.text
    assert "lot-held" not in night.text
    desk.at = at("2026-11-19T07:00")
    ((_, morning),) = office.turn()
    assert "lot-held" in morning.text
    assert "payer-locked-out" not in morning.text


@HOURS
def test_nothing_breaks_through_a_rule_that_does_not_say_so(desk: Desk) -> None:
    """Quiet is quiet."""
    office = Office(desk, rule(quiet=NIGHT))
    desk.at = at("2026-11-18T23:00")
    office.goes_wrong("payer-locked-out", severity="critical")
    assert office.turn(later=3600) == []


# Planned messages


def test_a_planned_message_comes_once_a_day(desk: Desk) -> None:
    """At 08:00, with what came since the last one; a day without news has none."""
    office = Office(desk, rule(schedule=Schedule(EVERY_DAY, 480)))
    desk.at = at("2026-11-18T09:00")
    office.goes_wrong()
    office.turn()
    desk.at = at("2026-11-19T07:59:59")
    assert office.turn() == []
    assert told(office.turn(later=1)) == ["Octway: 1 new anomaly, worst: error"]
    office.goes_wrong()
    assert office.turn(later=3600) == []
    assert len(office.turn(later=23 * 3600)) == 1
    assert office.turn(later=DAY) == []


def test_a_digest_lists_what_is_open_too(desk: Desk) -> None:
    """Each morning everything, what is new first."""
    office = Office(desk, rule(schedule=Schedule(EVERY_DAY, 480), everything=True))
    desk.at = at("2026-11-18T09:00")
    office.turn()
    office.goes_wrong("lot-held")
    desk.at = at("2026-11-19T08:00")
    office.turn()
    late = {"payer": "p", "subject": "p:billing:arl"}
    office.goes_wrong("answer-late", **late)
    ((_, letter),) = office.turn(later=DAY)
    assert "answer-late, payer p, answer arl" in letter.text
    assert letter.subject == "Octway: 1 new anomaly, 1 open before, worst: error"
    assert letter.text.index("answer-late") < letter.text.index("lot-held")


@HOURS
def test_a_node_that_was_down_at_the_hour_tells_later_and_once(desk: Desk) -> None:
    """A week without any node is one message, not seven."""
    office = Office(desk, rule(schedule=Schedule(EVERY_DAY, 480)))
    desk.at = at("2026-11-18T09:00")
    office.turn()
    office.goes_wrong()
    assert len(office.turn(later=7 * DAY)) == 1
    assert office.turn(later=60) == []


@HOURS
def test_each_recipient_reads_its_own_language_and_zone(desk: Desk) -> None:
    """One message each, in French at French time for who wants that."""
    people = person("lea", language="fr"), person("bob")
    office = Office(desk, rule(to=("lea", "bob"), gather=0.0), people=people)
    desk.at = at("2026-11-18T12:00")
    office.goes_wrong(subject="unknown-payer:990")
    letters = dict(office.turn())
    assert "1 nouvelle anomalie, au pire : erreur" in letters["lea"].subject
    assert "aucun organisme de l’annuaire" in letters["lea"].text
    assert "18 nov. 2026, 12:00:00 (Europe/Paris)" in letters["lea"].text
    assert "no payer of the directory" in letters["bob"].text

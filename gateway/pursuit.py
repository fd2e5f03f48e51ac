"""What is done about the late answers of a life: tried, next, and how unusual it is.

A life is rows alone; this needs the payer directory and what was learned of payers
too.  Where nothing is late it costs a question or two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from attrs import frozen
from sqlalchemy import ColumnElement, Connection

from config.errors import ConfigErrors
from gateway.database import Database
from gateway.journal import chased, enrolment_lists, enrolments, lot_numbers
from gateway.journal.chased import AnyRow, Rows, Try
from gateway.journal.life import scope_of
from gateway.journal.trace import Found
from gateway.learning import learn
from gateway.steps.plan import Planned, plan
from protocols.interface import Network
from routing.delays import Delays, Key
from routing.directory import Directory
from routing.enrolment import EnrolmentState
from routing.errors import NoRoute
from routing.number_use import NumberRuling

_UNREADABLE: Final = "the payer directory cannot be read (octway check)"


class Lateness(NamedTuple):
    """How unusual it is that answers are late; `words` is None where too little is known."""

    key: Key
    sent_on: str
    words: str | None


class Enrolment(NamedTuple):
    """An enrolment that lots wait for: its row, and the newest events of its history."""

    row: AnyRow
    events: Rows


class Numbered(NamedTuple):
    """A lot's number in a register of its payer, and what may be done with it now."""

    lot: AnyRow
    ruling: NumberRuling


@frozen(kw_only=True)
class Pursuit:
    """What is done about late answers; empty where none are.

    `planned` are the chases that go on, 25 at most, the next due first; `obstacle`
    says why their next step is not known.
    """

    states: Mapping[str, int]
    tries: tuple[Try, ...]
    tried: int
    planned: tuple[Planned, ...]
    late: tuple[Lateness, ...]
    enrolments: tuple[Enrolment, ...]
    numbers: tuple[Numbered, ...] = ()
    obstacle: str = ""


def read(
    database: Database,
    found: Found,
    directory: Callable[[], Directory],
    networks: Mapping[str, Network],
    now: float,
) -> Pursuit:
    """Gather it; a directory that has mistakes leaves out only what needs one."""
    scope = scope_of(found)
    states = database.read(chased.states, scope)
    tries, tried = database.read(chased.tries, scope)
    lots = database.read(chased.going_on, scope)
    since = database.read(chased.late_since, scope)
    planned: tuple[Planned, ...] = ()
    late = tuple(Lateness(key, day, None) for key, day in since.items())
    obstacle = ""
    if lots or since:
        try:
            today = directory()
        except ConfigErrors:
            obstacle = _UNREADABLE
        else:
            planned = tuple(database.read(plan, today, networks, now, lots))
            late = _lateness(database, today, since, now)
    return Pursuit(
        states=states,
        tries=tries,
        tried=tried,
        planned=planned,
        late=late,
        enrolments=database.read(_enrolments, scope, networks),
        numbers=database.read(_numbers, scope, networks),
        obstacle=obstacle,
    )


def _lateness(
    database: Database, directory: Directory, since: Mapping[Key, str], now: float
) -> tuple[Lateness, ...]:
    """Learn of the payers that are late; of all where these alone teach too little."""
    if not since:
        return ()
    delays = learn(database, directory, now, {key.payer for key in since})
    if not all(_is_own(delays, key) for key in since):
        delays = learn(database, directory, now)
    return tuple(
        Lateness(key, day, _words(delays, directory, key, day, now))
        for key, day in since.items()
    )


def _is_own(delays: Delays, key: Key) -> bool:
    try:
        found = delays.learned(key)
    except NoRoute:  # it has left the directory: the others teach nothing of it
        return True
    return found is not None and found.own


def _words(
    delays: Delays, directory: Directory, key: Key, day: str, now: float
) -> str | None:
    try:
        today = directory.calendar(key.payer).day(now)
        return delays.words(key, sent_on=date.fromisoformat(day), today=today)
    except NoRoute:
        return None


def _numbers(
    connection: Connection,
    scope: ColumnElement[bool],
    networks: Mapping[str, Network],
) -> tuple[Numbered, ...]:
    return tuple(
        Numbered(lot, networks[lot.network].rule_number(used))
        for lot in lot_numbers.numbered(connection, scope)
        if lot.network in networks
        and (used := lot_numbers.uses(connection, lot, itself=True))
    )


def _enrolments(
    connection: Connection,
    scope: ColumnElement[bool],
    networks: Mapping[str, Network],
) -> tuple[Enrolment, ...]:
    found: dict[tuple[Any, ...], Enrolment] = {}
    for lot in chased.enrolments_behind(connection, scope):
        network = networks.get(lot.network)
        if network is None:
            continue
        row = enrolments.find(connection, network, lot.sender, lot.payer_id, lot.flow)
        if row is not None and row.state != EnrolmentState.OPEN:
            key = (row.network, row.sender, row.payer_id, row.flow)
            if key not in found:
                found[key] = Enrolment(
                    row, tuple(enrolment_lists.history(connection, row))
                )
    return tuple(found.values())

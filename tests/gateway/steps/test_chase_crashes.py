"""The program dies anywhere in a chase, and the next one ends it: nothing goes twice."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

import pytest

from config.directory_records import DESK_ANSWERS, DeskEntry, Playbook
from config.playbook_files import DEFAULT
from gateway.journal import schema
from protocols.desk import Ask, Enrolled, Question
from routing.chase import Status
from tests.gateway.steps import toy
from tests.gateway.steps.site import LEASE, Site
from tests.gateway.steps.test_chase import DAY, Payer

PAYERS = ("P1", "P2", "P3")
_ENROLLED_AFTER = 4 * DAY
_MOST = 60  # half days until all must have been paid
_ASKS = {"ask-status", "ask-return", "ask-enrolment", "complain"}


class Forgetful(Payer):
    """A payer that loses its first file, and pays whatever comes under another number."""

    def __init__(self, site: Site, code: str, enrolled: float = 0.0) -> None:
        says = {Ask.STATUS: self._status, Ask.ENROLMENT: self._enrolment}
        super().__init__(site, code, says)
        self.enrolled = enrolled
        self.had: list[str] = []
        self.booked: Counter[str] = Counter()

    def work(self) -> None:
        """Take what has come, then answer the questions at its desk."""
        for name in self.billing():
            if name not in self.had:
                self.had.append(name)
                self.take(name)
        super().work()

    def take(self, name: str) -> None:
        """Take a file under a number that is new here."""
        if name != self.had[0]:
            self.book(name)
            self.pay(name)

    def book(self, name: str) -> None:
        """Pay the claims of a file, whether they were paid before or not."""
        self.booked.update(key for key, _, _ in toy.claims_of(self.side.files()[name]))

    def _status(self, question: Question) -> str:
        lost = question.file == self.had[0]
        return Status.UNKNOWN if lost else Status.ANSWERED

    def _enrolment(self, _: Question) -> str:
        known = self.site.at >= self.enrolled
        return Enrolled.YES if known else Enrolled.REQUESTED


class Unheard(Forgetful):
    """A payer whose return to the first file was lost on its way; it has a copy."""

    def __init__(self, site: Site, code: str) -> None:
        super().__init__(site, code)
        self.says = {Ask.STATUS: lambda _: Status.ANSWERED, Ask.RETURN: self._again}

    def take(self, name: str) -> None:
        """Take a file, and pay it; only the return gets lost."""
        self.book(name)

    def _again(self, question: Question) -> str:
        self.pay(question.file)
        return "sent"


def opened(engine: str) -> tuple[Site, Sequence[Forgetful]]:
    """Open a site with three payers: one loses, one is not heard, one must enrol."""
    site = Site(engine, payers=PAYERS)
    for code in PAYERS:
        site.change(
            code,
            desk=DeskEntry(answers=DESK_ANSWERS),
            playbook=Playbook(remedies=DEFAULT),
        )
    enrolled = site.at + _ENROLLED_AFTER
    return site, (
        Forgetful(site, "P1"),
        Unheard(site, "P2"),
        Forgetful(site, "P3", enrolled),
    )


def live(site: Site, payers: Sequence[Forgetful]) -> None:
    """Let half days go by until all is paid, each payer at its desk."""
    if not site.accepted:
        site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=500", "002 P2: 3=700"))
    if len(site.accepted) == 1:
        site.deposit(toy.deposit("S3", "001 P3: 4=400"), client="beta")
    for _ in range(_MOST):
        site.run()
        for payer in payers:
            payer.work()
        if set(site.states(schema.lot)) == {"answered"}:
            site.run()
            return
        site.at += DAY / 2
    raise AssertionError(f"not all was paid: {site.states(schema.lot)}")


def assert_all_is_well(site: Site, payers: Sequence[Forgetful]) -> None:
    site.check()
    claims = site.rows(schema.claim)
    assert {row.account for row in claims} == {"paid"}
    booked = list(itertools.chain(*(payer.booked.elements() for payer in payers)))
    assert sorted(booked) == sorted(row.match_key for row in claims)
    assert set(site.states(schema.expectation)) <= {"met", "waived"}
    assert set(site.states(schema.chase)) == {"ended"}
    assert "open" not in {
        state
        for kind, state in site.anomalies().items()
        if kind in {"answer-missing", "answer-late"}
    }
    remedies = site.rows(schema.remedy)
    asked = {f"desk-{row.id}.json" for row in remedies if row.kind in _ASKS}
    for payer in payers:  # what came twice came under one id
        came = {name for name, _ in payer.side.taken if name.startswith("desk-")}
        assert came <= asked
    tried = Counter((row.lot_id, row.kind, row.at) for row in remedies)
    assert set(tried.values()) == {1}


@pytest.mark.crash
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("part", range(3))
def test_killed_at_places_of_a_chase(engine: str, part: int) -> None:
    """Wherever the program is killed while it chases, the next one ends the chase."""
    try_places(engine, 3 + 11 * part, 33)


@pytest.mark.crash
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_killed_in_a_chase_on_a_server(engine: str) -> None:
    """The same with the journal on a PostgreSQL, at a few of the places."""
    try_places(engine, 20, 61)


def try_places(engine: str, first: int, step: int) -> None:
    site, payers = opened(engine)
    with closing(site):
        site.fuse.blow_at(None)
        live(site, payers)
        total = site.fuse.burnt
        assert_all_is_well(site, payers)
    assert total > 100
    for place in range(first, total, step):
        site, payers = opened(engine)
        with closing(site):
            try:
                try_place(site, payers, place)
            except BaseException as error:
                error.add_note(f"killed at place {place} of {total}")
                raise


def try_place(site: Site, payers: Sequence[Forgetful], place: int) -> None:
    assert site.dies(lambda: live(site, payers), place)
    site.at += LEASE + 1
    live(site, payers)
    assert_all_is_well(site, payers)

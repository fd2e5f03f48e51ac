"""Clients, payers, steps, crashes and outages in any order that can be thought of.

Hypothesis makes the order; after each move the books must balance, and at the
end, once everybody is well again, every claim that came in must have had its
answer, from the one file it went out with, and its client must have it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from twisted.internet.defer import Deferred

from gateway.errors import LostRace, StorageUnavailable
from gateway.intake.tree import ClientTree
from gateway.journal import ledger_check, schema
from protocols.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PayerUnavailable,
    TransferError,
)
from tests.gateway.steps import toy
from tests.gateway.steps.site import LEASE, SEGMENT_LIMIT, Site

CLIENTS = {"alpha": "S1", "beta": "S2"}
CODES = ("P1", "P2")
STEPS = (
    *("split", "route", "gather", "dispatch"),
    *("collect", "match", "hand-back", "watch", "tidy"),
)
FAULTS: tuple[Callable[[], TransferError], ...] = (
    lambda: OutcomeUnknown("the line broke after the last byte"),
    lambda: PayerUnavailable("away"),
    lambda: CredentialsRefused("key unknown"),
)
client = st.sampled_from(sorted(CLIENTS))
code = st.sampled_from(CODES)
step = st.sampled_from(STEPS)
place = st.integers(0, 12)


class AnyOrder(RuleBasedStateMachine):
    """One site, and everything that may happen to it."""

    @initialize()
    def open(self) -> None:
        self.site = Site()
        self.number = 0
        self.answered: set[tuple[str, str]] = set()
        self.away: dict[str, Any] = {}
        for each in CLIENTS:
            self.site.client(each)
        for each in CODES:
            entry = self.site.entries[each]
            retry = entry.delivery.retry._replace(give_up_after=1e9)
            self.site.change(each, delivery=evolve(entry.delivery, retry=retry))

    def content(self, client: str, codes: list[str], large: bool) -> bytes:
        lots = []
        for each in codes:
            self.number += 1
            name = str(self.number).zfill(SEGMENT_LIMIT if large else 3)
            lots.append(f"{name} {each}: {self.number}={self.number * 100}")
        return toy.deposit(CLIENTS[client], *lots)

    @rule(
        client=client, codes=st.lists(code, min_size=1, max_size=3), large=st.booleans()
    )
    def deposit(self, client: str, codes: list[str], large: bool) -> None:
        self.site.deposit(self.content(client, codes, large), client=client)

    @rule(
        client=client,
        codes=st.lists(code, min_size=1, max_size=2),
        place=place,
        large=st.booleans(),
    )
    def deposit_and_die(
        self, client: str, codes: list[str], place: int, large: bool
    ) -> None:
        content = self.content(client, codes, large)
        self.site.dies(lambda: self.site.deposit(content, client=client), place)

    @precondition(lambda self: self.site.accepted)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """A client whose acknowledgement was lost sends the same file again."""
        name = data.draw(st.sampled_from(sorted(self.site.accepted)))
        content = self.site.accepted[name]
        sender = content.split()[1].decode()
        (client,) = [each for each in CLIENTS if CLIENTS[each] == sender]
        stored = self.site.deposit(content, client=client)
        assert (stored.deposit, stored.repeated) == (name, True)

    @rule(client=client, cut=st.floats(0, 1), crash=st.booleans(), large=st.booleans())
    def cut_and_resume(self, client: str, cut: float, crash: bool, large: bool) -> None:
        """A line that breaks leaves a part; going on with it makes a deposit."""
        content = self.content(client, ["P1"], large)
        path, at = f"/in/cut-{self.number}", int(len(content) * cut)
        upload = done(self.tree(client).open_upload(path, resume=False))
        upload.write(0, content[:at])
        upload.abandon()
        if crash:
            self.site.crash()
        upload = done(self.tree(client).open_upload(path, resume=at > 0))
        assert upload.size == at
        upload.write(at, content[at:])
        self.site.accepted[done(upload.close()).deposit] = content

    @rule(step=step)
    def run_step(self, step: str) -> None:
        self.turn(step)

    @rule(step=step, place=place)
    def run_step_and_die(self, step: str, place: int) -> None:
        self.site.dies(lambda: self.turn(step), place)

    @rule(step=step, commits=st.integers(0, 4))
    def run_step_without_journal(self, step: str, commits: int) -> None:
        """The journal goes away in the middle, and is back for the next turn."""
        self.site.fuse.journal_goes_in(commits)
        try:
            self.turn(step)
        except StorageUnavailable:
            pass
        finally:
            self.site.fuse.journal_goes_in(None)

    @rule()
    def run_everything(self) -> None:
        self.site.run()

    @rule()
    def crash(self) -> None:
        self.site.crash()

    @rule(seconds=st.sampled_from([1.0, 20.0, LEASE + 1, 4000.0, 8000.0]))
    def time_passes(self, seconds: float) -> None:
        self.site.at += seconds

    @rule(code=code, fault=st.sampled_from(FAULTS))
    def payer_will_fail(self, code: str, fault: Callable[[], TransferError]) -> None:
        self.site.payer(code).faults.append(fault())

    @rule(code=code, kind=st.sampled_from(["arl", "pay"]), data=st.data())
    def payer_answers(self, code: str, kind: str, data: st.DataObject) -> None:
        """Early or late, in any order, and again if it likes."""
        side = self.site.payer(code)
        files = side.files()
        if files:
            name = data.draw(st.sampled_from(sorted(files)))
            again = f"-{data.draw(st.integers(0, 2))}"
            write = toy.pay if kind == "pay" else toy.acknowledge
            side.answer(f"{kind}-{name}{again}", write(files[name]))

    @rule(code=code, waits=st.sampled_from([0.0, 600.0]), lots=st.integers(1, 5))
    def new_directory(self, code: str, waits: float, lots: int) -> None:
        if code in self.site.entries:
            gather = self.site.entries[code].gather
            self.site.change(code, gather=gather._replace(wait=waits, max_lots=lots))

    @rule()
    def payer_leaves_or_comes_back(self) -> None:
        if self.away:
            self.site.entries |= self.away
            self.away = {}
            self.site.change("P2")
        else:
            self.away = {"P2": self.site.entries["P2"]}
            self.site.leave("P2")

    @invariant()
    def the_books_balance(self) -> None:
        if hasattr(self, "site"):
            read = self.site.gateway.database.read
            assert read(ledger_check.imbalance) == 0

    def teardown(self) -> None:
        if hasattr(self, "site"):
            try:
                self.make_everybody_well()
                self.site.check()
                self.assert_all_is_answered()
            finally:
                self.site.close()

    def make_everybody_well(self) -> None:
        site = self.site
        site.entries |= self.away
        for each in CODES:
            site.payer(each).faults.clear()
            gather = site.entries[each].gather
            site.change(each, gather=gather._replace(wait=0.0))
        for _ in range(3):
            site.run()
            site.at += 3700.0  # leases, circuits and orphans' pauses are over
        for each in CODES:
            side = site.payer(each)
            for name, content in side.files().items():
                side.answer(f"final-{name}", toy.pay(content))
        site.run()

    def assert_all_is_answered(self) -> None:
        site = self.site
        assert set(site.states(schema.deposit)) <= {"split"}
        assert set(site.states(schema.lot)) <= {"answered"}
        assert set(site.states(schema.dispatch)) <= {"answered"}
        assert set(site.states(schema.expectation)) <= {"met"}
        assert set(site.states(schema.payer_return)) <= {"matched"}
        for client, sender in CLIENTS.items():
            mine = {
                key
                for row in site.rows(
                    schema.deposit, schema.deposit.c.client_id == client
                )
                for key, _, _ in toy.claims_of(site.read(row.payload_id))
            }
            lines = b"".join(site.handed_back(client)).decode().splitlines()
            answers = [line.split() for line in lines if "TORETURN" not in line]
            assert {line[4] for line in answers} <= {sender}
            assert {line[1] for line in answers if line[0] == "claim"} == mine

    def turn(self, name: str) -> None:
        (step,) = [
            each for each in self.site.gateway.steps.in_order() if each.name == name
        ]
        try:
            step.run_once()
        except LostRace:
            pass

    def tree(self, client: str) -> ClientTree:
        return ClientTree(
            client=self.site.client(client),
            reception=self.site.gateway.reception,
            networks=("toy",),
            channel="sftp",
        )


def done(deferred: Deferred[Any]) -> Any:
    """Return what has come already, or raise it."""
    found: list[Any] = []
    deferred.addBoth(found.append)
    (value,) = found
    if hasattr(value, "raiseException"):
        value.raiseException()
    return value


TestAnyOrder = pytest.mark.crash(AnyOrder.TestCase)
TestAnyOrder.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

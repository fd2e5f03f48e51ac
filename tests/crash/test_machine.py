"""Whatever happens, in whatever order: nothing is lost and nothing is doubled.

Hypothesis plays clients, payers, the weather and the clock against one gateway
with real journal and storage, and looks at the promises after every move.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.journal import schema
from gateway.journal.verify_receipts import chained
from protocols.channels.interface import Arrival
from protocols.errors import OutcomeUnknown, PayerUnavailable, TransferError
from routing.ledger import Account
from tests.crash.world import CLIENTS, PAYERS, STEPS, Cut, LostOnTheWay, World
from tests.gateway.steps import toy
from tests.gateway.steps.site import LEASE, SEGMENT_LIMIT

clients = st.sampled_from(CLIENTS)
payers = st.sampled_from(PAYERS)
steps = st.sampled_from(STEPS)
indices = st.integers(0, 20)
places = st.integers(0, 12)
lots = st.lists(
    st.tuples(payers, st.integers(1, 3), st.sampled_from(["", "", "", " BAD"])),
    min_size=1,
    max_size=3,
)
faults = st.sampled_from(
    [OutcomeUnknown("broke"), LostOnTheWay("broke"), PayerUnavailable("away")]
)
words = st.sampled_from(
    ["paid", "partly-paid", "rejected", "accepted", "acknowledged", "lot-rejected"]
)

SAYS: Final = {
    "paid": Account.PAID,
    "partly-paid": Account.PARTLY_PAID,
    "rejected": Account.REJECTED,
    "accepted": Account.ACCEPTED,
}


class Anything(RuleBasedStateMachine):
    """What can happen to a gateway, one rule each."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.cuts: list[Cut] = []
        self.answered: set[tuple[str, int]] = set()

    def content(
        self, sender: int, made: list[tuple[str, int, str]], *, large: bool
    ) -> bytes:
        texts = []
        for payer, claims, bad in made:
            number = f"{self.world.serial():03}"
            if large:
                number = number.rjust(SEGMENT_LIMIT, "9")
            bills = [self.world.serial() for _ in range(claims)]
            bill = " ".join(f"{each}={each * 100}" for each in bills)
            texts.append((f"{number} {payer}{bad}", bill))
        return toy.deposit(f"S{sender}", *(f"{head}: {bill}" for head, bill in texts))

    @rule(client=clients, sender=st.integers(1, 3), made=lots, large=st.booleans())
    def deposit(self, client: str, sender: int, made: Any, large: bool) -> None:
        self.world.put(client, self.content(sender, made, large=large))

    @precondition(lambda self: self.world.sent)
    @rule(which=indices)
    def send_the_same_again(self, which: int) -> None:
        self.world.put(*self.world.sent[which % len(self.world.sent)])

    @precondition(lambda self: self.world.sent)
    @rule(client=clients, which=indices)
    def send_the_same_lots_in_another_file(self, client: str, which: int) -> None:
        _, content = self.world.sent[which % len(self.world.sent)]
        number = self.world.serial()
        self.world.put(client, content + f"LOT {number} P1\nINV {number} 5\n".encode())

    @rule(client=clients, made=lots, large=st.booleans(), after=st.integers(1, 300))
    def cut(self, client: str, made: Any, large: bool, after: int) -> None:
        content = self.content(4, made, large=large)
        self.cuts.append(self.world.cut(client, content, after))

    @precondition(lambda self: self.cuts)
    @rule(which=indices)
    def resume(self, which: int) -> None:
        cut = self.cuts.pop(which % len(self.cuts))
        if not self.world.resume(cut):
            self.cuts.append(cut)

    @rule(name=steps)
    def run_one_step(self, name: str) -> None:
        self.world.step(name)

    @rule(last=steps)
    def run_steps(self, last: str) -> None:
        self.world.steps(last)

    @rule(starts=st.booleans())
    def crash(self, starts: bool) -> None:
        self.world.crash()
        self.go_on(starts)

    @rule(last=steps, place=places, starts=st.booleans())
    def die_in_the_steps(self, last: str, place: int, starts: bool) -> None:
        if self.world.dies(lambda: self.world.steps(last), place):
            self.go_on(starts)

    @rule(client=clients, made=lots, place=places, starts=st.booleans())
    def die_in_a_deposit(
        self, client: str, made: Any, place: int, starts: bool
    ) -> None:
        content = self.content(5, made, large=bool(place % 2))
        if self.world.dies(lambda: self.world.put(client, content), place // 2):
            self.go_on(starts)

    def go_on(self, starts: bool) -> None:
        """Start the node again, or let its leases run out for another."""
        if starts:
            self.world.start()
        else:
            self.world.at += LEASE + 1

    @rule(payer=payers, fault=faults)
    def break_the_line(self, payer: str, fault: TransferError) -> None:
        self.world.payer(payer).faults.append(fault)

    @rule(client=clients, payer=payers, fault=faults)
    def break_the_line_under_a_file(
        self, client: str, payer: str, fault: TransferError
    ) -> None:
        self.world.payer(payer).faults.insert(0, fault)
        self.world.put(client, self.content(6, [(payer, 1, "")], large=False))
        self.world.steps("dispatch")

    @rule(payer=payers)
    def show_nothing(self, payer: str) -> None:
        """The payer's side will not tell whether it has a file."""
        self.world.payer(payer).shows.append(Arrival.UNCLEAR)

    @rule(payer=payers, which=indices, word=words, times=st.integers(1, 2))
    def answer(self, payer: str, which: int, word: str, times: int) -> None:
        self.world.answer(payer, which, word, times=times)

    @rule(which=indices)
    def lose_a_file(self, which: int) -> None:
        """The payer that has a desk loses a file that it has not looked at."""
        self.world.sides["P1"].lose(which)

    @rule()
    def serve_at_the_desk(self) -> None:
        self.world.sides["P1"].serve()

    @rule(days=st.integers(2, 6), last=steps)
    def chase_for_days(self, days: int, last: str) -> None:
        """Days go by in which nothing else happens, with the payer at its desk."""
        for _ in range(days):
            self.world.at += 86_400
            self.world.steps("chase")
            self.world.sides["P1"].serve()
        self.world.steps(last)

    @rule(payer=payers)
    def return_garbage(self, payer: str) -> None:
        self.world.strays += 1
        number = self.world.serial()
        self.world.payer(payer).answer(f"g{number}", f"garbage {number}".encode())

    @rule(payer=payers, is_open=st.booleans())
    def load_a_directory(self, payer: str, is_open: bool) -> None:
        self.world.set_open(payer, is_open=is_open)

    @rule(hours=st.sampled_from([0.01, 1, 3, 30, 240]))
    def wait(self, hours: float) -> None:
        self.world.at += hours * 3600

    @rule(outages=st.lists(st.booleans(), min_size=1, max_size=4))
    def lose_the_journal(self, outages: list[bool]) -> None:
        self.world.outages += outages

    @invariant()
    def keeps_its_promises(self) -> None:
        """Books balance, deposits are whole, nothing went under two numbers."""
        self.world.check()
        delivered = self.world.delivered()
        assert len(delivered) == len(set(delivered))
        answered = self.world.answered()
        assert answered >= self.answered
        self.answered = answered

    def teardown(self) -> None:
        """In the end everything is healed, delivered once, and answered."""
        try:
            if sys.exc_info()[0] is None:
                self.world.heal()
                self.world.answer_all()
                check_end(self.world)
        finally:
            self.world.close()


def check_chains(world: World) -> None:
    """Every deposit, dispatch and answer has its place in its client's chain."""
    key = world.receipt_key.public_key()
    verdict = world.gateway.database.read(chained, [key], whole=True)
    assert verdict.breaks == ()
    assert verdict.checked >= len(world.accepted)


def check_end(world: World) -> None:
    """Assert that all that was promised has been kept."""
    world.check()
    delivered = world.delivered()
    assert len(delivered) == len(set(delivered))
    assert wanted(world.accepted.values()) <= set(delivered)
    for row in world.claims():
        if row.dispatch_id is not None:
            said = {SAYS[word] for word in world.said[row.match_key]}
            assert Account(row.account) in said, row
        elif row.state != "refused":
            assert Account(row.account) is Account.HELD, row
    check_hand_back(world)
    check_chains(world)
    states = world.states(schema.payer_return)
    assert states.count("unreadable") <= world.strays
    assert set(states) <= {"matched", "unreadable"}


def check_hand_back(world: World) -> None:
    """Each client has the answers to its own claims, and to no others."""
    owners = {row.match_key: row.client_id for row in world.claims() if row.dispatch_id}
    given = {
        (line.split()[1], client)
        for client in CLIENTS
        for file in world.handed_back(client)
        for line in file.decode().splitlines()
        if line.startswith("claim ")
    }
    assert given == set(owners.items())


def wanted(files: Iterable[bytes]) -> set[str]:
    """List the claims of files that a payer must be given."""
    found = set()
    for file in files:
        head, *lots = file.split(b"LOT ")
        for lot in lots:
            if b" BAD\n" not in lot:
                found |= {key for key, _, _ in toy.claims_of(head + b"LOT " + lot)}
    return found


QUICK: Final = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.crash
def test_anything_in_any_order() -> None:
    """Clients, payers, crashes and failing parts in any order break no promise."""
    run_state_machine_as_test(Anything, settings=QUICK)

"""Everything around the gateway in a study: payers, their mailboxes, merged payers.

The gateway meets it through channels only, by the endpoints of its directory.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from gateway.clock import Now
from gateway.simulator.study_channel import Mailbox
from gateway.simulator.study_desk import Desk
from gateway.simulator.study_payer import Payer
from gateway.simulator.study_payers import Merger, unions_of
from gateway.simulator.study_plan import Plan
from gateway.simulator.study_post import DESK, Post
from gateway.simulator.study_timing import Timing
from gateway.simulator.study_transit import Transit
from protocols.catalog import Simulated
from protocols.channels.interface import Channel
from protocols.desk import Enrolled, Question
from protocols.simulation import Simulation
from routing.calendar import WorkCalendar
from routing.chase import Status

Calendars = Callable[[str], WorkCalendar]
"""Gives the calendar of a payer by its id."""


class World:
    """The payers of a plan; `work` is their morning."""

    def __init__(
        self,
        plan: Plan,
        mergers: tuple[Merger, ...],
        calendars: Calendars,
        now: Now,
    ) -> None:
        transit = Transit(plan)
        self.payers = {
            timing.profile.id: Payer(
                of=of,
                timing=timing,
                transit=transit,
                unknown=_unknown(plan, of, timing.profile.id),
                now=now,
            )
            for of in plan.simulated
            for timing in _timings(plan, of, calendars)
        }
        self.unions = {
            name: DeadEnd(of.simulation, transit, calendars(name), now)
            for of in plan.simulated
            for name, _ in unions_of(of, mergers)
        }

    def channel(self, endpoint: str) -> Channel:
        """Return the mailbox of an endpoint; it bears its payer's id."""
        return (self.payers.get(endpoint) or self.unions[endpoint]).mailbox

    def work(self) -> None:
        """Have everybody hand over what is due today."""
        for payer in self.payers.values():
            payer.work()
        for union in self.unions.values():
            union.work()

    @property
    def paid_twice(self) -> int:
        """How many claims were paid a second time because their lot came again."""
        return sum(each.paid_twice for each in self.payers.values())


class DeadEnd:
    """The mailbox of payers that were merged: it takes files, and nobody reads them.

    Only its desk still answers: it has nothing, and knows everybody.
    """

    def __init__(
        self,
        simulation: Simulation,
        transit: Transit,
        calendar: WorkCalendar,
        now: Now,
    ) -> None:
        self.mailbox = Mailbox(now, self._take)
        self._simulation = simulation
        self._transit = transit
        self._calendar = calendar
        self._now = now
        self._desk = Desk(self)
        self._post = Post()

    @property
    def today(self) -> date:
        """Its day."""
        return self._calendar.day(self._now())

    def work(self) -> None:
        """Hand over what its desk has to say."""
        if self._calendar.works(self.today):
            for each in self._post.until(self.today):
                if isinstance(each.subject, Question):
                    answer = self._desk.answer(each.subject)
                    self.mailbox.put(answer.name, answer.to_bytes())

    def status(self, lot: str) -> Status:
        """Say that it has no lot."""
        return Status.UNKNOWN

    def send_again(self, lot: str) -> None:
        """Have nothing to send."""

    def complain(self, lot: str) -> None:
        """Have nobody to look."""

    def enrol(self, sender: str) -> None:
        """Have nobody to register."""

    def enrolled(self, sender: str) -> Enrolled:
        """Say that a sender is known: its lists are the old ones."""
        return Enrolled.YES

    def _take(self, name: str, content: bytes) -> None:
        question = self._desk.read(content)
        if question is None:
            for lot in self._simulation.read_sent(content).lots:
                self._transit.arrives(lot.key)
            return
        day = self._calendar.next_working_day(self._calendar.counts_from(self._now()))
        self._post.add(day, DESK, question)


def timings(plan: Plan, calendars: Calendars) -> list[Timing]:
    """Return the pace of every payer that answers."""
    return [each for of in plan.simulated for each in _timings(plan, of, calendars)]


def _timings(plan: Plan, of: Simulated, calendars: Calendars) -> list[Timing]:
    return [
        Timing(
            profile=each,
            calendar=calendars(each.id),
            faults=plan.faults.of_payer(each.id),
            seed=plan.seed,
        )
        for each in of.simulation.profiles
    ]


def _unknown(plan: Plan, of: Simulated, payer: str) -> frozenset[str]:
    """Return the senders that are not registered with a payer."""
    return frozenset(
        of.network.normal_sender(plan.senders[sender].number)
        for sender, where in plan.unregistered
        if where == payer
    )

"""One payer of a study: what it does with what comes, and what it sends back.

It is careless in the ways that payers are.  A lot that comes again is paid again,
unless it is in the same file under the same number and this payer recognises those;
each such payment is counted, because a remedy must never cause one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Final

from gateway.clock import Now
from gateway.simulator.study_channel import Mailbox
from gateway.simulator.study_desk import Desk
from gateway.simulator.study_post import DESK, Case, Post
from gateway.simulator.study_timing import Timing
from gateway.simulator.study_transit import Transit
from protocols.catalog import Simulated
from protocols.desk import Enrolled
from protocols.simulation import SentFile, SentLot, Told
from routing.chase import Status

_ON_COMPLAINT: Final = 0.5  # chance that a complaint has a return sent again


class Payer:
    """A payer behind its mailbox; `work` has it hand over what is due on a day."""

    def __init__(
        self,
        *,
        of: Simulated,
        timing: Timing,
        transit: Transit,
        unknown: frozenset[str],
        now: Now,
    ) -> None:
        self.mailbox = Mailbox(now, self._take)
        self.paid_twice = 0  # claims
        self._network, self._simulation = of
        *before, last = of.simulation.answers
        self._before = [each.kind for each in before]
        self._last = last.kind
        self._timing = timing
        self._transit = transit
        self._now = now
        self._unknown = unknown
        self._registered: dict[str, date] = {}
        self._system: dict[str, Case] = {}
        self._post = Post()
        self._desk = Desk(self)
        self._number = 0

    @property
    def today(self) -> date:
        """Its day."""
        return self._timing.calendar.day(self._now())

    def work(self) -> None:
        """Hand over all that is due by today, unless nothing comes back today."""
        if not self._timing.hands_over(self.today):
            return
        due = self._post.until(self.today)
        cases: dict[str, list[Case]] = {}
        for each in due:
            if isinstance(each.subject, Case):
                cases.setdefault(each.kind, []).append(each.subject)
        for kind in self._before:
            self._tell(kind, [Told(case.lot) for case in cases.get(kind, ())])
        self._pay(cases.get(self._last, ()))
        for each in due:
            if not isinstance(each.subject, Case):
                answer = self._desk.answer(each.subject)
                self.mailbox.put(answer.name, answer.to_bytes())

    def status(self, lot: str) -> Status:
        """Say how a lot stands here."""
        case = self._system.get(lot)
        return Status.UNKNOWN if case is None else case.status

    def send_again(self, lot: str) -> None:
        """Send the answers for a lot once more, if they were ever sent."""
        case = self._system.get(lot)
        if case is not None and case.status is Status.ANSWERED:
            self._post.add(self._tomorrow(), self._last, case)

    def complain(self, lot: str) -> None:
        """Have a person look, who may find that the answers never came."""
        if Random(f"complaint|{lot}").random() < _ON_COMPLAINT:  # noqa: S311
            self.send_again(lot)

    def enrol(self, sender: str) -> None:
        """Begin to register a sender, if it is unknown."""
        who = self._network.normal_sender(sender)
        if who in self._unknown:
            on = self._timing.registered_on(self.today)
            self._registered.setdefault(who, on)

    def enrolled(self, sender: str) -> Enrolled:
        """Say whether a sender is known."""
        return Enrolled.YES if self._knows(sender) else Enrolled.REQUESTED

    def _knows(self, sender: str) -> bool:
        who = self._network.normal_sender(sender)
        if who not in self._unknown:
            return True
        return who in self._registered and self._registered[who] <= self.today

    def _tomorrow(self) -> date:
        return self._timing.acknowledges_on(self._now())

    def _take(self, name: str, content: bytes) -> None:
        question = self._desk.read(content)
        if question is not None:
            self._post.add(self._tomorrow(), DESK, question)
            return
        file, sha256 = self._simulation.read_sent(content), _hash(content)
        for lot in file.lots:
            if self._transit.arrives(lot.key) and self._knows(lot.sender):
                self._receive(file, sha256, lot)

    def _receive(self, file: SentFile, sha256: str, lot: SentLot) -> None:
        plan, known = self._transit.plan.by_key[lot.key], self._system.get(lot.key)
        if known is not None:
            self._receive_again((file.ident, sha256), known)
            return
        refused = plan.fault == "refused_silently"
        case = Case(
            plan=plan,
            lot=lot,
            ident=file.ident,
            sha256=sha256,
            status=Status.REFUSED if refused else Status.RECEIVED,
        )
        self._system[lot.key] = case
        if not refused:
            self._plan_answers(case, first=True)

    def _receive_again(self, file: tuple[str, str], case: Case) -> None:
        if case.status is Status.REFUSED:
            return
        same = file == (case.ident, case.sha256)
        if not (same and self._timing.profile.same_number):
            self.paid_twice += case.lot.claims
            self._plan_answers(case, first=False)
            return
        self._acknowledge(case, self._tomorrow())
        self.send_again(case.lot.key)

    def _plan_answers(self, case: Case, *, first: bool) -> None:
        """Plan what is said of a lot, and its payment unless it never comes."""
        acknowledged = self._tomorrow()
        if case.plan.fault != "never_answered":
            paid = self._timing.answers_on(case.plan, self._now(), first=first)
            self._post.add(paid, self._last, case)
            if case.plan.out_of_order:
                acknowledged = self._timing.working_day(paid, after=1)
        self._acknowledge(case, acknowledged)

    def _acknowledge(self, case: Case, day: date) -> None:
        """Plan all answers but the last: the first on a day, each other one day later."""
        for after, kind in enumerate(self._before):
            self._post.add(self._timing.working_day(day, after=after), kind, case)

    def _tell(self, kind: str, lots: Sequence[Told]) -> None:
        """Send answers of one kind; nothing if there are none."""
        if lots:
            number = self._next_number()
            for file in self._simulation.answer(
                kind, lots, number=number, day=self.today
            ):
                self.mailbox.put(*file)

    def _pay(self, cases: Sequence[Case]) -> None:
        """Send the payments of a day in one return; those that get lost in another."""
        coming = []
        for case in cases:
            arrives = self._transit.comes_back(case.lot.key, case.passages)
            if arrives:
                coming.append(case)
                if case.plan.doubled and not case.passages:
                    self._post.add(self._tomorrow(), self._last, case)
            case.passages += 1
            case.status = Status.ANSWERED
        if len(coming) < len(cases):
            self._next_number()
        self._tell(self._last, [Told(each.lot, self._altered(each)) for each in coming])

    def _altered(self, case: Case) -> str:
        """Say how a payer spoils the numbers of a lot, if it does: always in one way."""
        ways = self._simulation.alterations
        if case.plan.fault != "return_altered":
            return ""
        return ways[case.plan.index % len(ways)]

    def _next_number(self) -> int:
        self._number += 1
        return self._number


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""One payer of a study: what it does with what comes, and what it sends back.

It is careless in the ways that payers are.  A lot that comes again is paid again,
unless it is in the same file under the same number and this payer recognises those;
each such payment is counted, because a remedy must never cause one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Final

from gateway.clock import Now
from gateway.simulator.study_channel import Mailbox
from gateway.simulator.study_desk import Desk
from gateway.simulator.study_files import (
    Altered,
    Parties,
    SentFile,
    SentLot,
    read_b2,
    write_arl,
    write_payments,
)
from gateway.simulator.study_post import Case, Kind, Post
from gateway.simulator.study_timing import Timing
from gateway.simulator.study_transit import Transit
from protocols.desk import Enrolled
from protocols.sesam.keys import normal_ps
from routing.chase import Status

_ON_COMPLAINT: Final = 0.5  # chance that a complaint has a return sent again


class Payer:
    """A payer behind its mailbox; `work` has it hand over what is due on a day."""

    def __init__(
        self, *, timing: Timing, transit: Transit, unknown: frozenset[str], now: Now
    ) -> None:
        self.mailbox = Mailbox(now, self._take)
        self.paid_twice = 0  # claims
        self._timing = timing
        self._transit = transit
        self._now = now
        self._unknown = unknown
        self._registered: dict[str, date] = {}
        self._system: dict[str, Case] = {}
        self._post = Post()
        self._desk = Desk(self)
        self._parties: Parties | None = None
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
        arls = [each.subject for each in due if each.kind is Kind.ARL]
        payments = [each.subject for each in due if each.kind is Kind.PAYMENT]
        self._acknowledge([each for each in arls if isinstance(each, Case)])
        self._pay([each for each in payments if isinstance(each, Case)])
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
            self._post.add(self._tomorrow(), Kind.PAYMENT, case)

    def complain(self, lot: str) -> None:
        """Have a person look, who may find that the answers never came."""
        if Random(f"complaint|{lot}").random() < _ON_COMPLAINT:  # noqa: S311
            self.send_again(lot)

    def enrol(self, sender: str) -> None:
        """Begin to register a sender, if it is unknown."""
        who = normal_ps(sender)
        if who in self._unknown:
            on = self._timing.registered_on(self.today)
            self._registered.setdefault(who, on)

    def enrolled(self, sender: str) -> Enrolled:
        """Say whether a sender is known."""
        return Enrolled.YES if self._knows(sender) else Enrolled.REQUESTED

    def _knows(self, sender: str) -> bool:
        who = normal_ps(sender)
        if who not in self._unknown:
            return True
        return who in self._registered and self._registered[who] <= self.today

    def _tomorrow(self) -> date:
        return self._timing.acknowledges_on(self._now())

    def _take(self, name: str, content: bytes) -> None:
        question = self._desk.read(content)
        if question is not None:
            self._post.add(self._tomorrow(), Kind.ANSWER, question)
            return
        file = read_b2(content)
        head = file.header
        self._parties = Parties(
            sender_type=head["recipient_type"],
            sender_no=head["recipient_no"],
            recipient_type=head["sender_type"],
            recipient_no=head["sender_no"],
        )
        for lot in file.lots:
            if self._transit.arrives(lot.key) and self._knows(lot.professional):
                self._receive(file, lot)

    def _receive(self, file: SentFile, lot: SentLot) -> None:
        plan, known = self._transit.plan.by_key[lot.key], self._system.get(lot.key)
        if known is not None:
            self._receive_again(file, known)
            return
        refused = plan.fault == "refused_silently"
        case = Case(
            plan=plan,
            lot=lot,
            ident=file.ident,
            sha256=file.sha256,
            status=Status.REFUSED if refused else Status.RECEIVED,
        )
        self._system[lot.key] = case
        if not refused:
            self._plan_answers(case, first=True)

    def _receive_again(self, file: SentFile, case: Case) -> None:
        if case.status is Status.REFUSED:
            return
        same = (file.ident, file.sha256) == (case.ident, case.sha256)
        if not (same and self._timing.profile.same_number):
            self.paid_twice += len(case.lot.claims)
            self._plan_answers(case, first=False)
            return
        self._post.add(self._tomorrow(), Kind.ARL, case)
        self.send_again(case.lot.key)

    def _plan_answers(self, case: Case, *, first: bool) -> None:
        """Plan the acknowledgement of a lot, and its payment unless it never comes."""
        acknowledged = self._tomorrow()
        if case.plan.fault != "never_answered":
            paid = self._timing.answers_on(case.plan, self._now(), first=first)
            self._post.add(paid, Kind.PAYMENT, case)
            if case.plan.out_of_order:
                acknowledged = self._timing.working_day(paid, after=1)
        self._post.add(acknowledged, Kind.ARL, case)

    def _acknowledge(self, cases: Sequence[Case]) -> None:
        if cases and self._parties:
            content = write_arl(
                [each.lot for each in cases],
                self._parties,
                number=self._next_number(),
                day=self.today,
            )
            self.mailbox.put(f"arl-{self._number:06}.noe", content)

    def _pay(self, cases: Sequence[Case]) -> None:
        """Send the payments of a day in one return; those that get lost in another."""
        coming = []
        for case in cases:
            arrives = self._transit.comes_back(case.lot.key, case.passages)
            if arrives:
                coming.append(case)
                if case.plan.doubled and not case.passages:
                    self._post.add(self._tomorrow(), Kind.PAYMENT, case)
            case.passages += 1
            case.status = Status.ANSWERED
        if len(coming) < len(cases):
            self._next_number()
        if coming and self._parties:
            content = write_payments(
                [(each.lot, _altered(each)) for each in coming],
                self._parties,
                number=self._next_number(),
                day=self.today,
            )
            self.mailbox.put(f"noemie-{self._number:06}.noe", content)

    def _next_number(self) -> int:
        self._number += 1
        return self._number


def _altered(case: Case) -> Altered | None:
    """Say how a payer spoils the numbers of a lot, if it does: always in one way."""
    if case.plan.fault != "return_altered":
        return None
    return tuple(Altered)[case.plan.index % len(Altered)]

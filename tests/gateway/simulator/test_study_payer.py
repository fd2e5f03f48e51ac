"""A study's payers: careless as payers are, and the gateway is told of it by nobody."""

from __future__ import annotations

import io
from datetime import date, timedelta
from random import Random

import pytest

from gateway.simulator.study_channel import Mailbox
from gateway.simulator.study_faults import Faults, PayerFaults
from gateway.simulator.study_house import Clock
from gateway.simulator.study_payers import FIRST_DAY, Merger
from gateway.simulator.study_plan import PlannedLot
from gateway.simulator.study_timing import OPENS_AT, moment, turns_of
from gateway.simulator.study_world import World
from protocols.desk import Ask, DeskAnswer, Question, read_answer
from protocols.sesam.network import SESAM
from protocols.simulation import Order
from routing.calendar import WorkCalendar
from tests.gateway.simulator.study import FRENCH, faults, plan, timings

RECOGNISES, PAYS_TWICE = "caisse-nord", "caisse-sud"


class Around:
    """A world whose lots a test sends by hand, straight into the mailboxes."""

    def __init__(self, of: Faults, payer: str = PAYS_TWICE) -> None:
        self.plan = plan(of, claims=800)
        self.payer = payer
        calendars = {each.profile.id: each.calendar for each in timings(self.plan)}
        self.clock = Clock(moment(0, 10))
        union = Merger(number=0, day=0, known_on=12)
        self.world = World(
            self.plan,
            (union,),
            lambda id: calendars.get(id) or calendars[PAYS_TWICE],
            self.clock,
        )
        self.day = 0
        self.came: list[tuple[int, str]] = []

    def lot(self, fault: str = "") -> PlannedLot:
        """Choose a lot of the payer that a fault hits, or none."""
        return next(
            lot
            for lot in self.plan.lots
            if lot.payer == self.payer and lot.fault == fault and not lot.late
        )

    def send(self, lot: PlannedLot, *, number: int = 1, to: str = "") -> None:
        """Hand a lot over in a file of its own."""
        profiles = FRENCH.simulation.profiles
        content = FRENCH.simulation.bill(
            Random(lot.index),
            Order(
                sender=self.plan.senders[lot.sender],
                code=next(each.code for each in profiles if each.id == self.payer),
                lots=1,
                claims=lot.claims,
                day=lot.date.isoformat(),
                file=number,
                first_lot=lot.number,
                first_claim=lot.first_invoice,
            ),
        )
        channel = self.world.channel(to or self.payer)
        channel.send(f"{number}.b2", len(content), io.BytesIO(content))

    def ask(self, ask: Ask, lot: PlannedLot, *, id: str = "q1", to: str = "") -> None:
        """Ask the payer's desk."""
        question = Question(
            id=id,
            ask=ask,
            file="1.b2",
            number=1,
            lot=lot.key,
            sender=self.plan.senders[lot.sender].number,
            flow="billing",
        )
        content = question.to_bytes()
        channel = self.world.channel(to or self.payer)
        channel.send(question.name, len(content), io.BytesIO(content))

    def wait(self, days: int) -> None:
        """Let days pass; everything that comes is fetched at once."""
        for _ in range(days):
            self.day += 1
            self.clock.at = moment(self.day, OPENS_AT)
            self.world.work()
            for box in self.boxes():
                for file in box.list():
                    into = io.BytesIO()
                    box.fetch(file, into)
                    box.remove(file)
                    self.came.append((self.day, file.name))
                    self.last = into.getvalue()

    def boxes(self) -> list[Mailbox]:
        """Return every mailbox."""
        world = self.world
        return [
            *(each.mailbox for each in world.payers.values()),
            *(each.mailbox for each in world.unions.values()),
        ]

    def kinds(self) -> list[str]:
        """Say what came, in its order."""
        return [name.split("-")[0] for _, name in self.came]

    def said(self) -> DeskAnswer:
        """Read the last thing that came as a word of a desk."""
        return read_answer(self.last)


def test_a_good_lot_is_acknowledged_the_next_day_and_paid_in_time() -> None:
    """Both returns are in the network's own format, and answer the lot's claims."""
    around = Around(faults())
    lot = around.lot()
    around.send(lot)
    around.wait(1)
    assert around.kinds() == ["arl"]

    around.wait(13)
    assert around.kinds() == ["arl", "noemie"]
    reading = SESAM.read_return(io.BytesIO(around.last), "sesam.noemie")
    found = list(reading.answers())
    assert len(found) == lot.claims
    assert all(each.match_keys[0].startswith(lot.key) for each in found)
    assert reading.summary().errors == 0


def test_a_lot_that_comes_again_is_paid_again() -> None:
    """A payer that recognises no number pays each file that comes, and it is counted."""
    around = Around(faults())
    lot = around.lot()
    around.send(lot)
    around.send(lot)
    around.wait(14)

    assert around.world.paid_twice == lot.claims
    assert around.kinds().count("noemie") >= 1


def test_a_payer_that_recognises_a_number_answers_again_and_pays_once() -> None:
    """The same file under the same number does no harm there; another one does."""
    around = Around(faults(), RECOGNISES)
    lot = around.lot()
    around.send(lot)
    around.wait(14)
    around.send(lot)
    around.wait(3)
    assert around.world.paid_twice == 0
    assert around.kinds() == ["arl", "noemie", "arl", "noemie"]

    around.send(lot, number=2)
    assert around.world.paid_twice == lot.claims


@pytest.mark.parametrize(
    ("fault", "comes", "said"),
    [
        ("lost_in_transit", [], "unknown"),
        ("not_enrolled", [], "unknown"),
        ("refused_silently", [], "refused"),
        ("return_lost", ["arl"], "answered"),
        ("return_altered", ["arl", "noemie"], "answered"),
        ("never_answered", ["arl"], "received"),
    ],
)
def test_each_fault_shows_itself_only_to_who_asks(
    fault: str, comes: list[str], said: str
) -> None:
    """The outbox shows nothing of a fault; the desk says how the lot stands."""
    around = Around(faults(None, **{fault: 0.5}))
    lot = around.lot(fault)
    around.send(lot)
    around.wait(20)
    assert around.kinds() == comes

    around.ask(Ask.STATUS, lot)
    around.wait(3)
    assert around.said().said == said


def test_a_merged_fund_takes_files_that_nobody_reads() -> None:
    """Nothing ever comes back but the desk's word, which has no such lot."""
    around = Around(faults(misrouted=0.5))
    lot = around.lot("misrouted")
    around.send(lot, to="sesam-union-01")
    around.wait(20)
    assert around.came == []

    around.ask(Ask.STATUS, lot, to="sesam-union-01")
    around.wait(3)
    assert around.said().said == "unknown"


def test_a_sender_is_known_some_days_after_it_was_asked_for() -> None:
    """An enrolment is opened once, and what comes after it is answered."""
    mix = faults({"*": PayerFaults(enrolment_days=10)}, not_enrolled=0.5)
    around = Around(mix)
    lot = around.lot("not_enrolled")
    around.ask(Ask.ENROLMENT, lot, id="q1")
    around.wait(3)
    assert around.said().said == "requested"

    around.ask(Ask.ENROLMENT, lot, id="q2")
    around.wait(7)
    around.ask(Ask.ENROLMENT, lot, id="q3")
    around.wait(3)
    assert around.said().said == "yes"

    around.send(lot)
    around.wait(14)
    assert around.kinds()[-2:] == ["arl", "noemie"]
    assert around.world.paid_twice == 0


def test_a_return_is_sent_again_when_its_desk_is_asked() -> None:
    """A return that was lost comes, unless the way back loses it once more."""
    around = Around(faults(return_lost=0.5))
    lot = around.lot("return_lost")
    around.send(lot)
    around.wait(14)
    for number in range(12):
        around.ask(Ask.RETURN, lot, id=f"q{number}")
        around.wait(4)

    again = around.kinds().count("noemie")
    assert 0 < again < 12


def test_a_question_that_comes_again_is_one() -> None:
    """Asking for a return twice under one id has it sent once."""
    around = Around(faults())
    lot = around.lot()
    around.send(lot)
    around.wait(14)
    around.ask(Ask.RETURN, lot)
    around.ask(Ask.RETURN, lot)
    around.wait(4)

    assert around.kinds().count("noemie") == 2


def test_on_days_of_an_outage_nothing_comes_back() -> None:
    """What was ready comes on the first day after it, the desk's word too."""
    out = frozenset(range(1, 6))
    around = Around(faults({"*": PayerFaults(outage_days=out)}))
    lot = around.lot()
    around.send(lot)
    around.ask(Ask.STATUS, lot)
    around.wait(10)

    assert {day for day, _ in around.came} & set(out) == set()
    assert [name.split("-")[0] for day, name in around.came if day == 7][:1] == ["arl"]
    assert "desk" in around.kinds()


def test_numbers_of_returns_show_that_one_was_lost() -> None:
    """A return that never came used a number, as it does in life."""
    around = Around(faults(return_lost=0.5))
    around.send(around.lot("return_lost"))
    around.wait(14)
    around.send(around.lot(), number=2)
    around.wait(14)

    numbers = [int(name.split("-")[1][:6]) for _, name in around.came]
    assert len(numbers) == 3
    assert numbers != list(range(1, 4))


def test_the_gateway_turns_on_every_day_and_payers_rest() -> None:
    """Weekends have one turn, and nothing comes back on them."""
    saturday = (date(2026, 3, 7) - FIRST_DAY).days
    assert len(turns_of(saturday)) == 1
    assert len(turns_of(saturday - 1)) == 3
    calendar: WorkCalendar = timings(plan())[0].calendar
    assert not calendar.works(FIRST_DAY + timedelta(days=saturday))

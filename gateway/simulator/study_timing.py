"""When a payer of a study does things: the same for its simulation and for the floor."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from attrs import frozen

from config.directory_records import Within
from gateway.simulator.study_faults import PayerFaults
from gateway.simulator.study_payers import FIRST_DAY
from gateway.simulator.study_plan import PlannedLot
from protocols.simulation import Profile
from routing.calendar import WorkCalendar

ZONE: Final = ZoneInfo("Europe/Paris")
_SATURDAY: Final = 5
OPENS_AT: Final = 6
"""The hour at which payers hand over what they have to send."""

TURNS_AT: Final = (OPENS_AT, 11, 17)
"""Hours of a weekday at which the gateway's steps run; at the first on every day."""

SENDS_AT: Final = TURNS_AT[1:]
"""Hours at which vendors send, one for each turn of the plan."""


def moment(day: int, hour: int) -> float:
    """Return the epoch seconds of an hour of a day of the study."""
    when = datetime.combine(FIRST_DAY + timedelta(days=day), time(hour), ZONE)
    return when.timestamp()


def turns_of(day: int) -> tuple[int, ...]:
    """Return the hours of a day of the study at which the gateway's steps run."""
    weekend = (FIRST_DAY + timedelta(days=day)).weekday() >= _SATURDAY
    return TURNS_AT[:1] if weekend else TURNS_AT


@frozen(kw_only=True)
class Timing:
    """A payer's pace; pure, so the same lot takes the same time in every run."""

    profile: Profile
    calendar: WorkCalendar
    faults: PayerFaults
    seed: int

    def working_day(self, day: date, *, after: int) -> date:
        """Return the working day so many after a day."""
        for _ in range(after):
            day = self.calendar.next_working_day(day)
        return day

    def acknowledges_on(self, at: float) -> date:
        """Return the day on which what comes at a time is acknowledged."""
        return self.working_day(self.calendar.counts_from(at), after=1)

    def answers_on(self, lot: PlannedLot, at: float, *, first: bool) -> date:
        """Return the day on which a lot that comes at a time is answered.

        One that is late is so when it is answered for the `first` time.
        """
        if first and lot.late:
            return self.working_day(self.answers_by(at), after=lot.late)
        quickest, usual, slowest = self.profile.delays
        dice = Random(f"{self.seed}|delay|{lot.key}")  # noqa: S311
        days = min(slowest, int(dice.triangular(quickest, slowest + 1, usual)))
        return self.working_day(self.calendar.counts_from(at), after=days)

    def answers_by(self, at: float) -> date:
        """Return the day until which what comes at a time is to be answered."""
        due = self.calendar.due(at, Within(self.profile.within, 0.0))
        return self.calendar.day(due)

    def hands_over(self, day: date) -> bool:
        """Say whether anything comes back on a day."""
        number = (day - FIRST_DAY).days
        return self.calendar.works(day) and number not in self.faults.outage_days

    def leaves_on(self, day: date) -> date:
        """Return the day on which what is ready on a day comes back."""
        while not self.hands_over(day):
            day += timedelta(days=1)
        return day

    def registered_on(self, asked: date) -> date:
        """Return from when on a sender is known, whose enrolment was asked for."""
        return asked + timedelta(days=self.faults.enrolment_days)

"""What happens in a study: which lot goes when, from whom, to whom, and what hits it.

Faults are dealt like cards, not thrown like dice: the shares come out as the fault
file says, as nearly as whole lots (and whole enrolments) allow.  A sender that is
not registered with a payer is so for all its lots there, as it is in life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from random import Random
from typing import Final

import holidays
from attrs import evolve, field, frozen

from gateway.simulator.study_faults import ALSO, MIX, Faults
from gateway.simulator.study_payers import FIRST_DAY, ids_of
from protocols.catalog import Simulated
from protocols.simulation import Sender

_LOTS: Final = 3000  # of a large study
_SIZES: Final = (4, 40)  # claims of a lot, at least and at most
_LOTS_OF_A_PAIR: Final = 3  # at least, so that one evidence may serve others
_MOST_SENDERS: Final = 40
_QUIET: Final = 75  # days at the end of a long study in which nothing is sent
_LONG: Final = 100
_SENDING_SHARE: Final = 0.35  # of the days of a short study, at most
_LEAST_QUIET: Final = 45  # days that every remedy needs, in a short study
_LEAST_SENDING: Final = 2
_LATER: Final = (2, 15)  # working days beyond the due date
_FIRST_INVOICE: Final = 100_001
_LOT_NUMBERS: Final = 999
TURNS: Final = 2
"""How often a day vendors send."""


@frozen(kw_only=True)
class PlannedLot:
    """One lot; `fault` is what hits its way, or empty.

    `day` counts from 0.  `late` is how many working days beyond the due date its
    payer answers, when it does for the first time.
    """

    index: int
    sender: int
    payer: str
    claims: int
    day: int = 0
    turn: int = 0
    fault: str = ""
    late: int = 0
    doubled: bool = False
    out_of_order: bool = False
    file: int = 0
    number: int = 0
    first_invoice: int = 0
    key: str = ""

    @property
    def date(self) -> date:
        """The day on which it is made and sent."""
        return FIRST_DAY + timedelta(days=self.day)


@frozen(kw_only=True)
class Plan:
    """All that is going to happen; `unregistered` are (sender, payer id) pairs."""

    days: int
    seed: int
    faults: Faults
    simulated: tuple[Simulated, ...]
    senders: tuple[Sender, ...]
    lots: tuple[PlannedLot, ...]
    unregistered: frozenset[tuple[int, str]]
    by_key: Mapping[str, PlannedLot] = field(init=False, repr=False)

    @by_key.default
    def _index(self) -> Mapping[str, PlannedLot]:
        return {lot.key: lot for lot in self.lots}

    @property
    def claims(self) -> int:
        """How many claims are sent."""
        return sum(lot.claims for lot in self.lots)

    def sent_on(self, day: int, turn: int) -> Iterator[PlannedLot]:
        """Yield the lots that vendors send at a turn of a day."""
        return (lot for lot in self.lots if (lot.day, lot.turn) == (day, turn))


def deal(
    simulated: Sequence[Simulated],
    *,
    claims: int,
    days: int,
    seed: int,
    faults: Faults,
) -> Plan:
    """Plan a study among the payers of networks; the same arguments, the same plan."""
    rng = Random(f"{seed}|plan")  # noqa: S311 - invented, no secret
    sizes = _sizes(claims, rng)
    payers = len(ids_of(simulated))
    count = min(_MOST_SENDERS, max(1, len(sizes) // (_LOTS_OF_A_PAIR * payers)))
    senders = tuple(each for of in simulated for each in _senders(of, count, rng))
    pairs = [
        (sender, payer)
        for index, of in enumerate(simulated)
        for sender in range(index * count, (index + 1) * count)
        for payer in ids_of([of])
    ]
    rng.shuffle(pairs)
    lots = [
        PlannedLot(
            index=index,
            sender=pairs[index % len(pairs)][0],
            payer=pairs[index % len(pairs)][1],
            claims=size,
        )
        for index, size in enumerate(sizes)
    ]
    unregistered = _unregistered(lots, pairs, faults.mix["not_enrolled"])
    lots = _hit(lots, unregistered, faults, spared_by(simulated), rng)
    lots = _also(lots, faults, rng)
    countries = [of.simulation.country for of in simulated]
    lots = _dated(lots, _sending_days(days, countries), rng)
    return Plan(
        days=days,
        seed=seed,
        faults=faults,
        simulated=tuple(simulated),
        senders=senders,
        lots=tuple(_numbered(lots, senders, simulated)),
        unregistered=unregistered,
    )


def spared_by(simulated: Sequence[Simulated]) -> Mapping[str, frozenset[str]]:
    """Return by fault the payers to which it cannot happen in their networks."""
    return {
        "misrouted": frozenset(
            ids_of([of for of in simulated if not of.simulation.merges])
        ),
        "return_altered": frozenset(
            ids_of([of for of in simulated if not of.simulation.alterations])
        ),
    }


def _sizes(claims: int, rng: Random) -> list[int]:
    least, most = _SIZES
    size = max(least, min(most, round(claims / _LOTS)))
    count = max(1, -(-claims // size))
    whole, more = divmod(claims, count)
    sizes = [whole + (index < more) for index in range(count)]
    rng.shuffle(sizes)
    return sizes


def _senders(of: Simulated, count: int, rng: Random) -> tuple[Sender, ...]:
    found: dict[str, Sender] = {}
    while len(found) < count:
        made = of.simulation.sender(rng)
        found[made.number] = made
    return tuple(found.values())


def _unregistered(
    lots: Sequence[PlannedLot], pairs: Sequence[tuple[int, str]], share: float
) -> frozenset[tuple[int, str]]:
    """Choose pairs whose claims come as near to the share as whole pairs can."""
    weights: Counter[tuple[int, str]] = Counter()
    for lot in lots:
        weights[lot.sender, lot.payer] += lot.claims
    wanted = share * sum(weights.values())
    chosen, total = set(), 0
    for pair in pairs:
        if abs(total + weights[pair] - wanted) < abs(total - wanted):
            chosen.add(pair)
            total += weights[pair]
    return frozenset(chosen)


def _hit(
    lots: Sequence[PlannedLot],
    unregistered: frozenset[tuple[int, str]],
    faults: Faults,
    spared: Mapping[str, frozenset[str]],
    rng: Random,
) -> list[PlannedLot]:
    """Deal the faults: absolute shares of all claims, one fault for a lot at most.

    What cannot happen to a payer, those that it `spared`, happens to the others.
    """
    found = {
        lot.index: evolve(lot, fault="not_enrolled")
        for lot in lots
        if (lot.sender, lot.payer) in unregistered
    }
    left = [lot for lot in lots if lot.index not in found]
    rng.shuffle(left)
    waiting: Iterator[PlannedLot] = iter(left)
    claims, share, hit = sum(lot.claims for lot in lots), 0.0, 0
    for name in MIX:
        if name == "not_enrolled":
            continue
        share += faults.mix[name]
        passed = []
        for lot in waiting:
            if hit + lot.claims / 2 > share * claims:
                waiting = chain([lot], waiting)
                break
            if lot.payer in spared.get(name, ()):
                passed.append(lot)
                continue
            hit += lot.claims
            found[lot.index] = evolve(lot, fault=name)
        else:
            share = hit / claims  # nobody is left to whom it can happen
        waiting = chain(passed, waiting)
    return [found.get(lot.index, lot) for lot in lots]


def _also(lots: Sequence[PlannedLot], faults: Faults, rng: Random) -> list[PlannedLot]:
    dealt = {}
    for name in ALSO:
        count = round(faults.also[name] * len(lots))
        dealt[name] = set(rng.sample(range(len(lots)), count))
    return [
        evolve(
            lot,
            late=rng.randint(*_LATER) if lot.index in dealt["late"] else 0,
            doubled=lot.index in dealt["doubled"],
            out_of_order=lot.index in dealt["out_of_order"],
        )
        for lot in lots
    ]


def _sending_days(days: int, countries: Iterable[str]) -> list[int]:
    """Return the days on which vendors send: working days of the first part."""
    last = days - _QUIET
    if days < _LONG:
        last = max(_LEAST_SENDING, min(int(days * _SENDING_SHARE), days - _LEAST_QUIET))
    closed = [holidays.country_holidays(each) for each in countries]
    found = []
    for day in range(last):
        when = FIRST_DAY + timedelta(days=day)
        weekend = when.weekday() >= 5  # noqa: PLR2004 - Saturday
        if not weekend and not any(when in each for each in closed):
            found.append(day)
    return found


def _dated(
    lots: Sequence[PlannedLot], days: Sequence[int], rng: Random
) -> list[PlannedLot]:
    """Spread the lots over the days, whatever hits them; return them in that order."""
    order = list(lots)
    rng.shuffle(order)
    slots = len(days) * TURNS
    return [
        evolve(lot, day=days[slot // TURNS], turn=slot % TURNS)
        for place, lot in enumerate(order)
        for slot in (place * slots // len(order),)
    ]


def _numbered(
    lots: Iterable[PlannedLot],
    senders: Sequence[Sender],
    simulated: Sequence[Simulated],
) -> Iterator[PlannedLot]:
    """Give every lot the numbers that its sender's software counts."""
    simulations = {of.name: of.simulation for of in simulated}
    files: Counter[int] = Counter()
    invoices: Counter[int] = Counter()
    for lot in lots:
        files[lot.sender] += 1
        number = (files[lot.sender] - 1) % _LOT_NUMBERS + 1
        sender = senders[lot.sender]
        simulation = simulations[sender.network]
        key = simulation.lot_key(sender, lot.date.isoformat(), number)
        yield evolve(
            lot,
            file=files[lot.sender],
            number=number,
            first_invoice=_FIRST_INVOICE + invoices[lot.sender],
            key=key,
        )
        invoices[lot.sender] += lot.claims

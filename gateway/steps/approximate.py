"""Answers whose keys fit none: the claims that they may mean, looked up and weighed.

Looks only at lots of the sender whom the answer names, and only at those that
went to the payer that answers (`origin`).  Many orphans are looked up at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row

from gateway.committing import Tx
from gateway.journal import kin
from gateway.steps.answers import said_before
from gateway.steps.origin import Origin
from gateway.steps.unnamed import sender_meant
from routing.approximation import (
    BEST_WITHOUT_PATIENT,
    LIKELY,
    MARGIN,
    SURE_WITHOUT_IDENTIFIERS,
    Choice,
    Kin,
    Likeness,
    belies,
    choose,
    forms_of,
    likeness,
    of_lot,
    same_lot_number,
    stems,
)
from routing.envelope import AnswerSeen, Level, Outcome
from routing.ledger import ANSWERED, MONEY, Account, account_for
from routing.lifecycle import LotState
from routing.matching import Candidate

Lot = Row[*tuple[Any, ...]]
Claim = Row[*tuple[Any, ...]]
Place = tuple[str, int]
Mark = tuple[str, str | int]

_NEAREST: Final = 8  # lots of one number: it wraps, and some never change it
_BILLED_WITHIN: Final = 92  # days after the care


def may_be_sought(answer: AnswerSeen) -> bool:
    """Say whether an answer tells enough of what it means to be looked for."""
    traits = answer.traits
    told = bool(traits.number or traits.patients)
    if answer.level is Level.LOT:
        told = bool(traits.lot)
    whose = answer.sender or (traits.number and traits.patients)
    return bool(whose) and told and answer.outcome is not Outcome.INFORMATION


class _Claims:
    """Claims of one sender, found by patient, number and, without a patient, lot."""

    def __init__(self, rows: Iterable[Claim]) -> None:
        self._rows: dict[Place, Claim] = {}
        self._by: dict[Mark, set[Place]] = {}
        self.add(rows)

    def add(self, rows: Iterable[Claim]) -> None:
        for row in rows:
            place = (row.lot_id, row.seq)
            if place not in self._rows:
                self._rows[place] = row
                self._by.setdefault(("patient", row.patient), set()).add(place)
                self._by.setdefault(("lot", row.lot_number), set()).add(place)
                for stem in stems(row.number):
                    self._by.setdefault(("number", stem), set()).add(place)

    def of_patients(self, hashes: Collection[int]) -> dict[Place, Claim]:
        """Choose those of a patient."""
        return self._marked([("patient", each) for each in hashes])

    def named(self, answer: AnswerSeen, *, lots: bool) -> dict[Place, Claim]:
        """Choose those that bear the number told, or part of it; or stand in the lot."""
        traits = answer.traits
        marks: list[Mark] = [("number", each) for each in stems(traits.number)]
        if lots:
            marks += [
                mark
                for mark in self._by
                if mark[0] == "lot" and same_lot_number(traits.lot, str(mark[1]))
            ]
        return self._marked(marks)

    def _marked(self, marks: Iterable[Mark]) -> dict[Place, Claim]:
        places = sorted(set().union(*(self._by.get(mark, ()) for mark in marks)))
        return {place: self._rows[place] for place in places}


class Approximate:
    """Looks for the claims of orphans, in one transaction."""

    def __init__(
        self,
        tx: Tx,
        network: str,
        origin: Origin,
        patient_hash: Callable[[str], int],
        sure: int,
    ) -> None:
        self._tx = tx
        self._network = network
        self._origin = origin
        self._hash = patient_hash
        self._sure = sure

    def choose_all(
        self,
        orphans: Sequence[AnswerSeen],
        refused: Sequence[Collection[Place]],
    ) -> list[Choice]:
        """Choose for each orphan; what a person refused for it is none of its kin."""
        by_sender: dict[str, list[int]] = {}
        for place, answer in enumerate(orphans):
            sender = sender_meant(
                self._tx.connection, self._network, answer, self._hash
            )
            by_sender.setdefault(sender, []).append(place)
        chosen: dict[int, Choice] = {}
        for sender, places in by_sender.items():
            lots = kin.lots_of_sender(self._tx.connection, self._network, sender)
            mine = [orphans[place] for place in places]
            not_those = [refused[place] for place in places]
            found = self._of_sender(sender, lots, mine, not_those)
            chosen.update(zip(places, found, strict=True))
        return [chosen[place] for place in range(len(orphans))]

    def _of_sender(
        self,
        sender: str,
        lots: Sequence[Lot],
        orphans: Sequence[AnswerSeen],
        refused: Sequence[Collection[Place]],
    ) -> list[Choice]:
        if not lots:
            return [Choice(None, ()) for _ in orphans]
        hashes = [frozenset(map(self._hash, each.traits.patients)) for each in orphans]
        claims = _Claims(self._identified(sender, lots, orphans))
        weighed = [
            self._lots_like(answer, lots, gone)
            if answer.level is Level.LOT
            else self._weigh(answer, claims, its, gone)
            for answer, its, gone in zip(orphans, hashes, refused, strict=True)
        ]
        # What bears neither number nor lot can be as good as that, but no better.
        enough = SURE_WITHOUT_IDENTIFIERS + MARGIN
        open_ = [
            place
            for place, each in enumerate(weighed)
            if hashes[place] and max((it.score for it in each), default=0) < enough
        ]
        if open_:
            claims.add(self._of_patients(lots, orphans, hashes, open_))
            for place in open_:
                weighed[place] = self._weigh(
                    orphans[place], claims, hashes[place], refused[place]
                )
        return [choose(each, sure=self._sure) for each in weighed]

    def _identified(
        self, sender: str, lots: Sequence[Lot], orphans: Sequence[AnswerSeen]
    ) -> list[Claim]:
        """Read the claims of lots that are named, and those whose number is."""
        wanted = [each.traits for each in orphans if each.level is Level.CLAIM]
        named: set[str] = set()
        for number, day in {(each.lot, each.lot_date) for each in wanted if each.lot}:
            named.update(each.id for each in _nearest(lots, number, day))
        numbers = {form for each in wanted for form in forms_of(each.number)}
        connection = self._tx.connection
        return [
            *kin.claims_of_lots(connection, named),
            *kin.claims_of_numbers(connection, self._network, sender, numbers),
        ]

    def _of_patients(
        self,
        lots: Sequence[Lot],
        orphans: Sequence[AnswerSeen],
        hashes: Sequence[Collection[int]],
        places: Sequence[int],
    ) -> list[Claim]:
        """Read the patients' claims in the lots of the time in question."""
        days = {orphans[place].traits.date for place in places}
        near = [each.id for each in lots if _in_time(each.date, days)]
        patients = frozenset().union(*(hashes[place] for place in places))
        return kin.claims_of_patients(self._tx.connection, near, patients)

    def _weigh(
        self,
        answer: AnswerSeen,
        claims: _Claims,
        hashes: Collection[int],
        refused: Collection[Place],
    ) -> list[Likeness]:
        """Weigh the patient's claims, and else those that bear the number or lot."""
        mine = claims.of_patients(hashes)
        found = self._like(answer, mine, hashes, refused)
        if any(each.score >= BEST_WITHOUT_PATIENT + MARGIN for each in found):
            return found
        others = claims.named(answer, lots=not hashes)
        rest = {place: row for place, row in others.items() if place not in mine}
        return found + self._like(answer, rest, hashes, refused)

    def _like(
        self,
        answer: AnswerSeen,
        claims: Mapping[Place, Claim],
        hashes: Collection[int],
        refused: Collection[Place],
    ) -> list[Likeness]:
        found = []
        for place, row in claims.items():
            if place in refused:
                continue
            each = likeness(answer, _kin(row, patient=row.patient in hashes))
            if each.score < LIKELY or self._origin.stranger(row.lot_id) is not None:
                continue
            if not each.kin.at.waiting:
                unmoved = self._is_unmoved(row, answer)
                each = likeness(answer, each.kin._replace(unmoved=unmoved))
            found.append(each)
        return found

    def belied(self, answer: AnswerSeen, place: Candidate) -> Likeness | None:
        """Weigh the claim that a key found; None if the answer does not deny it."""
        if not answer.traits.patients or answer.asked in {0, place.asked}:
            return None
        row = kin.claim(self._tx.connection, place.id, place.claim or 0)
        patient = row.patient in set(map(self._hash, answer.traits.patients))
        return belies(answer, _kin(row, patient=patient))

    def _is_unmoved(self, row: Row[*tuple[Any, ...]], answer: AnswerSeen) -> bool:
        weaker = account_for(answer.outcome, Account(row.account)) is None
        if weaker and answer.outcome not in MONEY:
            return True
        return said_before(self._tx, row.lot_id, row.seq, answer)

    def _lots_like(
        self, answer: AnswerSeen, lots: Sequence[Lot], refused: Collection[Place]
    ) -> list[Likeness]:
        traits = answer.traits
        return [
            of_lot(each.id, answer.sender, each.asked)
            for each in _nearest(lots, traits.lot, traits.lot_date)
            if each.state == LotState.SENT
            and (each.id, 0) not in refused
            and self._origin.stranger(each.id) is None
        ]


def _kin(row: Row[*tuple[Any, ...]], *, patient: bool) -> Kin:
    waiting = Account(row.account) not in ANSWERED
    return Kin(
        at=Candidate(row.lot_id, row.seq, row.sender, row.asked, waiting),
        number=row.number,
        lot=row.lot_number,
        lot_date=row.lot_date,
        date=row.date,
        patient=patient,
        parts=(row.asked_main, row.asked_other),
        key=row.match_key,
    )


def _nearest(lots: Sequence[Lot], number: str, day: str) -> list[Lot]:
    """Choose the lots of a number that are nearest to a day."""
    named = [each for each in lots if same_lot_number(number, each.number)]
    return sorted(named, key=lambda each: _days_between(each.date, day))[:_NEAREST]


def _days_between(one: str, other: str) -> int:
    return abs(_day(one) - _day(other))


def _in_time(lot: str, days: Collection[str]) -> bool:
    """Say whether a lot may hold invoices of one of some days; yes if in doubt."""
    made = _day(lot)
    return any(
        not day or not made or 0 <= made - _day(day) <= _BILLED_WITHIN for day in days
    )


def _day(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return 0

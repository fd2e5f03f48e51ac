"""Who settles the complementary part of an invoice: the decision, step by step.

The way is the national one (french.md 4.4): a mutual's old number becomes an AMC number
(correspondences, the first line wins), an AMC leads to those who sign for it
(groupings), and a convention of the AMC or of a signatory says how its part is
handled.  `?` in a mask is any character.  Pure: tables and an identity in, a
decision out; thousands a second, however long the tables are.

Three things are deduced from real tables and said in the steps:

* What an identity does not tell excludes no row, save the criterion: a mask that asks
  for a fund does not hold for nobody's fund.
* Several conventions that say the same are one result; only those that say something
  else are several.
* Conventions that name no AMC and are not grouped hold for any AMC of their funds, but
  only where nothing names the AMC: this is how a fund handles both parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Self

from protocols.sesam import amc_words
from protocols.sesam.amc_decision import (
    Candidate,
    Decision,
    Identity,
    Outcome,
    Step,
    normal_number,
)
from protocols.sesam.amc_index import AmcIndex
from protocols.sesam.amc_signatories import Way, ways
from protocols.sesam.amc_tables import (
    CONVENTIONS,
    CORRESPONDENCES,
    GROUPINGS,
    Convention,
    Grouping,
    Row,
    mutual,
)
from protocols.sesam.amc_told import Told


class AmcRouting:
    """The decision over one version of the directory's tables."""

    def __init__(self, index: AmcIndex) -> None:
        self._index = index

    @classmethod
    def of(cls, tables: Mapping[str, Sequence[Row]]) -> Self:
        """Take the network's tables of a directory; missing ones are empty."""
        return cls(AmcIndex(tables))

    def decide(self, identity: Identity) -> Decision:
        """Decide for one identity; never raises for what it holds."""
        return _Case(self._index, identity).decide()


class _Case:
    """One identity on its way through the tables."""

    def __init__(self, index: AmcIndex, identity: Identity) -> None:
        self._index = index
        self._identity = identity
        self._told = Told.of(identity)
        self._criterion = self._told.criterion
        self._amc = ""
        self._ways: list[Way] = []
        self._steps: list[Step] = []

    def decide(self) -> Decision:
        """Go through the tables."""
        if CONVENTIONS not in self._index.present:
            return self._none(
                f"the directory has no table of {CONVENTIONS}; take it over with "
                f"`octway payer import FILE --table {CONVENTIONS}`"
            )
        self._amc, missed = self._number()
        self._follow_groupings()
        hits = self._conventions() or self._open()
        if hits:
            return self._judge(hits)
        return self._none(missed or self._unmet())

    # correspondences

    def _number(self) -> tuple[str, str]:
        """Return the AMC number, and why a mutual's number led to none."""
        told = normal_number(self._identity.amc_number)
        old = mutual(self._identity.mutual_number)
        old = old.zfill(8) if old.isdecimal() else old
        if told and (not old or self._index.knows(told)):
            self._note(CORRESPONDENCES, 0, f"not asked: AMC number {told} is told")
            return told, ""
        if not old:
            self._note(CORRESPONDENCES, 0, "not asked: no number is told")
            return "", ""
        for each in self._index.correspondences(old, self._criterion):
            if each.days.cover(self._identity.day):
                self._note(CORRESPONDENCES, each.row, amc_words.corresponds(each))
                return each.amc_number, ""
        missed = self._no_correspondence(old)
        self._note(CORRESPONDENCES, 0, missed)
        return told, missed

    def _no_correspondence(self, old: str) -> str:
        near = amc_words.several(
            f"row {each.row} is {each.mutual_mask} with {each.criterion}"
            for each in self._index.near_mutuals(old)
        )
        return (
            f"no row of {CORRESPONDENCES} holds for mutual {old} with criterion "
            f"{self._criterion or 'none'} on {self._identity.day}; near: {near or 'none'}"
        )

    # groupings

    def _follow_groupings(self) -> None:
        """Note who signs for the AMC, and who signs for those."""
        if not self._amc:
            return
        found = ways(self._index, self._amc, self._criterion, self._holds)
        for each, way in found:
            self._ways.append(way)
            self._note(GROUPINGS, each.row, amc_words.groups(each))
        if not self._ways:
            self._note(GROUPINGS, 0, self._ungrouped())

    def _ungrouped(self) -> str:
        """Say why nobody signs for the AMC, with the rows that name it."""
        rows = sorted(self._index.groupings(self._amc, None), key=_place)
        if not rows:
            return f"nobody signs for AMC {self._amc}"
        words = amc_words.several(map(self._told.missed_grouping, rows))
        return f"no row of {GROUPINGS} that names AMC {self._amc} holds: {words}"

    def _holds(self, each: Grouping) -> bool:
        return not any(self._told.faults(each.days, each.convention_type, each.natures))

    # conventions

    def _conventions(self) -> list[Convention]:
        """Return what holds of the AMC's conventions and of its signatories'."""
        hits = _in_order(filter(self._told.fits, self._near(self._criterion)))
        for each in hits:
            self._note(CONVENTIONS, each.candidate.row, self._reached(each))
        return hits

    def _open(self) -> list[Convention]:
        """Return conventions of the fund for any AMC."""
        hits = _in_order(filter(self._told.fits, self._index.open_for(self._criterion)))
        missed = f"no row names {f'AMC {self._amc}' if self._amc else 'an AMC'}"
        if self._amc and self._index.knows(self._amc):
            missed = f"no row that AMC {self._amc} leads to holds"
        for each in hits:
            self._note(
                CONVENTIONS,
                each.candidate.row,
                f"{missed}; this one of {amc_words.signed(each)} names none and holds "
                f"for every AMC of {each.candidate.criterion}",
            )
        return hits

    def _near(self, criterion: str | None) -> Iterator[Convention]:
        """Yield conventions of the AMC and its signatories: under a criterion, or all."""
        if self._amc:
            yield from self._index.of_amc(self._amc, criterion)
        for way in self._ways:
            found = self._index.of_signatory(way.signatory, criterion)
            yield from filter(way.leads_to, found)

    def _reached(self, each: Convention) -> str:
        said = each.candidate
        if each.amc_number and each.amc_number == self._amc:
            how = f"names AMC {self._amc}"
        elif each.signatory == self._amc:
            how = f"AMC {self._amc} signed it itself"
        else:
            how = f"is of signatory {each.signatory}, who signs for AMC {self._amc}"
        held = [f"type {said.convention_type}"] if said.convention_type else []
        held += [f"criterion {said.criterion}"] if said.criterion else []
        held += [f"agreement {said.agreement}"] if said.agreement else []
        return f"{how}; holds by {', '.join(held) or 'its number alone'}"

    # the end

    def _judge(self, hits: Sequence[Convention]) -> Decision:
        candidates = tuple(each.candidate for each in hits)
        results = {each.result for each in candidates}
        if len(results) == 1:
            if len(hits) > 1:
                rows = ", ".join(str(each.row) for each in candidates)
                self._note(CONVENTIONS, 0, f"rows {rows} say the same")
            return self._decision(Outcome.DECIDED, candidates, "")
        return self._decision(
            Outcome.AMBIGUOUS,
            candidates,
            f"{len(candidates)} conventions hold and say different things: "
            f"{amc_words.several(map(amc_words.told, candidates))}; {self._apart(candidates)}",
        )

    def _apart(self, candidates: Sequence[Candidate]) -> str:
        """Say what, if it were told, would choose between candidates."""
        told = {
            "convention_type": self._told.convention_type,
            "agreement": self._told.agreement,
            "nature": self._told.nature,
        }
        apart = [
            name.replace("_", " ")
            for name, value in told.items()
            if not value and len({getattr(each, name) for each in candidates}) > 1
        ]
        if apart:
            return f"not told, and different in them: {', '.join(apart)}"
        return "nothing that can be told tells them apart: the tables contradict each other"

    def _unmet(self) -> str:
        """Say why no convention holds, with the rows that come nearest."""
        if not self._amc:
            return (
                f"no number is told, and no row of {CONVENTIONS} is open to criterion "
                f"{self._criterion or 'none'}"
            )
        near = _in_order(self._near(None))
        if near:
            words = amc_words.several(map(self._told.missed_convention, near))
            return f"no row of {CONVENTIONS} holds for AMC {self._amc}: {words}"
        if self._ways:
            who = ", ".join(dict.fromkeys(way.signatory for way in self._ways))
            return (
                f"AMC {self._amc} is signed for by {who}, and no row of {CONVENTIONS} "
                "is one that this leads to"
            )
        if self._index.knows(self._amc):
            return self._ungrouped()
        numbers = ", ".join(self._index.near_numbers(self._amc)) or "none"
        return (
            f"no row of {CONVENTIONS} or {GROUPINGS} names AMC {self._amc}; "
            f"nearest numbers: {numbers}"
        )

    def _none(self, reason: str) -> Decision:
        return self._decision(Outcome.NONE, (), reason)

    def _decision(
        self, outcome: Outcome, candidates: tuple[Candidate, ...], reason: str
    ) -> Decision:
        return Decision(
            outcome=outcome,
            amc_number=self._amc,
            signatories=tuple(dict.fromkeys(way.signatory for way in self._ways)),
            result=candidates[0].result if outcome is Outcome.DECIDED else None,
            candidates=candidates,
            steps=tuple(self._steps),
            reason=reason,
        )

    def _note(self, table: str, row: int, why: str) -> None:
        self._steps.append(Step(table=table, row=row, why=why))


def _place(each: Grouping) -> int:
    return each.place


def _in_order(found: Iterable[Convention]) -> list[Convention]:
    """Return each once, in the order of the table."""
    by_place = {each.place: each for each in found}
    return [by_place[place] for place in sorted(by_place)]

"""What an identity tells, held against single rows of the complementary tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, Self

from attrs import frozen

from protocols.sesam.amc_decision import Identity
from protocols.sesam.amc_masks import matches
from protocols.sesam.amc_tables import Convention, Days, Grouping

_WIDTHS: Final = (("regime", 2), ("fund", 3), ("centre", 4))


def criterion_of(identity: Identity) -> str:
    """Return the secondary criterion: the identity's own, else its fund in digits."""
    if own := identity.criterion.strip().upper():
        return own
    found = ""
    for name, width in _WIDTHS:
        part = str(getattr(identity, name)).strip().upper()
        if not part:
            break
        found += part.zfill(width) if part.isdecimal() else part
    return found


@frozen
class Told:
    """What rows are compared with; what is empty was not told and excludes nothing.

    Save the criterion: a row that asks for a fund does not hold for nobody's fund.
    """

    day: date
    criterion: str
    convention_type: str
    agreement: str
    nature: str

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """Take it from an identity, in the tables' way of writing."""
        return cls(
            identity.day,
            criterion_of(identity),
            identity.convention_type.strip().upper(),
            identity.agreement.strip().upper(),
            identity.nature.strip().upper(),
        )

    def faults(
        self, days: Days, convention_type: str, natures: frozenset[str]
    ) -> Iterator[str]:
        """Say why a row under the identity's criterion does not hold."""
        if not days.cover(self.day):
            yield f"it is valid {days}"
        told, nature = self.convention_type, self.nature
        if told and convention_type and convention_type != told:
            yield f"it is of type {convention_type}, not {told}"
        if nature and natures and nature not in natures:
            yield f"it is for natures {','.join(sorted(natures))}, not {nature}"

    def fits(self, each: Convention) -> bool:
        """Say whether a convention under the identity's criterion holds."""
        return not any(self._against(each))

    def missed_convention(self, each: Convention) -> str:
        """Say a convention that does not hold, and all that keeps it from holding."""
        said = each.candidate
        why = [*self._against(each), *self._other(said.criterion)]
        return f"row {said.row}: {', '.join(why)}"

    def missed_grouping(self, each: Grouping) -> str:
        """Say a grouping that does not hold, and all that keeps it from holding."""
        why = [
            *self.faults(each.days, each.convention_type, each.natures),
            *self._other(each.criterion),
        ]
        return f"row {each.row}: {', '.join(why)}"

    def _against(self, each: Convention) -> Iterator[str]:
        said = each.candidate
        yield from self.faults(each.days, said.convention_type, each.natures)
        if self.agreement and said.agreement and self.agreement not in said.agreement:
            yield f"it is for {said.agreement}, not {self.agreement}"

    def _other(self, criterion: str) -> Iterator[str]:
        if not matches(criterion, self.criterion):
            told = f"not {self.criterion}" if self.criterion else "and no fund is told"
            yield f"its criterion is {criterion}, {told}"

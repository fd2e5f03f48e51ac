"""Numbers that count up and wrap: which is next, which are missing.

A number ahead by less than half the circle is new, and what lies between is
missing; anything else is old: a repeat, or one that comes late.  Whether somebody
numbers one by one is learned: only then is a missing number one that got lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from attrs import field, frozen, validators


class Seen(NamedTuple):
    """What a number says, given the last one: `missing` lie in between, in order.

    An `old` number leaves the last one as it was; it is a repeat when the journal
    holds it, and else a late one that closes its gap.
    """

    last: int
    missing: tuple[int, ...]
    old: bool


@frozen
class Numbering:
    """Numbers from `first` to `last`, then `first` again."""

    first: int = field(default=1, validator=validators.ge(0))
    last: int = field(default=999)

    def __attrs_post_init__(self) -> None:
        if self.last <= self.first:
            raise ValueError(
                f"numbers from {self.first} to {self.last} do not count up"
            )

    def after(self, number: int | None) -> int:
        """Return the number after one; the first one after None."""
        if number is None or number >= self.last:
            return self.first
        return max(self.first, number + 1)

    def see(self, last: int | None, number: int) -> Seen:
        """Say what a number means after the last one that was seen in order.

        Raises `ValueError` for a number that this numbering cannot hold.
        """
        if not self.first <= number <= self.last:
            raise ValueError(
                f"number {number} is outside the sequence; wanted "
                f"{self.first} to {self.last}"
            )
        if last is None:
            return Seen(number, (), old=False)
        size = self.last - self.first + 1
        ahead = (number - last) % size
        if ahead == 0 or ahead > size // 2:
            return Seen(last, (), old=True)
        missing = tuple(
            self.first + (last - self.first + step) % size for step in range(1, ahead)
        )
        return Seen(number, missing, old=False)


class FileNumber(NamedTuple):
    """The number that its maker gave a file, in a series of the maker's own."""

    series: str
    number: int
    numbering: Numbering


_ENOUGH: Final = 5  # steps from number to number before anything is believed
_SHARE: Final = 0.8  # of the steps must lead to the very next number
_FEW: Final = 0.5
_LONG: Final = 64  # steps after which older ones count half


class Habit(NamedTuple):
    """How somebody numbers: steps to a new number, and those to the very next."""

    steps: int = 0
    in_order: int = 0

    @property
    def sequential(self) -> bool:
        """Whether enough numbers came one by one for a missing one to be a loss."""
        return self.steps >= _ENOUGH and self.in_order >= _SHARE * self.steps

    @property
    def jumps(self) -> bool:
        """Whether so few numbers came one by one that none of them is missed."""
        return self.steps >= _ENOUGH and self.in_order < _FEW * self.steps

    def after(self, *, in_order: bool) -> Habit:
        """Return the habit after one more step; a change of habit is soon learned."""
        steps, kept = self
        if steps >= _LONG:
            steps, kept = steps // 2, kept // 2
        return Habit(steps + 1, kept + in_order)


def ranges(numbers: Iterable[int], *, most: int = 10) -> str:
    """Write numbers for people: `12 to 14, 17`."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    shown = [
        str(first) if first == last else f"{first} to {last}" for first, last in found
    ]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more

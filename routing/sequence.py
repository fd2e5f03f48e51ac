"""Numbers that count up and wrap: which is next, which are missing.

A number ahead by less than half the circle is new, and what lies between is
missing; anything else is old: a repeat, or one that comes late.
"""

from __future__ import annotations

from typing import NamedTuple

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

"""How a teller's sentences are said: in the English of the command line, or another's.

Whoever tells gives whole sentences with places for facts (`lot {number} is held`), so
that another language may put them in its own order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Protocol

from gateway import wording
from gateway.telling.advice import Advice


class Voice(Protocol):
    """Says sentences, counts, moments and amounts in one language."""

    def say(self, words: str, /, **facts: object) -> str:
        """Say a sentence with its facts put into their places."""
        ...

    def advise(self, advice: Advice, /, **facts: object) -> str:
        """Say what a person does, with what is at hand where it is said."""
        ...

    def written(self, words: str) -> str:
        """Say a sentence that the journal holds; a person's stays as it stands."""
        ...

    def counted(self, count: int, noun: str) -> str:
        """Say how many there are of something: `2 lots`."""
        ...

    def number(self, value: int) -> str:
        """Say a number."""
        ...

    def moment(self, epoch: float) -> str:
        """Say a moment."""
        ...

    def money(self, cents: int) -> str:
        """Say an amount."""
        ...

    def size(self, count: int) -> str:
        """Say how many bytes."""
        ...

    def listing(self, words: Sequence[str], most: int = 5) -> str:
        """Say a list, the first ones only if it is long."""
        ...


class English:
    """The command line's own voice, in the time zone of who sits at it."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def say(self, words: str, /, **facts: object) -> str:
        """Say a sentence with its facts put into their places."""
        return words.format_map(facts) if facts else words

    def advise(self, advice: Advice, /, **facts: object) -> str:
        """Say what a person does, in commands."""
        return self.say(advice.command, **facts)

    def written(self, words: str) -> str:
        """Say a sentence that the journal holds, which is English."""
        return words

    def counted(self, count: int, noun: str) -> str:
        """Say how many there are of something: `2 lots`."""
        return wording.counted(count, noun)

    def number(self, value: int) -> str:
        """Say a number."""
        return f"{value:,}"

    def moment(self, epoch: float) -> str:
        """Say a moment."""
        return wording.moment(epoch, self._zone)

    def money(self, cents: int) -> str:
        """Say an amount."""
        return wording.money(cents)

    def size(self, count: int) -> str:
        """Say how many bytes."""
        return wording.size(count)

    def listing(self, words: Sequence[str], most: int = 5) -> str:
        """Say a list, the first ones only if it is long."""
        return wording.listing(list(words), most)

"""A teller's voice in the language of who looks at a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.console.visit import Visit
from gateway.telling.advice import Advice
from gateway.wording import plural

_UNITS: Final = ((1000**3, "GB"), (1000**2, "MB"), (1000, "kB"))


class Spoken:
    """Says a life's sentences as the console's catalogues have them."""

    def __init__(self, visit: Visit) -> None:
        self._language = visit.language
        self._tell = visit.tell
        self._zone = visit.premises.zone

    def say(self, words: str, /, **facts: object) -> str:
        """Say a sentence with its facts put into their places."""
        said = self._language.say(words)
        return said.format_map(facts) if facts else said

    def advise(self, advice: Advice, /, **facts: object) -> str:
        """Say what a person does: what to press, or where to look."""
        return self.say(advice.desk, **facts)

    def written(self, words: str) -> str:
        """Say a sentence that the journal holds; a person's stays as it stands."""
        return self._tell(words)

    def counted(self, count: int, noun: str) -> str:
        """Say how many there are of something: `2 lots`."""
        one, many = f"{{count}} {noun}", f"{{count}} {plural(noun)}"
        said = self._language.translations.ngettext(one, many, count)
        return said.format_map({"count": self.number(count)})

    def number(self, value: int) -> str:
        """Say a number."""
        return self._language.number(value)

    def moment(self, epoch: float) -> str:
        """Say a moment."""
        return self._language.moment(epoch, self._zone)

    def money(self, cents: int) -> str:
        """Say an amount."""
        return f"{self._language.money(cents)} EUR"

    def size(self, count: int) -> str:
        """Say how many bytes."""
        for unit, name in _UNITS:
            if count >= unit:
                return f"{self._language.number(round(count / unit, 1))} {name}"
        return self.counted(count, "byte")

    def listing(self, words: Sequence[str], most: int = 5) -> str:
        """Say a list, the first ones only if it is long."""
        first = ", ".join(words[:most])
        if len(words) <= most:
            return first
        more = self.number(len(words) - most)
        return self.say("{first} and {count} more", first=first, count=more)

"""The words of messages in a recipient's language: files of words, and our own English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from gateway.cli.anomaly_shown import ADVICE
from gateway.cli.cause_advice import OF_CAUSE
from gateway.journal.anomalies import KINDS
from gateway.steps.route import CAUSES

_FOLDER: Final = Path(__file__).parent / "words"
_OURS: Final[Mapping[str, Mapping[str, str]]] = {
    "kind": KINDS,
    "advice": ADVICE,
    "cause": CAUSES,
    "cause_advice": OF_CAUSE,
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        text = (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")
        self._tables: dict[str, dict[str, Any]] = tomllib.loads(text)
        self._none_is_one = language == "fr"

    def of(self, table: str, key: str, **values: object) -> str:
        """Return words with values put in; our English where a language has none."""
        found = self._tables.get(table, {}).get(key)
        text = str(_OURS.get(table, {}).get(key, "") if found is None else found)
        return text.format(**values) if values else text

    def counted(self, table: str, key: str, n: int, **values: object) -> str:
        """Return the words for so many."""
        one, many = self._tables[table][key]
        is_one = n == 1 or (n == 0 and self._none_is_one)
        return str(one if is_one else many).format(n=n, **values)

    def span(self, seconds: float) -> str:
        """Write a length of time in its largest unit."""
        if seconds >= _DAY:
            return self.counted("message", "days", int(seconds // _DAY))
        if seconds >= _HOUR:
            return self.of("message", "hours", n=int(seconds // _HOUR))
        return self.of("message", "minutes", n=max(1, int(seconds // _MINUTE)))

    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Return all words, for the test that every language has them."""
        return self._tables


@cache
def words(language: str) -> Words:
    """Return the words of a language."""
    return Words(language)

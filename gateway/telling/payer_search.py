"""How a payer was found in a network's tables, for people: which table, row, and why.

A step is `protocols.payer_finder.SearchStep` as plain values, as the journal keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.telling.voice import Voice


def step_words(step: Mapping[str, Any], voice: Voice) -> str:
    """Say one step, with its reason."""
    table, row, why = step["table"], step["row"], voice.written(step["why"])
    if row:
        words = "table {table}, row {row}: {why}"
        return voice.say(words, table=table, row=row, why=why)
    return voice.say("table {table}: {why}", table=table, why=why)


def search_words(steps: Iterable[Mapping[str, Any]], voice: Voice) -> list[str]:
    """Say every step of a search, in its order."""
    return [step_words(step, voice) for step in steps]

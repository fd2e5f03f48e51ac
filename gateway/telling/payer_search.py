"""How a payer was found in a network's tables, for people: which table, row, and why.

A step is `protocols.payer_finder.SearchStep` as plain values, as the journal keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.telling.voice import Voice


def step_words(step: Mapping[str, Any], voice: Voice) -> str:
    """Say one step; its reason is told as the network told it."""
    if step["row"]:
        return voice.say(
            "table {table}, row {row}: {why}",
            table=step["table"],
            row=step["row"],
            why=step["why"],
        )
    return voice.say("table {table}: {why}", table=step["table"], why=step["why"])


def search_words(steps: Iterable[Mapping[str, Any]], voice: Voice) -> list[str]:
    """Say every step of a search, in its order."""
    return [step_words(step, voice) for step in steps]

"""What the payers' codes in a life mean: in our words, and in the payers' own.

A payer's own words stand in its official list, if that was imported (`octway label
import`).  Nothing here names a patient: what a payer adds on one invoice is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from config.errors import ConfigErrors
from gateway.cli.tables import heading
from gateway.cli.terminal import Terminal
from gateway.journal.life import Life
from protocols.catalog import Catalog
from routing.directory import Directory
from routing.errors import GatewayError

_MOST: Final = 12
_OURS: Final = "en"  # official lists are in the languages of the payers


class CodeTold(NamedTuple):
    """A code, what is said of it, and its payer's own words by language."""

    code: str
    words: str
    official: Mapping[str, str]


def told(life: Life, directory: Callable[[], Directory]) -> list[CodeTold]:
    """Explain the codes of a life's problems and answers, each once; few enough to read.

    A directory that cannot be read leaves our own words.
    """
    codes = dict(_codes(life))
    if not codes:
        return []
    catalog = Catalog.installed()
    read: Directory | None = None
    with suppress(ConfigErrors, GatewayError):
        read = directory()
    found = []
    for (network, code), label in codes.items():
        labels = catalog.network(network).labels
        if labels is None:
            continue
        rows = () if read is None else read.table(network, labels.table)
        known = labels.explain(code, rows)
        if known.known:
            own = known.label if known.official else {}
            others = {name: words for name, words in own.items() if name != _OURS}
            words = label or known.label.get(_OURS, "")
            found.append(CodeTold(code, words, others))
    return found[:_MOST]


def show(codes: list[CodeTold], terminal: Terminal) -> None:
    """Show them under one another."""
    if not codes:
        return
    heading(terminal, "What its payer's codes mean")
    for each in codes:
        terminal.say(f"  {each.code}  {each.words}".rstrip())
        for language, words in sorted(each.official.items()):
            terminal.say(f"    the payers' own words ({language}): {words}")


def _codes(life: Life) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield network and code, and what the payer said with it, if anything."""
    networks = {lot.id: lot.network for lot in life.lots}
    for row in life.problems:
        if row.lot_id in networks:
            yield (networks[row.lot_id], row.code), ""
    for lot, answer in life.last_answer.items():
        if lot in networks and answer.remarks:
            for code, label, *_ in json.loads(answer.remarks):
                yield (networks[lot], code), label

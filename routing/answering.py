"""At which endpoints payers answer, and for whom: what a new directory may change.

An answer is believed if it came from where its payer answers.  One that was not may be
after the directory changed; only those of endpoints with other payers, or other codes
that lead there, are worth another look.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from routing.directory import Directory
from routing.errors import NoRoute

Answering = Mapping[str, frozenset[tuple[str, str, str]]]
"""By endpoint: network, payer and code of what is answered there; the code "" is for the payer itself."""


def answering(directory: Directory, on: date) -> Answering:
    """Say who answers where on a day: each payer for its codes, heirs for theirs too."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    for payer in directory.payers():
        network = payer.network
        codes = [entry.code for entry in payer.codes]
        places = [(payer.endpoint, code) for code in ("", *codes)]
        places += [(_heirs(directory, network, code, on), code) for code in codes]
        for endpoint, code in places:
            if endpoint is not None:
                found.setdefault(endpoint, set()).add((network, payer.id, code))
    return {endpoint: frozenset(those) for endpoint, those in found.items()}


def changed(before: Answering, after: Answering) -> list[str]:
    """Name the endpoints where somebody else answers now."""
    return sorted(
        each
        for each in before.keys() | after.keys()
        if before.get(each) != after.get(each)
    )


def _heirs(directory: Directory, network: str, code: str, on: date) -> str | None:
    """Name the endpoint of who answers for a code now; None if nobody does."""
    try:
        return directory.lookup(network, code, on).payer.endpoint
    except NoRoute:
        return None

"""Claims for which no payment commitment is known, warned of where their payer asks for it.

A payer asks with `commitments = "warn"` among the rules of its directory file.  What
is known is what came back to the claim's own client through here; a warning stops
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from attrs import evolve

from gateway.database import Database
from gateway.journal import commitments
from gateway.steps.tie import Tied
from protocols.interface import Network
from routing.commitment import lack
from routing.directory import Directory, Route
from routing.envelope import ClaimSeen, LotSeen, Problem, Severity
from routing.errors import NoRoute
from routing.sandbox import base

CODE: Final = "commitment-unknown"
_RULE: Final = "commitments"
_WARN: Final = "warn"
_BILLING: Final = "billing"
_MOST: Final = 50  # warnings of one lot; all are counted


class Promised:
    """Looks for the commitments of one deposit's claims; `warnings` counts the rest."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        network: Network,
        patient_hash: Callable[[str], int],
        *,
        client: str,
        today: date,
    ) -> None:
        self.warnings = 0
        self._database = database
        self._directory = directory
        self._network = network
        self._patient_hash = patient_hash
        self._client = client
        self._today = today

    def look(self, lots: Iterable[LotSeen]) -> Iterator[LotSeen]:
        """Pass lots on, with a warning for each claim that lacks a commitment."""
        asking = _some_ask(self._directory, self._network.name)
        for lot in lots:
            route = self._route(lot) if asking and lot.flow == _BILLING else None
            if route is not None and route.payer.rules.get(_RULE) == _WARN:
                yield self._warned(lot, route.code)
            else:
                yield lot

    def _route(self, lot: LotSeen) -> Route | None:
        tables = self._directory.tables(self._network.name)
        codes = self._network.payer_codes(lot.destination, tables)
        try:
            return self._directory.route(self._network.name, codes, self._today)
        except NoRoute:
            return None  # it is held, and that is said in its place

    def _warned(self, lot: LotSeen, code: str) -> LotSeen:
        hashes = [self._patient_hash(claim.patient) for claim in lot.claims]
        known = self._database.read(
            commitments.of_patients, self._network.name, self._client, hashes
        )
        found = []
        for claim, patient in zip(lot.claims, hashes, strict=True):
            promises = known.get(patient, ())
            if words := lack(promises, payer_code=code, day=claim.date):
                found.append(_problem(claim, code, words))
        self.warnings += len(found)
        return evolve(lot, problems=(*lot.problems, *found[:_MOST])) if found else lot


def given(tied: Iterable[Tied]) -> Iterator[commitments.Given]:
    """Yield what was promised in answers whose client is known."""
    for each in tied:
        said = each.answer.commitment
        if said is not None and each.client is not None:
            lot = "" if each.applied is None else each.applied.lot
            yield commitments.Given(
                each.seq, each.client, lot, each.answer.sender, said
            )


@lru_cache(maxsize=8)
def _some_ask(directory: Directory, network: str) -> bool:
    """Say whether any payer of a network asks for the warnings."""
    payers = (payer for payer in directory.payers() if payer.network == base(network))
    return any(payer.rules.get(_RULE) == _WARN for payer in payers)


def _problem(claim: ClaimSeen, code: str, words: str) -> Problem:
    return Problem(
        claim.record,
        None,
        None,
        Severity.WARNING,
        CODE,
        f"invoice {claim.number} to {code}, care of {claim.date}: {words}; ask for the "
        "insurability before billing, or see to it that the invoice carries one",
    )

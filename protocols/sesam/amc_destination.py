"""Whom a complementary lot is meant for, by the directory's tables, with every step.

All its invoices must lead to one address.  Where they do not, or the tables leave it
open, the lot waits: the words say what was looked for, where it stopped, and what to
do.  Another version of the tables asks again by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from protocols.payer_finder import SearchStep
from protocols.sending import UNDECIDED, Destined
from protocols.sesam import amc_identity
from protocols.sesam.amc_decision import Decision, Outcome
from protocols.sesam.amc_lots import IDENTITIES, routing_of
from protocols.tables import Tables

__all__ = ("IDENTITIES", "destine")

_AGAIN: Final = (
    "correct or import the tables of the complementary payers (`octway payer import`); "
    "the lot goes by itself with the next version of the directory that decides it"
)


def destine(destination: Mapping[str, str], tables: Tables) -> Destined:
    """Decide for a lot whose `identities` a reader has kept."""
    routing, day = routing_of(tables), destination.get("day", "")
    decisions = [
        routing.decide(amc_identity.on(each, day))
        for each in amc_identity.read(destination[IDENTITIES])
    ]
    steps = tuple(dict.fromkeys(_looks(decisions)))
    sought = destination.get("amc", "")
    stops = [words for each in decisions if (words := _stop(each))]
    if stops or not decisions:
        words = "; ".join(dict.fromkeys(stops)) or "no invoice of it names a payer"
        return _held(steps, sought, words)
    codes = {_address(each): each.amc_number for each in decisions}
    if len(codes) > 1:
        apart = "; ".join(f"AMC {amc} to {code}" for code, amc in codes.items())
        return _held(steps, sought, f"its invoices go to several payers: {apart}")
    return Destined(codes=tuple(codes), steps=steps, sought=sought)


def _held(steps: tuple[SearchStep, ...], sought: str, words: str) -> Destined:
    whole = (
        f"who pays for AMC {sought or 'without a number'} is open: {words}; {_AGAIN}"
    )
    return Destined(steps=steps, cause=UNDECIDED, words=whole, sought=sought)


def _looks(decisions: Iterable[Decision]) -> Iterator[SearchStep]:
    for each in decisions:
        for step in each.steps:
            yield SearchStep(step.table, step.row, step.why)


def _stop(decision: Decision) -> str:
    """Say why a decision leads nowhere; empty where it gives an address."""
    if decision.outcome is not Outcome.DECIDED or decision.result is None:
        return decision.reason
    if not decision.result.own_request:
        return (
            "its convention says that the fund handles both parts, and takes no request "
            "of its own"
        )
    if decision.result.address is None:
        rows = ", ".join(str(each.row) for each in decision.candidates)
        return f"its convention (row {rows}) gives no address"
    return ""


def _address(decision: Decision) -> str:
    result = decision.result
    return result.address.code if result and result.address else ""

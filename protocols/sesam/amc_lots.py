"""Lots for complementary payers: those split off enriched ones, and a sender's own.

Parts of one lot that go to one address are one lot; where the tables do not decide,
each identity has a lot of its own, which waits for them.  An invoice of which the
fund handles both parts stays whole, as does every lot where no directory is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from attrs import evolve

from protocols.sesam import amc_identity
from protocols.sesam.amc_decision import Decision, Identity, Outcome
from protocols.sesam.amc_identity import amc_of
from protocols.sesam.amc_routing import AmcRouting
from protocols.sesam.enriched import (
    Records,
    amounts_of,
    invoices,
    is_enriched,
    is_request,
)
from protocols.sesam.keys import request_claim_key, request_lot_key
from protocols.tables import NO_TABLES, Tables
from routing.envelope import ClaimSeen, LotSeen, Share

PAYER_KINDS: Final = frozenset({"OC", "CS"})
"""Kinds of recipients that are complementary payers (french.md 1.2)."""

IDENTITIES: Final = "identities"
_ON: Final = "day"
_BATCH: Final = "DRE"  # requests never share a file with invoices for a fund


def split(lot: LotSeen, records: Records, tables: Tables) -> Iterator[LotSeen]:
    """Yield a sound lot, then the lots of what was split off it; or the lot as it is."""
    parts: dict[str, list[tuple[int, Identity]]] = {}
    if tables is not NO_TABLES:
        decide = lru_cache(routing_of(tables).decide)  # a lot has few payers
        for seq, invoice in enumerate(invoices(records), 1):
            if is_enriched(invoice):
                identity = amc_identity.identity_of(invoice)
                decision = decide(amc_identity.on(identity, lot.date))
                if not _fund_handles_both(decision):
                    key = _code(decision) or amc_identity.write([identity])
                    parts.setdefault(key, []).append((seq, identity))
    if not parts:
        yield lot
        return
    chosen = {seq for part in parts.values() for seq, _ in part}
    yield evolve(
        lot,
        share=Share.MAIN,
        claims=tuple(
            _main(claim) if seq in chosen else claim
            for seq, claim in enumerate(lot.claims, 1)
        ),
    )
    keys: set[str] = set()
    for number, part in enumerate(parts.values(), 1):
        found = _part(lot, number, part)
        while found.match_key in keys:  # of one AMC, with funds that part ways
            found = evolve(found, match_key=f"{found.match_key}.{number}")
        keys.add(found.match_key)
        yield found


def request(lot: LotSeen, records: Records, recipient: str) -> LotSeen:
    """Return a lot as what it is: a sender's own request, if it asks no fund."""
    found = list(invoices(records))
    to_payer = recipient in PAYER_KINDS
    if not found or not (to_payer or all(is_request(each[0]) for each in found)):
        return lot
    identities = [amc_identity.identity_of(each) for each in found]
    others = [amounts_of(each).other if each[-1][:1] == b"5" else 0 for each in found]
    whole = len(found) == len(lot.claims)
    return evolve(
        lot,
        share=Share.OTHER,
        match_key=_lot_key(lot, identities),
        destination=_destination(lot, identities),
        claims=tuple(
            _other(lot, claim, other)
            for claim, other in zip(lot.claims, others, strict=True)
        )
        if whole
        else lot.claims,
    )


def routing_of(tables: Tables) -> AmcRouting:
    """Return the decision over the tables of a directory, made once for each."""
    return _routing(_Same(tables))


def _fund_handles_both(decision: Decision) -> bool:
    result = decision.result
    decided = decision.outcome is Outcome.DECIDED and result is not None
    return decided and not result.own_request  # type: ignore[union-attr]


def _code(decision: Decision) -> str:
    result = decision.result
    if decision.outcome is not Outcome.DECIDED or result is None:
        return ""
    return result.address.code if result.address is not None else ""


def _part(lot: LotSeen, number: int, part: Sequence[tuple[int, Identity]]) -> LotSeen:
    seqs = tuple(seq for seq, _ in part)
    identities = [identity for _, identity in part]
    claims = [lot.claims[seq - 1] for seq in seqs]
    return evolve(
        lot,
        share=Share.OTHER,
        part=number,
        seqs=seqs,
        match_key=_lot_key(lot, identities),
        destination=_destination(lot, identities),
        claims=tuple(_other(lot, claim, claim.asked_other) for claim in claims),
        problems=(),
    )


def _main(claim: ClaimSeen) -> ClaimSeen:
    return claim._replace(asked=claim.asked_main, asked_other=0)


def _other(lot: LotSeen, claim: ClaimSeen, asked: int) -> ClaimSeen:
    key = request_claim_key(lot.sender, lot.date, lot.number, claim.number)
    return claim._replace(
        match_key=key if claim.match_key else "",
        asked=asked,
        asked_main=asked,
        asked_other=0,
    )


def _lot_key(lot: LotSeen, identities: Sequence[Identity]) -> str:
    if not lot.match_key:
        return ""
    amc = amc_of(identities[0])
    return request_lot_key(lot.sender, lot.date, lot.number, amc)


def _destination(lot: LotSeen, identities: Sequence[Identity]) -> dict[str, str]:
    different = list(dict.fromkeys(identities))
    numbers = dict.fromkeys(map(amc_of, different))
    return {
        "amc": ", ".join(filter(None, numbers)),
        IDENTITIES: amc_identity.write(different),
        _ON: lot.date,
        "batch": f"{lot.destination['batch']} {_BATCH}".strip(),
    }


class _Same:
    """Tables by which they are, not by what they hold: a directory never changes."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def __hash__(self) -> int:
        return id(self.tables)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.tables is self.tables


@lru_cache(maxsize=4)
def _routing(same: _Same) -> AmcRouting:
    return AmcRouting.of(same.tables)

"""The complementary payer of an identity, in the words of `protocols.payer_finder`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from protocols.payer_finder import FoundPayer, SearchStep
from protocols.sesam.amc_decision import Candidate, Decision, Identity, Mode
from protocols.sesam.amc_routing import AmcRouting
from protocols.sesam.amc_tables import Row

_HANDLED: Final[Mapping[Mode, str]] = MappingProxyType(
    {
        Mode.UNIQUE: "the fund handles both parts; no complementary request is sent",
        Mode.SEPARATE: "a request of its own goes out beside the fund's",
        Mode.CONVENTIONED: "a request of its own goes out, under the convention",
        Mode.MUTUAL: "a mutual handles both parts; no complementary request is sent",
    }
)


class AmcFinder:
    """Decides with the directory's tables; their index is made once for a version."""

    asks: Mapping[str, str] = MappingProxyType(
        {
            "amc_number": "the AMC's number, at most 10 characters",
            "mutual_number": "a mutual's old number, 8 characters",
            "regime": "the insured person's scheme, 2 digits",
            "fund": "the fund, 3 digits",
            "centre": "the centre, 4 digits",
            "convention_type": "type of the convention: RO, OC, SP and others",
            "criterion": "secondary criterion, instead of scheme, fund and centre",
            "agreement": "T for third-party payment, H outside of it",
            "nature": "nature or specialty of the professional",
        }
    )

    def __init__(self) -> None:
        self._last: tuple[Mapping[str, Sequence[Row]], AmcRouting] | None = None

    def routing(self, tables: Mapping[str, Sequence[Row]]) -> AmcRouting:
        """Return the decision over a directory's tables; made anew for others only."""
        last = self._last
        if last is None or last[0] is not tables:
            last = self._last = (tables, AmcRouting.of(tables))
        return last[1]

    def find(
        self,
        told: Mapping[str, str],
        *,
        day: date,
        tables: Mapping[str, Sequence[Row]],
    ) -> FoundPayer:
        """Decide for what a card or an attestation tells."""
        known = {name: value for name, value in told.items() if name in self.asks}
        return as_found(self.routing(tables).decide(Identity(day=day, **known)))


def as_found(decision: Decision) -> FoundPayer:
    """Tell a decision in neutral words."""
    result = decision.result
    code = ""
    if result is not None and result.own_request and result.address is not None:
        code = result.address.code
    return FoundPayer(
        outcome=decision.outcome,
        code=code,
        words=_sentence(decision, code),
        facts=_facts(decision.candidates[0]) if result is not None else {},
        steps=tuple(
            SearchStep(each.table, each.row, each.why) for each in decision.steps
        ),
        candidates=tuple(map(_facts, decision.candidates)),
    )


def _sentence(decision: Decision, code: str) -> str:
    result = decision.result
    if result is None:
        return decision.reason
    handled = _HANDLED[result.mode]
    if not result.own_request:
        return handled
    if not code:
        return f"{handled}, but the convention gives no address for it"
    return f"{handled}, to {code}"


def _facts(candidate: Candidate) -> Mapping[str, str]:
    result = candidate.result
    address = result.address
    facts = {
        "row": str(candidate.row),
        "mode": result.mode,
        "operator": result.operator,
        "routing_code": address.routing_code if address else "",
        "host_id": address.host_id if address else "",
        "domain": address.domain if address else "",
        "code": address.code if address else "",
        "steering": result.steering,
        "attestation": result.attestation,
        "cancellation": result.cancellation,
        "rectification": result.rectification,
        "signatory": candidate.signatory,
        "signatory_name": candidate.signatory_name,
        "amc_number": candidate.amc_number,
        "amc_name": candidate.amc_name,
        "convention_type": candidate.convention_type,
        "criterion": candidate.criterion,
        "agreement": candidate.agreement,
        "nature": candidate.nature,
    }
    return {name: value for name, value in facts.items() if value}


AMC_FINDER: Final = AmcFinder()
"""The network's own: one index for the whole process."""

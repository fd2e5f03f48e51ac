"""Answers of a NOEMIE return that move no invoice: debts, one-off payments, notes.

They are told so that the professional's bank line can be explained: what a
payer withholds (250) or pays without an invoice (261, with details in 262).
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from protocols.records import Layout
from protocols.sesam.keys import iso_date
from protocols.sesam.noemie import Entity
from protocols.sesam.noemie_claim import (
    REMARKS,
    Claim,
    cents,
    signed,
)
from protocols.sesam.noemie_context import Context, surroundings
from routing.envelope import AnswerSeen, Level, Outcome, Remark

DEBT, ONE_OFF, ONE_OFF_DETAIL = "250", "261", "262"
_WITHHELD = "RPR"
_CODES = REMARKS | {DEBT, ONE_OFF, ONE_OFF_DETAIL}


def information(
    entity: Entity,
    values: Mapping[str, str],
    *,
    layout: Layout,
    context: Context,
    claim: Claim | None,
) -> AnswerSeen | None:
    """Make an answer of one entity, under a claim or alone; None if it says none."""
    if entity.code not in _CODES:
        return None
    facts, remark, amount = (
        {},
        Remark(values.get("code", ""), values.get("label", "")),
        0,
    )
    if entity.code == DEBT:
        kind = values["debt_kind"]
        remark = Remark(kind, layout["debt_kind"].meaning(kind))
        amount = signed(values, "amount")
        facts = {
            "debt": values["debt"],
            "debt_date": iso_date(values["debt_date"]),
            "operation": values["operation"],
            "balance": str(cents(values["balance"])),
        }
    elif entity.code in {ONE_OFF, ONE_OFF_DETAIL}:
        remark = Remark(values["payment"], values.get("label", ""))
        amount = cents(values["amount"])
    around = surroundings(context)
    facts = {**around.facts, **facts}
    return AnswerSeen(
        level=Level.DISPATCH if claim is None else Level.CLAIM,
        match_keys=() if claim is None else claim.match_keys(),
        sender=around.sender,
        outcome=Outcome.INFORMATION,
        paid=amount,
        remarks=(remark,),
        first=entity.number,
        last=entity.number,
        facts={name: value for name, value in facts.items() if value},
    )


def with_detail(
    answer: AnswerSeen, entity: Entity, values: Mapping[str, str]
) -> AnswerSeen:
    """Add a detail (262) to its one-off payment (261)."""
    remark = Remark(values["payment"], values["label"])
    return evolve(answer, remarks=(*answer.remarks, remark), last=entity.number)


def is_payment(entity: Entity, values: Mapping[str, str]) -> bool:
    """Whether its amount is part of what the payer transfers."""
    if entity.code == DEBT:
        return values["operation"] == _WITHHELD
    return entity.code in {ONE_OFF, ONE_OFF_DETAIL}

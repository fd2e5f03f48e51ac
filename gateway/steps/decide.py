"""A person says yes or no to a proposed match; one transaction, one name."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Row, select, update

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import chases, proposals, returns, schema
from gateway.journal.expectations import Came
from gateway.steps.answers import apply_claim, apply_lot, settle
from gateway.steps.origin import Origin
from gateway.steps.orphans import settle_outbox
from routing.delays import Delays
from routing.directory import Directory
from routing.envelope import AnswerSeen, Level, Outcome
from routing.errors import GatewayError
from routing.lifecycle import RETURN, ReturnEvent, ReturnState
from routing.proposal import ProposalEvent, ProposalState

_FULL = frozenset({ReturnState.MATCHED, ReturnState.PARTLY_MATCHED})


class NotMatchable(GatewayError):
    """The answer may not be given to that claim, or was given to one already."""

    code: ClassVar[str] = "not-matchable"


def confirm(tx: Tx, name: str, directory: Directory, *, by: str) -> ProposalState:
    """Give an answer to the claim that was proposed for it; return the new state.

    Does what a match does, with the rule that proposed it.  Raises
    `NotMatchable` if the answer has found its claim meanwhile, is being read
    again, or comes from where the claim's payer does not answer.
    """
    row, said, returned = _whole(tx, name)
    if said.lot_id is not None:
        raise NotMatchable(
            f"answer {row.seq} of return {row.return_id} was given to lot {said.lot_id} "
            "meanwhile; nothing is left to confirm"
        )
    if returned.state not in _FULL:
        raise NotMatchable(
            f"return {returned.id} is being read again; confirm when it has been"
        )
    stranger = Origin(tx, returned, directory).stranger(row.lot_id)
    if stranger is not None:
        raise NotMatchable(
            f"lot {row.lot_id} went to payer {stranger or 'nobody'}, who does not answer "
            f"from endpoint {returned.endpoint_id}; correct the directory first"
        )
    after = proposals.decide(tx, row, ProposalEvent.CONFIRM, by=by)
    answer = AnswerSeen(
        level=Level(said.level),
        match_keys=(),
        sender=said.sender,
        outcome=Outcome(said.outcome),
        asked=said.asked,
        paid=said.paid,
    )
    whole = row.claim_seq == 0
    came = Came(returned.collected_at, directory, returned.network, returned.kind)
    if whole:
        applied = apply_lot(tx, row.lot_id, answer, came, believe=True)
    else:
        applied = apply_claim(tx, row.lot_id, row.claim_seq, answer, came, None)
    tx.connection.execute(
        update(schema.answer)
        .where(schema.answer.c.return_id == row.return_id)
        .where(schema.answer.c.seq == row.seq)
        .values(
            client_id=applied.client,
            lot_id=row.lot_id,
            claim_seq=None if whole else row.claim_seq,
            rule=row.rule,
            matched_at=tx.now,
            repeated=int(applied.repeated),
        )
    )
    proposals.overtake(tx, row.return_id, row.seq)
    settle(tx, [row.lot_id], directory, Delays((), directory, tx.now))
    chases.heard(tx, {row.lot_id: int(applied.closed)})
    if said.rule is None:
        _count(tx, returned)
    return after


def refuse(tx: Tx, name: str, *, by: str) -> ProposalState:
    """Say that an answer does not mean a claim: it is not proposed again."""
    row, _, _ = _whole(tx, name)
    return proposals.decide(tx, row, ProposalEvent.REFUSE, by=by)


def _whole(
    tx: Tx, name: str
) -> tuple[
    Row[*tuple[Any, ...]],
    Row[*tuple[Any, ...]],
    Row[*tuple[Any, ...]],
]:
    """Read a proposal, its answer and its return, and keep others off the latter."""
    row = proposals.find(tx.connection, name)
    if row is None:
        raise LostRace(f"there is no proposal {name}")
    whole, answer = schema.payer_return, schema.answer
    returned = tx.connection.execute(
        select(whole).where(whole.c.id == row.return_id).with_for_update()
    ).one()
    said = tx.connection.execute(
        select(answer).where(
            answer.c.return_id == row.return_id, answer.c.seq == row.seq
        )
    ).one()
    return row, said, returned


def _count(tx: Tx, returned: Row[*tuple[Any, ...]]) -> None:
    """Count one more matched answer of a return, and see whether all are."""
    state, matched = ReturnState(returned.state), returned.matched + 1
    if matched == returned.answers:
        state = RETURN.next_state(state, ReturnEvent.MATCH)
    payer = returned.payer_id or returns.payer_of(tx.connection, returned.id)
    table = schema.payer_return
    tx.connection.execute(
        update(table)
        .where(table.c.id == returned.id)
        .values(matched=matched, state=state, payer_id=payer)
    )
    settle_outbox(tx, returned.endpoint_id)

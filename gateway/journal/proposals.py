"""The `proposal` table: matches that a person confirms or refuses.

A match that was sure by an approximation is kept here too, confirmed by the
gateway, so that each approximation can be looked up with its score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, Select, select, update

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import dialect, schema
from routing.proposal import PROPOSAL, ProposalEvent, ProposalState

GATEWAY: Final = "gateway"
_TABLE: Final = schema.proposal
_DIGITS: Final = 9  # of a place, at most


class Proposed(NamedTuple):
    """One answer and the claim, or whole lot (`claim` 0), that it may mean."""

    returned: str
    seq: int
    lot: str
    claim: int
    score: int
    rule: str
    words: str


def propose(tx: Tx, found: Sequence[Proposed]) -> int:
    """Propose matches; return how many were not proposed before."""
    rows = [_row(tx, each, ProposalState.OPEN) for each in found]
    fresh = dialect.insert_new(tx.connection, _TABLE, rows)
    if fresh:
        tx.say("answer.proposed", found[0].returned, answer=found[0].seq, claims=fresh)
    return fresh


def sure(tx: Tx, found: Proposed, *, again: bool) -> None:
    """Keep a match that an approximation made, and what it stands on.

    `again` says that the answer was tried before, so others may be proposed for it.
    """
    row = _row(tx, found, ProposalState.CONFIRMED)
    row |= {"decided_by": GATEWAY, "decided_at": tx.now}
    dialect.upsert(tx.connection, _TABLE, [row])
    if again:
        overtake(tx, found.returned, found.seq)
    tx.say(
        "answer.approximated",
        found.lot,
        claim=found.claim,
        returned=found.returned,
        answer=found.seq,
        rule=found.rule,
        score=found.score,
        words=found.words,
    )


def overtake(tx: Tx, returned: str, seq: int) -> None:
    """Close what is still proposed for an answer that has found its claim."""
    after = PROPOSAL.next_state(ProposalState.OPEN, ProposalEvent.OVERTAKE)
    tx.connection.execute(
        update(_TABLE)
        .where(
            _TABLE.c.return_id == returned,
            _TABLE.c.seq == seq,
            _TABLE.c.state == ProposalState.OPEN,
        )
        .values(state=after, decided_at=tx.now)
    )


def decide(
    tx: Tx, row: Row[*tuple[Any, ...]], happened: ProposalEvent, *, by: str
) -> ProposalState:
    """Move a proposal as a person said; raises `IllegalTransition` or `LostRace`."""
    after = PROPOSAL.next_state(ProposalState(row.state), happened)
    changed = tx.connection.execute(
        update(_TABLE)
        .where(*_its(row), _TABLE.c.state == row.state)
        .values(state=after, decided_by=by, decided_at=tx.now)
    ).rowcount
    if changed != 1:
        raise LostRace(f"proposal {name_of(row)} is no longer {row.state}")
    tx.say(
        f"answer.{after}",
        row.lot_id,
        claim=row.claim_seq,
        returned=row.return_id,
        answer=row.seq,
        rule=row.rule,
        score=row.score,
        by=by,
    )
    return after


def refused(connection: Connection, returned: str) -> dict[int, set[tuple[str, int]]]:
    """Map the answers of a return to the claims that a person refused for them."""
    query = select(_TABLE.c.seq, _TABLE.c.lot_id, _TABLE.c.claim_seq).where(
        _TABLE.c.return_id == returned, _TABLE.c.state == ProposalState.REFUSED
    )
    found: dict[int, set[tuple[str, int]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.seq, set()).add((row.lot_id, row.claim_seq))
    return found


def name_of(row: Any) -> str:
    """Name a proposal for people: the answer, and the claim that it may mean."""
    return f"{row.return_id}/{row.seq}/{row.lot_id}/{row.claim_seq}"


def find(connection: Connection, name: str) -> Row[*tuple[Any, ...]] | None:
    """Find a proposal by its name, with what its answer and its claim say."""
    match name.split("/"):
        case [returned, seq, lot, claim] if _is_place(seq) and _is_place(claim):
            query = _whole().where(
                _TABLE.c.return_id == returned,
                _TABLE.c.seq == int(seq),
                _TABLE.c.lot_id == lot,
                _TABLE.c.claim_seq == int(claim),
            )
            return connection.execute(query).one_or_none()
    return None


def _is_place(text: str) -> bool:
    """Say whether a text is a number that a place in a return or a lot may have."""
    return text.isdecimal() and len(text) <= _DIGITS


def listed(
    connection: Connection, *, all_states: bool, most: int
) -> list[Row[*tuple[Any, ...]]]:
    """List proposals, those that wait longest first; open ones only unless told."""
    query = _whole().order_by(_TABLE.c.made_at, *_TABLE.primary_key).limit(most)
    if not all_states:
        query = query.where(_TABLE.c.state == ProposalState.OPEN)
    return list(connection.execute(query))


def of_endpoint(
    connection: Connection, endpoint: str, most: int
) -> list[Row[*tuple[Any, ...]]]:
    """List what waits for a person of an endpoint's returns, longest first."""
    returned = schema.payer_return
    query = (
        _whole()
        .join(returned, returned.c.id == _TABLE.c.return_id)
        .where(returned.c.endpoint_id == endpoint, _TABLE.c.state == ProposalState.OPEN)
        .order_by(_TABLE.c.made_at, *_TABLE.primary_key)
    )
    return list(connection.execute(query.limit(most)))


def _whole() -> Select[*tuple[Any, ...]]:
    answer, lot, claim = schema.answer, schema.lot, schema.claim
    its_claim = (claim.c.lot_id == _TABLE.c.lot_id) & (
        claim.c.seq == _TABLE.c.claim_seq
    )
    its_answer = (answer.c.return_id == _TABLE.c.return_id) & (
        answer.c.seq == _TABLE.c.seq
    )
    return (
        select(
            *_TABLE.columns,
            answer.c.level,
            answer.c.outcome,
            answer.c.asked.label("answer_asked"),
            answer.c.paid.label("answer_paid"),
            lot.c.client_id,
            lot.c.payer_id,
            lot.c.number.label("lot_number"),
            lot.c.date.label("lot_date"),
            claim.c.number.label("claim_number"),
            claim.c.date.label("claim_date"),
            claim.c.asked.label("claim_asked"),
            claim.c.paid.label("claim_paid"),
        )
        .join(answer, its_answer)
        .join(lot, lot.c.id == _TABLE.c.lot_id)
        .outerjoin(claim, its_claim)
    )


def _its(row: Any) -> Iterable[Any]:
    return (
        _TABLE.c.return_id == row.return_id,
        _TABLE.c.seq == row.seq,
        _TABLE.c.lot_id == row.lot_id,
        _TABLE.c.claim_seq == row.claim_seq,
    )


def _row(tx: Tx, each: Proposed, state: ProposalState) -> dict[str, Any]:
    return {
        "return_id": each.returned,
        "seq": each.seq,
        "lot_id": each.lot,
        "claim_seq": each.claim,
        "score": each.score,
        "rule": each.rule,
        "words": each.words,
        "state": state,
        "made_at": tx.now,
    }

"""A payer that refused a lot whole, and says afterwards that it has accepted it.

The later word decides nothing by itself: what the lot is worth is told by what comes
last, a settlement.  Until then its claims stand as refused, its client may be sending
them again, and nobody would know of the two words: so a person is told of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies, schema
from gateway.journal.prepared import Prepared, given
from gateway.steps.tie import Tied
from routing.envelope import Level, Outcome

CONTRADICTS: Final = "answer-contradicts"
_TAKEN: Final = frozenset({Outcome.ACKNOWLEDGED, Outcome.ACCEPTED})


def tell_contradictions(
    tx: Tx, entropy: Entropy, kind: str, tied: Iterable[Tied]
) -> None:
    """Raise where answers of a kind accept lots that one of that kind refused whole.

    A word that decides on the lot as a whole ends it.
    """
    for each in tied:
        done = each.applied
        if done is None or each.answer.level is not Level.LOT:
            continue
        if each.answer.outcome in _TAKEN and _was_refused(tx, done.lot, kind):
            _raise(tx, entropy, each)
        elif done.closed:
            anomalies.settle(
                tx,
                kind=CONTRADICTS,
                subject=done.lot,
                reason="its payer has decided on the lot since",
            )


def _was_refused(tx: Tx, lot: str, kind: str) -> bool:
    its = {"its_lot": lot, "its_kind": kind}
    return _REFUSED.first(tx.connection, its) is not None


def _raise(tx: Tx, entropy: Entropy, each: Tied) -> None:
    done = each.applied
    if done is None:
        return
    lot = schema.lot
    query = select(lot.c.claims).where(lot.c.id == done.lot)
    claims = tx.connection.execute(query).scalar_one()
    anomalies.raise_(
        tx,
        entropy,
        kind=CONTRADICTS,
        severity=anomalies.ERROR,
        subject=done.lot,
        payer=done.payer,
        client=done.client,
        words=f"{done.payer} refused all of lot {done.lot}, and says now that it has "
        "accepted it; its claims stand as refused until a settlement tells otherwise. "
        "Nothing of it may be sent again under its number (octway trace "
        f"{done.lot}); ask the payer which word holds",
        claims=claims,
        items={done.lot: claims},
    )


_REFUSED: Final = Prepared(
    select(schema.answer.c.seq)
    .join(schema.payer_return, schema.payer_return.c.id == schema.answer.c.return_id)
    .where(
        schema.answer.c.lot_id == given("its_lot"),
        schema.answer.c.level == Level.LOT.value,
        schema.answer.c.outcome == Outcome.REJECTED.value,
        schema.payer_return.c.kind == given("its_kind"),
    )
    .limit(1)
)

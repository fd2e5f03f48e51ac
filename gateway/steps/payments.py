"""Payments: what a return announces is kept, and money that came closes what was owed.

No message of a payer tells that its money came; whoever reads the bank's statements
says so with `octway payment import`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies, chases, expectations, payments, schema
from gateway.journal.expectations import Came
from gateway.journal.payments import Note
from routing import sandbox
from routing.directory import Directory
from routing.envelope import AnswerSeen, Level
from routing.errors import NoRoute
from routing.payment import due_on
from routing.remittance import Arrived, Ruled, Ruling, rule, shares

_LESS: Final = (
    "less; what a payer takes back for older lots (in Belgium by form M38) comes on "
    "paper and in no message: ask for it"
)
_MORE: Final = "more; ask the payer what else it pays with it"


def keep_announced(
    tx: Tx,
    returned: Row[*tuple[Any, ...]],
    found: Iterable[tuple[int, AnswerSeen]],
    directory: Directory,
) -> None:
    """Keep the payments of answers of a return that are tied to a lot.

    Also of those that were tied before, as by a person: it is enough to have the
    return matched again.  None are kept in a sandbox, where no money moves.
    """
    if sandbox.read(returned.network) is not None:
        return
    telling = {seq: answer for seq, answer in found if answer.payments}
    if not telling:
        return
    answer, lot, dispatch = schema.answer, schema.lot, schema.dispatch
    rows = tx.connection.execute(
        select(
            answer.c.seq, lot.c.id, lot.c.client_id, lot.c.payer_id, dispatch.c.sent_at
        )
        .join(lot, lot.c.id == answer.c.lot_id)
        .outerjoin(dispatch, dispatch.c.id == lot.c.dispatch_id)
        .where(answer.c.return_id == returned.id, answer.c.seq.in_(sorted(telling)))
    )
    came = Came(returned.collected_at, directory)
    notes = []
    for row in rows.all():
        payer = row.payer_id or ""
        sent_on = came.day(payer, row.sent_at or returned.collected_at)
        due = due_on(sent_on, _rules(directory, payer)).isoformat()
        notes += [
            Note(row.id, row.client_id, payer, due, each)
            for each in telling[row.seq].payments
        ]
    payments.note(tx, returned.id, notes)


def judge(
    connection: Connection, arrived: Sequence[Arrived], *, sender: str | None = None
) -> list[Ruled]:
    """Say what money that came pays, and change nothing.

    With a `sender` (whose bank account it is) only that one's lots are looked at.
    """
    keys = frozenset[str]().union(*(each.keys for each in arrived))
    return rule(arrived, payments.announced(connection, keys, sender=sender))


def take(
    tx: Tx,
    entropy: Entropy,
    arrived: Sequence[Arrived],
    directory: Directory,
    *,
    by: str,
    sender: str | None = None,
) -> list[Ruled]:
    """Note what money that came pays; a lot whose payments all came is owed none."""
    ruled = judge(tx.connection, arrived, sender=sender)
    touched = set()
    for each in ruled:
        if not each.pays:
            continue
        money = each.arrived
        for paid, cents in shares(money.cents, each.pays):
            payments.came(tx, paid, cents=cents, day=money.day, by=by)
            touched.add(paid.lot)
        if each.ruling is Ruling.DIFFERS:
            _tell_difference(tx, entropy, each)
    for lot in sorted(touched):
        if payments.all_came(tx.connection, lot):
            _close(tx, lot, directory)
    return ruled


def _close(tx: Tx, lot: str, directory: Directory) -> None:
    """Meet what is owed of the kinds that a bank tells of."""
    network = chases.lot_of(tx.connection, lot).network
    for kind in sorted(directory.answers_of(network).money()):
        came = Came(tx.now, directory, network, kind)
        expectations.answered(tx, lot, 0, 0, level=Level.LOT, came=came)
    chases.heard(tx, {lot: 0})


def _tell_difference(tx: Tx, entropy: Entropy, ruled: Ruled) -> None:
    came, pays = ruled.arrived, ruled.pays
    promised = sum(each.cents for each in pays)
    lot = chases.lot_of(tx.connection, pays[0].lot)
    off = came.cents - promised
    anomalies.raise_(
        tx,
        entropy,
        kind="payment-differs",
        severity=anomalies.WARNING,
        subject=lot.id,
        payer=lot.payer_id or "",
        client=lot.client_id,
        words=f"payer {lot.payer_id} paid lot {lot.id} on {came.day} with reference "
        f"{pays[0].reference}: {_euros(came.cents)} came, {_euros(promised)} were "
        f"announced, {_euros(abs(off))} {_MORE if off > 0 else _LESS}",
    )


def _rules(directory: Directory, payer: str) -> Any:
    try:
        return directory.payer(payer).rules
    except NoRoute:
        return {}


def _euros(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02} EUR"

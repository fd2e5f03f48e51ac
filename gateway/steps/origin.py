"""Who may answer for a lot: only a payer that it went to, from where that one answers.

A payer's outbox is believed for that payer alone.  Whoever else claims to answer
for a lot may be mistaken, or worse; so what would fit is kept, shown to a person,
and tried again when the directory changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row, select

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies, schema
from gateway.journal.prepared import Prepared, given
from routing.directory import Directory
from routing.errors import NoRoute
from routing.matching import Candidate

FOREIGN: Final = "return-foreign"
_WENT: Final = Prepared(
    select(
        schema.dispatch.c.payer_id,
        schema.dispatch.c.endpoint_id,
        schema.lot.c.payer_code,
    )
    .select_from(schema.dispatch_lot)
    .join(schema.dispatch, schema.dispatch.c.id == schema.dispatch_lot.c.dispatch_id)
    .join(schema.lot, schema.lot.c.id == schema.dispatch_lot.c.lot_id)
    .where(schema.dispatch_lot.c.lot_id == given("its_lot"))
    .order_by(schema.dispatch.c.created_at)
)


class Origin:
    """Where a return came from, and which lots it may speak of; for one transaction."""

    def __init__(
        self, tx: Tx, returned: Row[*tuple[Any, ...]], directory: Directory
    ) -> None:
        self._tx = tx
        self._endpoint = returned.endpoint_id
        self._network = returned.network
        self._directory = directory
        self._day = datetime.fromtimestamp(tx.now, UTC).date()
        self._lots: dict[str, str | None] = {}
        self._leads: dict[tuple[str, str], bool] = {}

    def own_first(self, found: Sequence[Candidate]) -> Sequence[Candidate]:
        """Keep those that the return may speak of; all, if there are none."""
        return [each for each in found if self.stranger(each.id) is None] or found

    def stranger(self, lot: str) -> str | None:
        """Name the payer that alone may answer for a lot; None if this one may.

        Empty for a lot that never went to anybody.
        """
        if lot not in self._lots:
            self._lots[lot] = self._look(lot)
        return self._lots[lot]

    def _look(self, lot: str) -> str | None:
        went = _WENT.rows(self._tx.connection, {"its_lot": lot})
        for row in went:
            if row.endpoint_id == self._endpoint:
                return None
            if self._answers_here(row.payer_id, row.payer_code or ""):
                return None
        return went[-1].payer_id if went else ""

    def _answers_here(self, payer: str, code: str) -> bool:
        key = (payer, code)
        if key not in self._leads:
            self._leads[key] = self._leads_here(payer, code)
        return self._leads[key]

    def _leads_here(self, payer: str, code: str) -> bool:
        """Say whether a payer, or who took its codes over, uses this endpoint."""
        codes = {code}
        for each in self._directory.payers():
            if each.id == payer:
                codes |= {entry.code for entry in each.codes}
                if each.endpoint == self._endpoint:
                    return True
        return any(map(self._code_leads_here, codes))

    def _code_leads_here(self, code: str) -> bool:
        try:
            heir = self._directory.lookup(self._network, code, self._day).payer
        except NoRoute:
            heir = None
        if heir is not None and heir.endpoint == self._endpoint:
            return True
        return any(
            payer.endpoint == self._endpoint
            and payer.network == self._network
            and any(entry.code == code for entry in payer.codes)
            for payer in self._directory.payers()
        )


def tell_foreign(
    tx: Tx,
    entropy: Entropy,
    returned: Row[*tuple[Any, ...]],
    foreign: Mapping[str, int],
    fresh: int,
) -> None:
    """Raise that a return answers for other payers' claims: so many, by payer.

    `fresh` of them were not seen before; those seen before are told only if
    that never was.  The return is named by its id alone: its file's name is the
    payer's, and may name a patient.
    """
    table = schema.anomaly
    told = tx.connection.execute(
        select(table.c.id).where(
            table.c.kind == FOREIGN, table.c.subject == returned.endpoint_id
        )
    ).first()
    if not fresh and told is not None:
        return
    counted = ", ".join(f"{count} of {payer}" for payer, count in foreign.items())
    anomalies.raise_(
        tx,
        entropy,
        kind=FOREIGN,
        severity=anomalies.ERROR,
        subject=returned.endpoint_id,
        payer=next(iter(foreign)),
        seen=fresh or sum(foreign.values()),
        words=f"return {returned.id}, collected from endpoint "
        f"{returned.endpoint_id}, answers for what went to payers that do not answer "
        f"there: {counted}; it is kept and changes nothing. If these payers do answer "
        "there, give them that endpoint, or their codes a successor, in the directory: "
        "it is tried again at once. If not, ask the payer of that endpoint what it sent",
    )

"""Answers that fit and cannot be meant: kept, told, and never booked in silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies
from gateway.wording import often

ABSURD: Final = "return-absurd"


def tell_absurd(
    tx: Tx,
    entropy: Entropy,
    returned: Row[*tuple[Any, ...]],
    absurd: Mapping[str, int],
) -> None:
    """Raise that a return says what cannot be meant: so many answers, by reason.

    The return is named by its id alone: a payer may put a patient into a file's name.
    """
    count = sum(absurd.values())
    told = "; ".join(f"{why} ({often(many)})" for why, many in absurd.items())
    anomalies.raise_(
        tx,
        entropy,
        kind=ABSURD,
        severity=anomalies.ERROR,
        subject=returned.endpoint_id,
        seen=count,
        words=f"return {returned.id}, collected from endpoint "
        f"{returned.endpoint_id}, says what cannot be meant: {told}; nothing of "
        "that is booked and the claims stay owed. Ask the payer; if it was meant, "
        "confirm it: octway match list",
    )

"""Payment commitments: what an insurability answer promises, and for how long.

After the payers' FAQ: the commitment in an 801900 is valid for 30 days, and its data
go into record 20 of the invoice, zones 42-45 and 53-58.  A payer takes an invoice
without one, but then refuses more often (F200742, R500450).  What an invoice carries
is judged by `data/rules.csv`; what the 48 characters of zones 42-45 hold inside is
not public, and compared with nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from protocols.mycarenet.care_message import union_of
from protocols.record_fields import iso_day
from routing.commitment import CommitmentSeen

VALID_DAYS: Final = 30
RULE: Final = "commitments"
"""The key of a payer's rules that asks for warnings about invoices without one."""
WARN: Final = "warn"
OFF: Final = "off"


def valid_until(communicated: date) -> date:
    """Return the last day on which a commitment holds."""
    return communicated + timedelta(days=VALID_DAYS)


def commitment_told(values: Mapping[str, str]) -> CommitmentSeen | None:
    """Return the commitment that an answer 801900 gives; None if it gives none."""
    day = iso_day(values.get("communicated", ""))
    union = union_of(values.get("mutuality_1", ""))
    if not (values.get("commitment_1", "").strip("0 ") and day and union):
        return None
    return CommitmentSeen(
        patient=values["patient"],
        payer_code=union,
        communicated=day,
        valid_until=valid_until(date.fromisoformat(day)).isoformat(),
        insured_from=iso_day(values.get("insured_from_1", "")),
        insured_until=iso_day(values.get("insured_until_1", "")),
    )


def check_rule(rules: Mapping[str, object]) -> Iterable[str]:
    """Say what is wrong in a payer's rule on commitments, for the directory's loader."""
    told = rules.get(RULE, OFF)
    if told not in {WARN, OFF}:
        yield f"{RULE}: is {told!r}; wanted {WARN!r} or {OFF!r}"

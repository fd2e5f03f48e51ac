"""Payment commitments: what an insurability answer promises, what an invoice needs.

After the payers' FAQ: the commitment in an 801900 is valid for 30 days, and its data
go into record 20 of the invoice, zones 42-45 and 53-58.  A payer takes an invoice
without one, but then refuses more often (F200742, R500450); so everything here is a
warning, never a reason to stop a file.  What the 48 characters of zones 42-45 hold
inside is not public: they are compared with nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from protocols.mycarenet import codes
from protocols.mycarenet.care_message import union_of
from protocols.record_fields import iso_day
from routing.commitment import CommitmentSeen

VALID_DAYS: Final = 30
RULE: Final = "commitments"
"""The key of a payer's rules that asks for warnings about invoices without one."""
WARN: Final = "warn"
OFF: Final = "off"

MISSING: Final = "commitment-missing"
STALE: Final = "F204226"
OUTSIDE: Final = "R500525"
ALONE: Final = {
    "insured_from": "F205311",
    "insured_until": "F205411",
    "communicated": "F205511",
}
"""The payers' codes of a zone that stands there without a commitment."""


class CommitmentFault(NamedTuple):
    """What is wrong with the commitment of one invoice; never an error.

    `field` is the field of record 20 that it is about.
    """

    code: str
    field: str
    words: str


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


def check_invoice(
    values: Mapping[str, str], first: str, last: str, *, expected: bool = False
) -> Iterator[CommitmentFault]:
    """Say what is wrong with the commitment that an invoice carries.

    `values` are those of record 20 by the layout's names; `first` and `last` the ISO
    days of its care, empty where not known.  That there is none at all is told only
    where one is `expected`.
    """
    if not values.get("payment_commitment", "").strip("0 "):
        yield from _alone(values)
        if expected:
            yield CommitmentFault(
                MISSING,
                "payment_commitment",
                "no payment commitment; ask for the insurability (801000) and copy "
                "zones 42 to 45 and 53 to 58 from the answer",
            )
        return
    told = iso_day(values.get("communicated", ""))
    if told and last:
        until = valid_until(date.fromisoformat(told)).isoformat()
        if last > until:
            yield _fault(
                STALE, "communicated", f"valid until {until}, and care is of {last}"
            )
    begin, end = (
        iso_day(values.get(name, "")) for name in ("insured_from", "insured_until")
    )
    if begin and first and first < begin:
        yield _fault(
            OUTSIDE, "insured_from", f"insured from {begin}, and care is of {first}"
        )
    if end and last and last > end:
        yield _fault(
            OUTSIDE, "insured_until", f"insured until {end}, and care is of {last}"
        )


def check_rule(rules: Mapping[str, object]) -> Iterable[str]:
    """Say what is wrong in a payer's rule on commitments, for the directory's loader."""
    told = rules.get(RULE, OFF)
    if told not in {WARN, OFF}:
        yield f"{RULE} is {told!r}; {WARN!r} or {OFF!r} is expected"


def _alone(values: Mapping[str, str]) -> Iterator[CommitmentFault]:
    for name, code in ALONE.items():
        if values.get(name, "").strip("0 "):
            yield _fault(code, name, "zones 42 to 45 are empty")


def _fault(code: str, field: str, words: str) -> CommitmentFault:
    found = codes.OWN.find(code)
    advice = f". {found.advice}" if found.advice else ""
    return CommitmentFault(code, field, f"{found.label['en']}: {words}{advice}")

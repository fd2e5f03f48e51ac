"""What stands above the invoices of a NOEMIE return and holds for all of them.

What a context means is worked out once, because it is the same for many
invoices in a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from protocols.sesam import keys

_PS_DIGITS = 9
iso_date = lru_cache(maxsize=4096)(keys.iso_date)  # a return holds few days


class Context(NamedTuple):
    """What stands above an invoice; texts as in the file, empty if absent."""

    recipient: str = ""
    reference: str = ""
    payee: str = ""
    day: str = ""
    transfer: str = ""
    payer: str = ""
    return_kind: str = ""
    lot: str = ""
    lot_date: str = ""

    def within(self, code: str, values: Mapping[str, str]) -> Context:
        """Return the context below one more entity; a new payee ends the lot."""
        if code == "040":
            return self._replace(payee=values["payee"], lot="", lot_date="")
        if code == "080":
            return self._replace(lot=values["lot"], lot_date=values["lot_date"])
        if code in {"070", "071"}:
            return self._replace(
                day=values["day"],
                transfer=values.get("transfer", ""),
                payer=values.get("payer", ""),
            )
        if code == "081":
            return self._replace(return_kind=values["return_kind"])
        return self

    def doubtful(self, code: str) -> Context:
        """Return the context below a damaged entity, without what it may have said."""
        if code in {"010", "020", "070", "071", "081", "100", "102", "990", "999"}:
            return self
        if code == "080":
            return self._replace(lot="", lot_date="")
        return self._replace(payee="", recipient="", lot="", lot_date="")


class Surroundings(NamedTuple):
    """What a context means for every answer below it.

    `sender` is the professional meant: the payee, or else whom the file is for;
    `owners` are those whose key an invoice may have.
    """

    sender: str
    owners: tuple[str, ...]
    facts: Mapping[str, str]


@lru_cache(maxsize=64)
def surroundings(context: Context) -> Surroundings:
    """Say what a context means; it is the same for many invoices in a row."""
    payee, recipient = professional(context.payee), professional(context.recipient)
    facts = {
        "reference": context.reference,
        "accounting_day": iso_date(context.day),
        "transfer": context.transfer,
        "payer": context.payer,
        "return_kind": context.return_kind,
    }
    return Surroundings(
        sender=professional(context.payee or context.recipient),
        owners=tuple(dict.fromkeys(each for each in (payee, recipient) if each)),
        facts=facts,
    )


def professional(number: str) -> str:
    """Return a professional's number of nine digits from a wider, zero-filled one."""
    text = number.strip()
    head, tail = text[:-_PS_DIGITS], text[-_PS_DIGITS:]
    return text if head.strip("0") else tail

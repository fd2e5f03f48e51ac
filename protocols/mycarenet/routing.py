"""Which union a sending is meant for, and what its directory entry must be.

A union's code in the directory is its number, `300`.  A sending names a destination
mutuality in each of its invoices; the first digit of its number is its union's, and
the directory's table of mutualities knows those that are gone, and what became of
them (belgium.md 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from protocols.mycarenet import commitment, mutualities
from protocols.sending import Emitter
from protocols.tables import Tables
from routing import payment
from routing.card import Card, CardFound, CardRow

UNIONS: Final = ("100", "200", "300", "400", "500", "600", "900")
"""The unions; nothing else is a payer's code in this network."""

_KNOWN = ", ".join(UNIONS)
_MOST_NAME = 45  # characters of a name in the header of a message


def payer_codes(
    destination: Mapping[str, str], tables: Mapping[str, Sequence[Mapping[str, str]]]
) -> Sequence[str]:
    """Return the codes of the union that a sending is meant for, best first.

    `destination` is the one that the reader found.  A mutuality that was gone in
    the month billed stands for its successor.  No code means no destination.
    """
    return tuple(dict.fromkeys(_codes(destination, tables)))


def _codes(
    destination: Mapping[str, str], tables: Mapping[str, Sequence[Mapping[str, str]]]
) -> Iterator[str]:
    number = destination.get("mutuality", "").strip()
    month = destination.get("year_month", "").strip()
    table = mutualities.of_directory(tables)
    day = f"{month[:4]}-{month[4:6]}-01" if month else ""
    for each in (table.successor_of(number, day), number):
        if union := table.union_of(each):
            yield union
    for each in (number, destination.get("union", "")):
        if (union := f"{each[:1]}00") in UNIONS:
            yield union


def read_card(card: Card, tables: Tables, day: date) -> CardFound | None:
    """Return the union of a mutuality's number, or None for another card."""
    if "mutuality" not in card:
        return None
    destination = {"mutuality": card["mutuality"], "year_month": f"{day:%Y%m}"}
    return CardFound(codes=tuple(payer_codes(destination, tables)))


def card_rows(tables: Tables) -> Iterator[CardRow]:
    """Yield numbers of mutualities, alone or as `201-299`, with their unions."""
    for each in mutualities.of_directory(tables).entries:
        numbers = dict.fromkeys((f"{each.first:03}", f"{each.last:03}"))
        yield CardRow(each.union, {"mutuality": "-".join(numbers)})


def check_rules(rules: Mapping[str, object]) -> Iterator[str]:
    """Say what is wrong in a union's rules: `commitments` and `payment_days`."""
    for key in rules.keys() - {commitment.RULE, payment.RULE}:
        known = f"{commitment.RULE} and {payment.RULE}"
        yield f"{key}: is unknown in mycarenet; the rules are {known}"
    yield from commitment.check_rule(rules)
    yield from payment.check_rule(rules)


def check_code(code: str) -> str:
    """Say what is wrong in a union's code; empty: nothing."""
    if code in UNIONS:
        return ""
    return f"is {code!r}; wanted the number of a union: {_KNOWN}"


def check_emitter(emitter: Emitter) -> Iterator[tuple[str, str]]:
    """Say what is wrong in who we are; a sending goes on as it came, so hardly anything."""
    if not re.fullmatch(r"[0-9]{1,14}", emitter.number):
        yield "number", f"is {emitter.number!r}; wanted at most 14 digits"
    if not re.fullmatch(rf"[ -~]{{0,{_MOST_NAME}}}", emitter.name):
        words = f"holds what no file can; wanted at most {_MOST_NAME} plain characters"
        yield "name", words

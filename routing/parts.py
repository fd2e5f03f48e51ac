"""Where a claim stands that two payers owe: each part has an account of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from routing.envelope import Share
from routing.ledger import ANSWERED, Account

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {Share.WHOLE: "", Share.MAIN: "compulsory", Share.OTHER: "complementary"}
)
"""What people call the part that a lot asks for; empty for one of a single payer."""


def together(accounts: Sequence[Account]) -> Account:
    """Return where a claim stands whose parts stand in these accounts, one or more.

    It is open as long as any part is, and stands where the first open one does.  Once
    all are answered it is what they agree on; where one pays and another does not, it
    is partly paid.
    """
    for each in accounts:
        if each not in ANSWERED:
            return each
    different = set(accounts)
    if len(different) == 1:
        return accounts[0]
    paid = different & {Account.PAID, Account.PARTLY_PAID}
    return Account.PARTLY_PAID if paid else Account.ACCEPTED


def is_closed(accounts: Sequence[Account]) -> bool:
    """Say whether every payer has answered for its part."""
    return all(each in ANSWERED for each in accounts)

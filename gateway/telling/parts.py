"""The parts of a claim that two payers owe, and how a payer was found, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from gateway.telling.payer_search import search_words
from gateway.telling.voice import Voice
from routing.ledger import Account
from routing.parts import NAMES
from routing.sandbox import base

_PAID: Final = frozenset({Account.PAID, Account.PARTLY_PAID})
_GONE: Final = frozenset({Account.DISPATCHED, Account.ACKNOWLEDGED, Account.MISSING})
_WORDS: Final[Mapping[str, str]] = {
    Account.RECEIVED: "{amount} waits to be routed",
    Account.HELD: "{amount} is held",
    Account.ROUTED: "{amount} waits to be sent to {payer}",
    Account.ACCEPTED: "{amount} is accepted by {payer}",
    Account.REJECTED: "{amount} is rejected",
    Account.WAIVED: "{amount} is given up",
    Account.WITHDRAWN: "{amount} is withdrawn",
}


def sentence(part: Any, voice: Voice) -> str:
    """Say of a part where it stands: `compulsory: paid 12.30 of 12.30`."""
    return f"{voice.say(NAMES[part.share])}: {standing(part, voice)}"


def lot_name(row: Any, voice: Voice) -> str:
    """Return what people call a lot: its number, and its part where it has one."""
    part = NAMES[row.share]
    return f"{row.number} {voice.say(part)}" if part else str(row.number)


def standing(part: Any, voice: Voice) -> str:
    """Say where a part stands, and with whom since when."""
    amount = voice.money(part.asked)
    payer = base(part.payer_id or "")
    account = Account(part.account)
    if account in _PAID:
        return voice.say(
            "paid {paid} of {amount}", paid=voice.money(part.paid), amount=amount
        )
    if account in _GONE:
        when = voice.moment(part.sent_at or part.changed_at)
        words = "{amount} waits at {payer} since {when}"
        if account is Account.MISSING:
            words = "{amount} waits at {payer} since {when}, and the answer is missing"
        return voice.say(words, amount=amount, payer=payer, when=when)
    return voice.say(_WORDS[account], amount=amount, payer=payer)


def steps(routing: str, voice: Voice) -> list[str]:
    """Say which tables were looked into for a payer, and why each row was taken."""
    return search_words(json.loads(routing) if routing else (), voice)

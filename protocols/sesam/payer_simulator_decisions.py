"""What a simulated caisse decides of each invoice, the same for the same seed.

Each invoice has its own random numbers, drawn from the seed and its key.  So a
file that comes again, even among other lots, is decided as the first time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

from attrs import evolve, frozen

from protocols.sesam.keys import iso_date
from protocols.sesam.payer_simulator_sent import SentClaim, SentFile, SentLot
from protocols.simulated_payer import Faults, share

Part = tuple[int, str, int]  # cents asked, state, cents paid
REASONS = (
    ("SIM1", "SIMULATED REJECT: INSURED PERSON NOT KNOWN"),
    ("SIM2", "SIMULATED REJECT: RIGHTS ENDED BEFORE THE CARE"),
    ("SIM3", "SIMULATED REJECT: PRESCRIPTION MISSING"),
)
LOWERED = ("SIM4", "SIMULATED REJECT: PRICE ABOVE THE TARIFF")
AMC_REFUSED = ("SIM5", "SIMULATED REJECT: NO COMPLEMENTARY CONTRACT")


@frozen(kw_only=True)
class Mix:
    """How often a well-behaved payer does not pay in full at once."""

    rejected: float = share(0.04)
    partly: float = share(0.03)
    deferred: float = share(0.03)


@frozen(kw_only=True)
class Decision:
    """What one invoice gets: the parts, the reasons, and when it is told.

    `later` is the second word on an invoice that is deferred at first.
    """

    claim: SentClaim
    invoice: str
    lot: str
    lot_date: str
    amo: Part
    amc: Part
    reasons: Sequence[tuple[str, str]] = ()
    later: Decision | None = None

    @property
    def paid(self) -> int:
        """Cents paid for both parts."""
        return self.amo[2] + self.amc[2]


def is_unknown(sent: SentFile, lot: SentLot, faults: Faults) -> bool:
    """Whether the professional is not registered: the same for ever."""
    payer = sent.header["recipient_no"]
    dice = Random(f"unknown|{payer}|{lot.professional}")  # noqa: S311
    return dice.random() < faults.unknown_sender


def is_refused(lot: SentLot, seed: int, faults: Faults) -> bool:
    """Whether the lot is refused although nothing is wrong with it."""
    dice = Random(f"{seed}|refused|{lot.key}")  # noqa: S311
    return dice.random() < faults.refused


def decide(lot: SentLot, seed: int, faults: Faults, mix: Mix) -> list[Decision]:
    """Decide every invoice of a lot that was acknowledged."""
    decided = []
    for position, claim in enumerate(lot.claims):
        dice = Random(f"{seed}|{lot.key}|{position}|{claim.number}")  # noqa: S311
        never, wrong = dice.random() < faults.never, dice.random()
        keys = {
            "invoice": claim.number,
            "lot": lot.record["lot_no"],
            "lot_date": lot.record["lot_created"],
        }
        if wrong < faults.wrong_identifiers:
            keys = _altered(keys, dice)
        if not never:
            decided.append(_decision(claim, keys, dice, mix))
    return decided


def _decision(
    claim: SentClaim, keys: Mapping[str, str], dice: Random, mix: Mix
) -> Decision:
    amo, amc = claim.seen.asked_main, claim.seen.asked_other
    if claim.request:
        amo, amc = 0, claim.seen.asked
    full = Decision(
        claim=claim,
        invoice=keys["invoice"],
        lot=keys["lot"],
        lot_date=keys["lot_date"],
        amo=(amo, "P", amo),
        amc=(amc, "P", amc),
    )
    throw = dice.random()
    if throw < mix.rejected:
        reason = dice.choice(REASONS)
        return evolve(full, amo=(amo, "R", 0), amc=(amc, "R", 0), reasons=(reason,))
    if throw < mix.rejected + mix.partly:
        if amc and amo:
            return evolve(full, amc=(amc, "R", 0), reasons=(AMC_REFUSED,))
        less = dice.randint(50, 95)
        return evolve(
            full,
            amo=(amo, "P", amo * less // 100),
            amc=(amc, "P", amc * less // 100),
            reasons=(LOWERED,),
        )
    if throw < mix.rejected + mix.partly + mix.deferred:
        return evolve(full, amo=(amo, "D", 0), amc=(amc, "D", 0), later=full)
    return full


def _altered(keys: Mapping[str, str], dice: Random) -> dict[str, str]:
    """Cut, renumber or misdate an invoice, as damaged returns do."""
    invoice = keys["invoice"]
    kind = dice.choice(("cut", "renumbered", "misdated"))
    if kind == "cut":
        return {**keys, "invoice": invoice[:-1]}
    if kind == "renumbered":
        return {**keys, "invoice": f"9{dice.randrange(10**8):08}"}
    day = date.fromisoformat(iso_date(keys["lot_date"])) + timedelta(days=1)
    return {**keys, "lot_date": yymmdd(day)}


def yymmdd(day: date) -> str:
    """Write a date as the formats do."""
    return day.strftime("%y%m%d")

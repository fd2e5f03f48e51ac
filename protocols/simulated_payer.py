"""What every simulated payer shares: its faults, and the way of its returns.

A payer simulator decides in its network's own way; how returns are lost, late,
doubled, cut or out of order is the same for all.  It is pure: no clock, no files.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from attrs import Attribute, evolve, field, frozen

_OUT_OF_ORDER = 30  # days by which an early return is held back


def _share(_: object, attribute: Attribute[float], value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{attribute.name} is {value}; a share from 0 to 1 is wanted")


def share(default: float = 0.0) -> float:
    """Declare a share, the chance that something happens: 0 never, 1 always."""
    made: float = field(default=default, validator=_share)
    return made


@frozen(kw_only=True)
class Faults:
    """How often a simulated payer misbehaves: shares from 0 to 1.

    Of returns: `lost` never comes, `late` comes `late_days` later, `doubled`
    comes twice, `out_of_order` lets early ones follow the later, `cut` ends early.
    Of lots: `refused` without a reason.  Of senders: `unknown_sender` has
    everything dropped in silence.  Of invoices or returns: `wrong_identifiers`
    alters what they are matched by, `never` says nothing.
    """

    lost: float = share()
    late: float = share()
    late_days: int = 20
    doubled: float = share()
    out_of_order: float = share()
    cut: float = share()
    refused: float = share()
    wrong_identifiers: float = share()
    unknown_sender: float = share()
    never: float = share()


@frozen(kw_only=True)
class SimulatedReturn:
    """One file in a payer's outbox, there `delay_days` after the day it answers.

    `kind` is what the network calls such an answer.
    """

    name: str
    content: bytes
    kind: str
    delay_days: int


def deliver(
    made: Iterable[SimulatedReturn], faults: Faults, rng: Random, *, early: str
) -> list[SimulatedReturn]:
    """Let returns be lost, late, doubled, cut or out of order on their way.

    `early` is the kind that should come first.
    """
    delivered: list[SimulatedReturn] = []
    for each in made:
        lost, late, doubled, cut, moved = (rng.random() for _ in range(5))
        where = rng.random()
        if lost < faults.lost:
            continue
        arriving = each
        if late < faults.late:
            arriving = evolve(arriving, delay_days=each.delay_days + faults.late_days)
        if moved < faults.out_of_order and each.kind == early:
            arriving = evolve(arriving, delay_days=arriving.delay_days + _OUT_OF_ORDER)
        if cut < faults.cut:
            size = 1 + int(where * (len(each.content) - 1))
            arriving = evolve(arriving, content=each.content[:size])
        delivered.append(arriving)
        if doubled < faults.doubled:
            stem, _, ending = each.name.rpartition(".")
            delivered.append(
                evolve(
                    arriving,
                    name=f"{stem}-again.{ending}",
                    delay_days=arriving.delay_days + 1,
                )
            )
    return sorted(delivered, key=lambda each: each.delay_days)

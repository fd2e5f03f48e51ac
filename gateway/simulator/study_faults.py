"""What goes wrong in a study: shares of claims' ways, and how payers behave.

Shares are absolute and exclusive: each claim's way is hit by one fault at most,
and what the shares leave over goes as it should.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from config.errors import ConfigErrors, Mistake
from config.reader import Table, read_file, read_text

MIX: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lost_in_transit": "handed over, never in the payer's system",
        "misrouted": "addressed to a payer that was merged",
        "not_enrolled": "dropped: the sender is not registered",
        "return_lost": "answered, the answer never came",
        "return_altered": "answered under another number",
        "refused_silently": "refused, and nobody said so",
        "never_answered": "never answered, whatever is done",
    }
)
"""The faults that lose answers, in the order in which they win, with their words."""

ALSO: Final = ("late", "doubled", "out_of_order")
"""What loses no answer, and must not fool the tracking."""

EVERY_PAYER: Final = "*"
_OF_A_PAYER: Final = ("enrolment_days", "outage_days")
_DEFAULT: Final = "study_default.toml"
_SUM_SLACK: Final = 1e-9  # decimal shares add up to 1 only nearly


@frozen(kw_only=True)
class PayerFaults:
    """How a payer behaves; `outage_days` are days of the study, from 0."""

    enrolment_days: int = 10
    outage_days: frozenset[int] = frozenset()


@frozen(kw_only=True)
class Faults:
    """A fault file: every share is there, 0 where the file does not name it."""

    mix: Mapping[str, float] = field(factory=lambda: dict.fromkeys(MIX, 0.0))
    also: Mapping[str, float] = field(factory=lambda: dict.fromkeys(ALSO, 0.0))
    payers: Mapping[str, PayerFaults] = field(factory=dict)

    def of_payer(self, payer: str) -> PayerFaults:
        """Say how a payer behaves: its own table, else the one of all."""
        return self.payers.get(payer) or self.payers.get(EVERY_PAYER) or PayerFaults()


def read_faults(path: Path | None, payers: Sequence[str]) -> Faults:
    """Read a fault file, or the default mix; `payers` are those that it may name.

    Raises `ConfigErrors` with every mistake in it.
    """
    mistakes: list[Mistake] = []
    if path is None:
        text = (resources.files("gateway.simulator") / _DEFAULT).read_text("utf-8")
        root = read_text(text, mistakes, _DEFAULT)
    else:
        root = read_file(path, mistakes)
    found = _read(root, payers)
    if mistakes:
        raise ConfigErrors(mistakes)
    return found


def _read(root: Table, payers: Sequence[str]) -> Faults:
    mix = root.table("mix")
    shares = {name: _share(mix, name) for name in MIX}
    mix.done(known=tuple(MIX), belongs=dict.fromkeys(ALSO, "also"))
    total = sum(shares.values())
    if total > 1 + _SUM_SLACK:
        mix.wrong(
            "",
            f"holds shares that add up to {total:g}; wanted 1 at most, since each "
            "claim's way is hit by one fault only",
        )
    also = root.table("also")
    more = {name: _share(also, name) for name in ALSO}
    also.done(known=ALSO, belongs=dict.fromkeys(MIX, "mix"))
    table = root.table("payers")
    general = _payer(table.table(EVERY_PAYER), PayerFaults())
    own = {name: _payer(table.table(name), general) for name in payers}
    table.done(
        known=(EVERY_PAYER, *payers),
        belongs=dict.fromkeys(_OF_A_PAYER, f'payers."{EVERY_PAYER}"'),
    )
    root.done(
        known=("mix", "also", "payers"),
        belongs={
            **dict.fromkeys(MIX, "mix"),
            **dict.fromkeys(ALSO, "also"),
            **dict.fromkeys(_OF_A_PAYER, f'payers."{EVERY_PAYER}"'),
            **{name: f"payers.{name}" for name in payers},
        },
    )
    return Faults(mix=shares, also=more, payers={EVERY_PAYER: general, **own})


def _share(table: Table, name: str) -> float:
    share = table.get(name, float, 0.0)
    if not 0 <= share <= 1:
        table.wrong(name, f"is {share:g}; wanted a share from 0 to 1")
        return 0.0
    return share


def _payer(table: Table, general: PayerFaults) -> PayerFaults:
    days = table.get("enrolment_days", int, general.enrolment_days)
    if days < 0:
        table.wrong("enrolment_days", f"is {days}; wanted 0 or more")
    outages = general.outage_days
    if "outage_days" in table.data:
        outages = _days(table, "outage_days")
    table.skip("outage_days")
    table.done(known=_OF_A_PAYER)
    return PayerFaults(enrolment_days=days, outage_days=outages)


def _days(table: Table, key: str) -> frozenset[int]:
    found = table.data[key]
    if not isinstance(found, list) or any(type(x) is not int or x < 0 for x in found):
        table.wrong(key, f"is {found!r}; wanted a list of days such as [40, 41]")
        return frozenset()
    return frozenset(found)

"""The payers of a study, and the directory that the gateway is given about them.

Small payers are merged into them now and then; the directory is told of each merger
later, as it is in life.  Who the payers are is the networks' word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from attrs import frozen

from protocols.catalog import Simulated
from protocols.simulation import Profile, Promised

FIRST_DAY: Final = date(2026, 3, 2)
"""Day 0 of every study: a Monday."""

KNOWN_AFTER: Final = 12
"""Days from one merger to the next, and until the directory is told of it."""

MOST_DAYS: Final = 720  # of a study: there is a number for every merger
_MERGED_WITHIN: Final = 8  # working days that a merged payer's entry promises


@frozen(kw_only=True)
class Merger:
    """Small payers, one for each payer of the study, that were merged on a day.

    The directory still names them as a payer of their own until `known_on`; what
    is sent there lies in a mailbox that nobody reads any more.
    """

    number: int
    day: int
    known_on: int

    def payer(self, network: str) -> str:
        """Return the payer in the directory that they are together in a network."""
        return f"{network}-union-{self.number + 1:02}"


def merger_of(day: int) -> Merger:
    """Return the merger that the directory does not know on a day of the study."""
    number = day // KNOWN_AFTER
    first = number * KNOWN_AFTER
    return Merger(number=number, day=first, known_on=first + KNOWN_AFTER)


def ids_of(simulated: Sequence[Simulated]) -> tuple[str, ...]:
    """Return the payers of networks by their ids, network by network."""
    return tuple(each.id for of in simulated for each in of.simulation.profiles)


def merged_codes(simulated: Sequence[Simulated], merger: int) -> Mapping[str, str]:
    """Return by payer the code of the small payer that a merger brought it."""
    return {
        profile.id: of.simulation.merged_code(merger, index)
        for of in simulated
        if of.simulation.merges
        for index, profile in enumerate(of.simulation.profiles)
    }


def unions_of(of: Simulated, mergers: Sequence[Merger]) -> Iterator[tuple[str, Merger]]:
    """Yield id and merger of each payer of a network that was merged."""
    if of.simulation.merges:
        for merger in mergers:
            yield merger.payer(of.name), merger


def payer_files(
    simulated: Sequence[Simulated], mergers: Sequence[Merger], today: int
) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file of the directory as of a day of the study."""
    for of in simulated:
        for profile in of.simulation.profiles:
            yield f"{profile.id}.toml", _payer_text(of, profile)
        for name, merger in unions_of(of, mergers):
            known = merger.known_on <= today
            yield f"{name}.toml", _union_text(of, merger, known=known)


def _payer_text(network: Simulated, of: Profile) -> str:
    return _text(
        network,
        id=of.id,
        name=of.name,
        zone=of.zone,
        codes=f'[[code]]\ncode = "{of.code}"\n',
        code=of.code,
        same_number=of.same_number,
        within=of.within,
        calendar=of.calendar,
    )


def _union_text(network: Simulated, of: Merger, *, known: bool) -> str:
    last = FIRST_DAY + timedelta(days=of.day - 1)
    merged = merged_codes([network], of.number)
    codes = ""
    for profile in network.simulation.profiles:
        codes += f'[[code]]\ncode = "{merged[profile.id]}"\n'
        if known:
            codes += f'valid_until = {last}\nsuccessor = "{profile.code}"\n'
    first = network.simulation.profiles[0]
    return _text(
        network,
        id=of.payer(network.name),
        name=f"Small payers {of.number + 1} (simulated)",
        zone=first.zone,
        codes=codes,
        code=merged[first.id],
        same_number=False,
        within=_MERGED_WITHIN,
        calendar="",
    )


def _text(
    network: Simulated,
    *,
    id: str,
    name: str,
    zone: str,
    codes: str,
    code: str,
    same_number: bool,
    within: int,
    calendar: str,
) -> str:
    simulation = network.simulation
    *before, last = simulation.answers
    rules = simulation.rules(code).items()
    return _TEXT.format(
        id=id,
        name=name,
        network=network.name,
        country=simulation.country,
        zone=zone,
        codes=codes,
        rules="".join(f'{key} = "{value}"\n' for key, value in rules),
        same_number=str(same_number).lower(),
        expects="".join(
            [
                *(_expects(each, each.within, grace=3) for each in before),
                _expects(last, within, grace=5),
            ]
        ),
        calendar=calendar,
    )


def _expects(of: Promised, within: int, *, grace: int) -> str:
    return _EXPECTS.format(kind=of.kind, level=of.level, within=within, grace=grace)


_EXPECTS: Final = """\
[[expects]]
kind = "{kind}"
level = "{level}"
within = "{within} working days"
grace = "{grace} working days"

"""
_TEXT: Final = """\
[payer]
id = "{id}"
name = "{name}"
network = "{network}"
country = "{country}"
time_zone = "{zone}"

{codes}
[rules]
{rules}
[gather]
max_lots = 1  # a fault of a file is one of a lot

[delivery]
concurrency = 8
resend_same_number = {same_number}

[desk]
answers = ["status", "return", "enrolment", "complaint"]

{expects}[calendar]
{calendar}
[endpoint]
channel = "folder"  # in the study: a mailbox in memory
simulated = true
"""

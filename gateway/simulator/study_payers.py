"""The payers of a study, and the directory that the gateway is given about them.

They differ in calendar, delay and care: some pay within days and recognise a file
that comes again, others take weeks and would pay it twice.  Small funds are merged
into them now and then; the directory is told of each merger later, as it is in life.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from attrs import frozen

NETWORK: Final = "sesam"
FIRST_DAY: Final = date(2026, 3, 2)
"""Day 0 of every study: a Monday."""

KNOWN_AFTER: Final = 12
"""Days from one merger to the next, and until the directory is told of it."""

REGIME: Final = "01"
_UNIONS_FROM: Final = 20  # tens of organism numbers that belong to merged funds
MOST_DAYS: Final = 720  # of a study: there is a number for every merger


@frozen(kw_only=True)
class Profile:
    """One payer; delays in its working days: the quickest, the usual, the slowest.

    `within` is what it promises.  `same_number`: it recognises a file that comes
    again.  `calendar` is what its file says of its days.
    """

    id: str
    organism: str
    within: int
    delays: tuple[int, int, int]
    same_number: bool
    calendar: str = ""
    zone: str = "Europe/Paris"

    @property
    def code(self) -> str:
        """Its code in the directory."""
        return REGIME + self.organism

    @property
    def name(self) -> str:
        """Its name for people."""
        return f"{self.id.replace('-', ' ').title()} (simulated)"


PROFILES: Final = (
    Profile(
        id="caisse-nord",
        organism="101",
        within=7,
        delays=(2, 3, 5),
        same_number=True,
        calendar='cut_off = "18:00"',
    ),
    Profile(
        id="caisse-sud", organism="102", within=7, delays=(2, 4, 6), same_number=False
    ),
    Profile(
        id="caisse-est",
        organism="103",
        within=10,
        delays=(3, 5, 8),
        same_number=True,
        calendar='cut_off = "12:00"',
    ),
    Profile(
        id="caisse-ouest",
        organism="104",
        within=8,
        delays=(2, 2, 7),
        same_number=False,
        calendar='closed = [{ first = 2026-05-15, why = "bridge" }]',
    ),
    Profile(
        id="mutuelle-alpes",
        organism="105",
        within=5,
        delays=(2, 3, 4),
        same_number=True,
    ),
    Profile(
        id="mutuelle-loire",
        organism="106",
        within=12,
        delays=(4, 8, 12),
        same_number=False,
    ),
    Profile(
        id="caisse-des-iles",
        organism="107",
        within=14,
        delays=(5, 9, 12),
        same_number=False,
        zone="Indian/Reunion",
    ),
    Profile(
        id="regime-des-mines",
        organism="108",
        within=10,
        delays=(3, 7, 9),
        same_number=True,
        calendar='cut_off = "16:00"\n'
        'closed = [{ first = 2026-04-27, last = 2026-04-30, why = "moving house" }]',
    ),
)
"""Every payer that answers."""

IDS: Final = tuple(each.id for each in PROFILES)


@frozen(kw_only=True)
class Merger:
    """Small funds, one for each payer, that were merged into the payers on a day.

    The directory still names them as a payer of their own until `known_on`; what
    is sent there lies in a mailbox that nobody reads any more.
    """

    number: int
    day: int
    known_on: int

    @property
    def id(self) -> str:
        """The merged funds' common payer in the directory."""
        return f"union-{self.number + 1:02}"

    def organism(self, payer: str) -> str:
        """Return the organism of the fund that went to a payer."""
        return f"{_UNIONS_FROM + self.number:02}{IDS.index(payer)}"

    def code(self, payer: str) -> str:
        """Return the code of the fund that went to a payer."""
        return REGIME + self.organism(payer)


def merger_of(day: int) -> Merger:
    """Return the merger that the directory does not know on a day of the study."""
    number = day // KNOWN_AFTER
    first = number * KNOWN_AFTER
    return Merger(number=number, day=first, known_on=first + KNOWN_AFTER)


def payer_files(mergers: Sequence[Merger], today: int) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file of the directory as of a day of the study."""
    for each in PROFILES:
        yield f"{each.id}.toml", _payer_text(each)
    for merger in mergers:
        yield f"{merger.id}.toml", _union_text(merger, known=merger.known_on <= today)


def _payer_text(of: Profile) -> str:
    return _TEXT.format(
        id=of.id,
        name=of.name,
        network=NETWORK,
        zone=of.zone,
        codes=f'[[code]]\ncode = "{of.code}"\n',
        regime=REGIME,
        organism=of.organism,
        same_number=str(of.same_number).lower(),
        within=of.within,
        calendar=of.calendar,
    )


def _union_text(of: Merger, *, known: bool) -> str:
    last = FIRST_DAY + timedelta(days=of.day - 1)
    codes = ""
    for each in PROFILES:
        codes += f'[[code]]\ncode = "{of.code(each.id)}"\n'
        if known:
            codes += f'valid_until = {last}\nsuccessor = "{each.code}"\n'
    return _TEXT.format(
        id=of.id,
        name=f"Small funds {of.number + 1} (simulated)",
        network=NETWORK,
        zone="Europe/Paris",
        codes=codes,
        regime=REGIME,
        organism=of.organism(IDS[0]),
        same_number="false",
        within=8,
        calendar="",
    )


_TEXT: Final = """\
[payer]
id = "{id}"
name = "{name}"
network = "{network}"
time_zone = "{zone}"

{codes}
[rules]
regime = "{regime}"
organism = "{organism}"
recipient_type = "CT"

[gather]
max_lots = 1  # a fault of a file is one of a lot

[delivery]
concurrency = 8
resend_same_number = {same_number}

[desk]
answers = ["status", "return", "enrolment", "complaint"]

[[expects]]
kind = "arl"
level = "lot"
within = "2 working days"
grace = "3 working days"

[[expects]]
kind = "payment"
level = "claim"
within = "{within} working days"
grace = "5 working days"

[calendar]
{calendar}
[endpoint]
channel = "folder"  # in the study: a mailbox in memory
simulated = true
"""

"""The French payers of a study, and the small funds that were merged into them.

They differ in calendar, delay and care: some pay within days and recognise a file
that comes again, others take weeks and would pay it twice.
"""

from __future__ import annotations

from typing import Final

from protocols.simulation import Profile

REGIME: Final = "01"
_MERGED_FROM: Final = 20  # tens of organism numbers that belong to merged funds

PROFILES: Final = (
    Profile(
        id="caisse-nord",
        code="01101",
        within=7,
        delays=(2, 3, 5),
        same_number=True,
        calendar='cut_off = "18:00"',
    ),
    Profile(
        id="caisse-sud", code="01102", within=7, delays=(2, 4, 6), same_number=False
    ),
    Profile(
        id="caisse-est",
        code="01103",
        within=10,
        delays=(3, 5, 8),
        same_number=True,
        calendar='cut_off = "12:00"',
    ),
    Profile(
        id="caisse-ouest",
        code="01104",
        within=8,
        delays=(2, 2, 7),
        same_number=False,
        calendar='closed = [{ first = 2026-05-15, why = "bridge" }]',
    ),
    Profile(
        id="mutuelle-alpes", code="01105", within=5, delays=(2, 3, 4), same_number=True
    ),
    Profile(
        id="mutuelle-loire",
        code="01106",
        within=12,
        delays=(4, 8, 12),
        same_number=False,
    ),
    Profile(
        id="caisse-des-iles",
        code="01107",
        within=14,
        delays=(5, 9, 12),
        same_number=False,
        zone="Indian/Reunion",
    ),
    Profile(
        id="regime-des-mines",
        code="01108",
        within=10,
        delays=(3, 7, 9),
        same_number=True,
        calendar='cut_off = "16:00"\n'
        'closed = [{ first = 2026-04-27, last = 2026-04-30, why = "moving house" }]',
    ),
)
"""Every payer that answers."""


def merged_code(merger: int, profile: int) -> str:
    """Return the code of the fund that went to the n-th profile in the n-th merger."""
    return f"{REGIME}{_MERGED_FROM + merger:02}{profile}"

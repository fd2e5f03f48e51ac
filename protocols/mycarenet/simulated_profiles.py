"""The Belgian unions of a study; their paces are invented.

What the payers' own pages promise is a payment within two weeks of the sending.
Unions recognise a sending that comes again by its number, every one of them.
"""

from __future__ import annotations

from typing import Final

from protocols.simulation import Profile

_ZONE: Final = "Europe/Brussels"


def _union(
    code: str, within: int, delays: tuple[int, int, int], calendar: str = ""
) -> Profile:
    return Profile(
        id=f"union-{code}",
        code=code,
        within=within,
        delays=delays,
        same_number=True,
        calendar=calendar,
        zone=_ZONE,
    )


PROFILES: Final = (
    _union("100", 10, (4, 6, 8), 'cut_off = "17:00"'),
    _union("200", 12, (5, 7, 10)),
    _union("300", 10, (4, 5, 9)),
    _union("400", 12, (6, 8, 10), 'cut_off = "12:00"'),
    _union("500", 10, (4, 6, 9)),
    _union("600", 14, (6, 9, 12)),
)
"""Every payer that answers; 900 is left to be nobody's."""

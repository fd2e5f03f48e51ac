"""How deep each entity of a return lies, for people who look at a file.

Payee, accounting day, lot, invoice and its parts nest in this order; what a
file leaves out leaves no gap.  What surprises: the break level that each entity
bears is not used, because only a few codes have a fixed one (french.md 2.1).
"""

from __future__ import annotations

from collections.abc import Mapping

_CONTROL = "990"
_AROUND = frozenset({"000", "999"})
_INVOICE = 7
_PART = 8  # what stands under an invoice, and codes that nobody knows
_RANKS: Mapping[str, int] = {
    "010": 1,
    "020": 2,
    "040": 3,
    "070": 4,
    "071": 4,
    "081": 5,
    "080": 6,
    "100": _INVOICE,
    "102": _INVOICE,
    "262": _PART + 1,
    "910": 1,
    "911": 2,
    "912": 3,  # of the simulated ARL
}


class Nesting:
    """Follows the entities of one file; header and end lie outermost."""

    def __init__(self) -> None:
        self._open: list[int] = []  # ranks of those that the next may lie in

    def level(self, code: str) -> int:
        """Take the next entity; return its level.

        A 990 lies where that begins which it closes: the innermost payee, day
        or lot, and after another 990 the next wider one.
        """
        if code in _AROUND:
            self._open.clear()
            return 0
        if code == _CONTROL:
            while self._open and self._open[-1] >= _INVOICE:
                self._open.pop()
            if self._open:
                self._open.pop()
            return len(self._open) + 1
        rank = _RANKS.get(code, _PART)
        while self._open and self._open[-1] >= rank:
            self._open.pop()
        self._open.append(rank)
        return len(self._open)

"""The point of contact (PUC) of each third-party payer: what zone 18 must say.

The Christian mutualities give every nurse, and every group, one point of contact,
and refuse a file whose records 20 and 80 name another destination (the payer's FAQ
on Refac).  Who bills through a group has the group's.  Which number is whose is not
public: the directory's table `contacts` says it, with days, as changes are made four
times a year.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

TABLE: Final = "contacts"
COLUMNS: Final = ("third_party", "contact", "valid_from", "valid_until", "correct")

_AGREED: Final = "yes"


def is_corrected(row: Mapping[str, str]) -> bool:
    """Say whether the client agreed that a wrong contact is put right for it."""
    return row.get("correct", "").strip().lower() == _AGREED


def is_refused(row: Mapping[str, str]) -> bool:
    """Say whether a wrong contact is told, since nobody puts it right."""
    return not is_corrected(row)


class Contacts:
    """The table, or those rows of it that are kept.

    It is searched as it stands, since each sending asks once.
    """

    def __init__(
        self,
        rows: Sequence[Mapping[str, str]],
        *,
        keep: Callable[[Mapping[str, str]], bool] = bool,
    ) -> None:
        self._rows = rows
        self._keep = keep

    def contact_of(self, third_party: str, day: str) -> str:
        """Return who the contact is on an ISO day; "" where the directory does not know.

        Of several that hold the one that began last wins.
        """
        wanted = third_party.lstrip("0")
        found = [
            (row.get("valid_from", ""), row.get("contact", ""))
            for row in self._rows
            if row.get("third_party", "").lstrip("0") == wanted
            and _holds(row, day)
            and self._keep(row)
        ]
        return max(found, default=("", ""))[1]


def _holds(row: Mapping[str, str], day: str) -> bool:
    last = row.get("valid_until", "")
    return row.get("valid_from", "") <= day and (not last or day <= last)

"""The point of contact (PUC) of each third-party payer: what zone 18 must say.

The Christian mutualities give every nurse, and every group, one point of contact,
and refuse a file whose records 20 and 80 name another destination (the payer's FAQ
on Refac).  Who bills through a group has the group's.  Which number is whose is not
public: the directory's table `contacts` says it, with days, as changes are made four
times a year.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen

TABLE: Final = "contacts"
COLUMNS: Final = ("third_party", "contact", "valid_from", "valid_until", "correct")


_AGREED: Final = "yes"


def is_corrected(row: Mapping[str, str]) -> bool:
    """Say whether the client agreed that a wrong contact is put right for it."""
    return row.get("correct", "").strip().lower() == _AGREED


@frozen(kw_only=True)
class Contact:
    """One row: whose contact it is, between ISO days; "" leaves a side open."""

    third_party: str
    contact: str
    valid_from: str
    valid_until: str

    def covers(self, day: str) -> bool:
        """Say whether it holds on an ISO day."""
        return self.valid_from <= day and (
            not self.valid_until or day <= self.valid_until
        )


class Contacts:
    """The table, by third-party payer."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self._rows: dict[str, list[Contact]] = {}
        for row in rows:
            one = Contact(
                third_party=row["third_party"].lstrip("0"),
                contact=row["contact"],
                valid_from=row.get("valid_from", ""),
                valid_until=row.get("valid_until", ""),
            )
            self._rows.setdefault(one.third_party, []).append(one)

    def contact_of(self, third_party: str, day: str) -> str:
        """Return who the contact is on an ISO day; "" where the directory does not know.

        Of several that hold the one that began last wins.
        """
        found = [
            each
            for each in self._rows.get(third_party.lstrip("0"), ())
            if each.covers(day)
        ]
        latest = max(found, key=lambda each: each.valid_from, default=None)
        return latest.contact if latest is not None else ""

"""One thing that is wrong in a vendor's files, in plain words."""

from __future__ import annotations

from typing import NamedTuple

from routing.envelope import Severity


class Finding(NamedTuple):
    """Where, what, and how to mend it; `code` is the payer's where it is known.

    `record` and `position` count from 1; None is the whole file.
    """

    file: str
    record: int | None
    position: int | None
    field: str | None
    severity: Severity
    code: str
    what: str
    mend: str = ""

    @property
    def where(self) -> str:
        """Say where it is."""
        parts = []
        if self.record is not None:
            parts.append(f"record {self.record}")
        if self.position is not None:
            parts.append(f"position {self.position}")
        if self.field:
            parts.append(self.field)
        return ", ".join(parts) or "the whole file"

"""Routes on their way out: told in every answer, for a year at least.

RFC 9745 (Deprecation) and RFC 8594 (Sunset).  The policy stands in the guide for
vendors; the least time is enforced here, so that no table of routes can break it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from attrs import field, frozen

LEAST: Final = timedelta(days=365)
"""How long a route is served after it is called deprecated, at least."""


@frozen(kw_only=True)
class Leaving:
    """Since when a route is deprecated, until when it is served, and what to use."""

    since: date
    until: date = field()
    instead: str

    @until.validator
    def _is_far(self, _attribute: object, until: date) -> None:
        if until - self.since < LEAST:
            raise ValueError(
                f"a route that is deprecated on {self.since} must be served until "
                f"{self.since + LEAST} at least, not {until}; vendors need the time"
            )

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Headers of each answer."""
        since, until = (
            datetime(each.year, each.month, each.day, tzinfo=UTC)
            for each in (self.since, self.until)
        )
        return (
            (b"Deprecation", b"@%d" % since.timestamp()),
            (b"Sunset", format_datetime(until, usegmt=True).encode()),
            (b"Link", b'</docs>; rel="deprecation"; type="text/html"'),
        )

    @property
    def words(self) -> str:
        """Say it for people."""
        return (
            f"Deprecated since {self.since}, served until {self.until}. Use "
            f"{self.instead} instead."
        )

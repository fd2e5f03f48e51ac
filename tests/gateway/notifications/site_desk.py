"""A site's journal and clock, given as a desk's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.gateway.steps.site import Site


class SiteDesk:
    """What an office needs of a desk, on a site with every step."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.database = site.gateway.database

    @property
    def at(self) -> float:
        """Return the time."""
        return self._site.at

    @at.setter
    def at(self, moment: float) -> None:
        self._site.at = moment

    def write(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run a writing function."""
        return self.database.write("test", call, *args)

    def rows(self, table: Any, *conditions: Any) -> list[Any]:
        """Read a table by its primary key."""
        return self._site.rows(table, *conditions)

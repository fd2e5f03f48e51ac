"""Names that keep the sandbox of a test client apart from everything that is real.

All that a test client sends is of a network, and goes to a payer and an endpoint, whose
names bear a mark and the client: `sandbox~acme-test~sesam`.  Whatever looks lots up by
their network, or dispatches by their payer or endpoint, therefore never finds a test
among real ones, nor one client's test among another's.  No id of a directory, network or
client can hold the mark.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_MARK: Final = "~"
PREFIX: Final = f"sandbox{_MARK}"
"""What every name of the sandbox begins with."""

PLAIN: Final = "sandbox"
"""The one name under which all sandboxes are counted together."""


class Scoped(NamedTuple):
    """A name of the sandbox taken apart: whose it is, and the name of the real thing."""

    client: str
    base: str

    @property
    def name(self) -> str:
        """Put it together."""
        return f"{PREFIX}{self.client}{_MARK}{self.base}"


def read(name: str) -> Scoped | None:
    """Take a name apart; None for a real one."""
    if not name.startswith(PREFIX):
        return None
    client, _, base = name.removeprefix(PREFIX).partition(_MARK)
    return Scoped(client, base)


def base(name: str) -> str:
    """Return the name of the real thing, for people and programs outside."""
    found = read(name)
    return name if found is None else found.base


def of_client(name: str) -> str:
    """Name the client whose sandbox a thing is in; empty: none, it is real."""
    found = read(name)
    return "" if found is None else found.client

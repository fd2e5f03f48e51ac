"""What a node imports only when it is used, so that its doors open at once.

Together they would make every start take twice the time.  Each is imported by what uses
it, in a thread or in a process of its own: never in the reactor, which would stand still.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import ClassVar, Final

from routing.errors import GatewayError

PACKAGES: Final = (
    "PIL",
    "alembic",
    "apprise",
    "authlib",
    "babel",
    "jinja2",
    "joserfc",
    "lxml",
    "paramiko",
    "pikepdf",
    "requests",
    "segno",
    "zxingcpp",
)
"""Packages of others that a start does not import."""


class BrokenInstallation(GatewayError):
    """Something that belongs to the installation is missing."""

    code: ClassVar[str] = "broken-installation"


def must_be_there(packages: Iterable[str] = PACKAGES) -> None:
    """Raise `BrokenInstallation` for packages that are missing; none is imported.

    So an installation that lacks one is refused when it starts, and not by the first
    file, message or visitor that needs it.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise BrokenInstallation(
            f"the installation is broken: {', '.join(missing)} cannot be imported; "
            "wanted all that octway depends on: install octway again"
        )

"""Where a form leads when it is done: back to the page that it was on."""

from __future__ import annotations

import re
from typing import Final

from gateway.console.visit import Visit

_PAGE: Final = re.compile(r"/console(/[A-Za-z0-9._-]+)*")


def back_of(visit: Visit, usual: str) -> str:
    """Return the page of the console that a form names, or the usual one."""
    wanted = visit.form.get("back")
    return wanted if _PAGE.fullmatch(wanted) else usual

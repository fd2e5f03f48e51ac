"""How a command ends when it cannot do what was asked."""

from __future__ import annotations

DOES_NOT_HOLD = 1
WRONG_USAGE = 2


class Refusal(Exception):
    """A command ends here, with words for the person and an exit status.

    1: what was asked about does not hold or is not there; 2: it was asked wrongly.
    """

    def __init__(self, message: str, status: int = DOES_NOT_HOLD) -> None:
        super().__init__(message)
        self.status = status

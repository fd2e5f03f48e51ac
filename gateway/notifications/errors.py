"""Why a message was not taken."""

from __future__ import annotations

from routing.errors import GatewayError


class NotTaken(GatewayError):
    """A message was not taken; `cause` is a stable word, `again` whether to try again.

    The words name no secret and nothing of the message.
    """

    code = "message-not-taken"

    def __init__(self, cause: str, words: str, *, again: bool = True) -> None:
        super().__init__(words)
        self.cause = cause
        self.again = again


def read_secret(text: str | None, what: str) -> str:
    """Return a secret without the line's end, or raise `NotTaken` where there is none."""
    secret = (text or "").strip()
    if not secret:
        raise NotTaken("no-secret", f"{what} is missing or empty")
    return secret

"""What a file's name says of its content: the beginnings of its two possible TAcks.

A corrected sending goes under the number and the reference of the one that was
refused, so by these the two cannot be told apart.  What binds MyCareNet's word to a
content is its TAck, an HMAC of the content with the result as its key.  A name holds
how that of a yes and that of a no begin: whoever has only the name, after the line
broke, knows of a TAck in the mailbox whether it is about this very file.
"""

from __future__ import annotations

import hmac
from typing import Final

from protocols.mycarenet.tack import FAILURE, SUCCESS

_HALF: Final = 8  # hexadecimal digits of each
LENGTH: Final = 2 * _HALF


class Marking:
    """Takes a content part by part; `text` is its mark then."""

    def __init__(self) -> None:
        self._proofs = [
            hmac.new(result.encode(), digestmod="sha256")
            for result in (SUCCESS, FAILURE)
        ]

    def update(self, part: bytes) -> None:
        """Take the next part."""
        for each in self._proofs:
            each.update(part)

    @property
    def text(self) -> str:
        """Return the mark of what was taken."""
        return "".join(each.hexdigest()[:_HALF] for each in self._proofs)


def mark_of(content: bytes) -> str:
    """Return the mark of a content."""
    marking = Marking()
    marking.update(content)
    return marking.text


def fits(mark: str, proof: bytes, *, is_success: bool) -> bool:
    """Say whether a TAck's proof can be about the content of a mark; "" fits all."""
    half = mark[:_HALF] if is_success else mark[_HALF:]
    return proof.hex().startswith(half)

"""What a simulated MyCareNet can be told to do wrong."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from attrs import field, frozen
from attrs.validators import ge, in_, instance_of, optional

_SWITCH = instance_of(bool)
OPERATIONS: Final = ("post", "get", "confirm")


@frozen(kw_only=True)
class HubFaults:
    """Faults that hold until others are dialled; none by default.

    `on` are the operations that they hold for.  Those of the line: `status` answers
    with that HTTP status, `cut_request_after` hangs up after so many bytes of the
    request, `cut_after` after so many of the answer (when all is done), `slow` waits
    so many seconds before it, `garbage` puts something else in its place.  Those of
    the service: `fault` is the code of a SOAP fault, `not_enough_time` the fault of
    the get limits.  Those of a sending: `refuses` (a TAck that says no),
    `refuses_later` (such a TAck in the mailbox), `loses_sending` (a good TAck, and
    no union ever hears of it), `wrong_proof` (a TAck whose HMAC does not hold),
    `other_reference` (a TAck about another sending), `hides_tacks`.  Those of
    returns: `loses_returns`, `doubles_returns`, `delays_returns` (seconds),
    `wrong_hash`, `bomb` (so many bytes in place of the content).
    """

    on: tuple[str, ...] = OPERATIONS
    status: int = field(default=0, validator=instance_of(int))
    cut_request_after: int | None = field(
        default=None, validator=optional((instance_of(int), ge(0)))
    )
    cut_after: int | None = field(
        default=None, validator=optional((instance_of(int), ge(0)))
    )
    slow: float = field(default=0.0, validator=ge(0))
    garbage: str = field(
        default="", validator=in_(("", "html", "entities", "endless", "multipart"))
    )
    fault: str = field(default="", validator=in_(("", "Server", "Client", "Security")))
    not_enough_time: bool = field(default=False, validator=_SWITCH)
    refuses: bool = field(default=False, validator=_SWITCH)
    refuses_later: bool = field(default=False, validator=_SWITCH)
    loses_sending: bool = field(default=False, validator=_SWITCH)
    wrong_proof: bool = field(default=False, validator=_SWITCH)
    other_reference: bool = field(default=False, validator=_SWITCH)
    hides_tacks: bool = field(default=False, validator=_SWITCH)
    loses_returns: bool = field(default=False, validator=_SWITCH)
    doubles_returns: bool = field(default=False, validator=_SWITCH)
    delays_returns: float = field(default=0.0, validator=ge(0))
    wrong_hash: bool = field(default=False, validator=_SWITCH)
    bomb: int = field(default=0, validator=ge(0))


def garbage(kind: str) -> tuple[bytes, str]:
    """Make what no reader may trust, and its content type."""
    if kind == "multipart":
        return b"--x\r\n\r\n--x--", "multipart/related; boundary=x"
    if kind == "entities":
        lines = ['<!ENTITY a "simulated">']
        lines += [
            f'<!ENTITY {name} "{f"&{before};" * 10}">'
            for before, name in pairwise("abcdefghi")
        ]
        return f"<!DOCTYPE x [{''.join(lines)}]><x>&i;</x>".encode(), "text/xml"
    if kind == "endless":
        return b"<x>" + b"<a/>" * 1_000_000 + b"</x>", "text/xml"
    return b"<html><body>simulated</body></html>", "text/html"

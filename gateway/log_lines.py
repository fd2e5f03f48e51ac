"""What the log says of the history: one line where a thing comes in, goes out, or stops.

The history has every event and is asked with `octway trace`; the log has those that an
operator looks for when something is amiss now.  A line bears our id of the thing, and
whose it is: the client's name, the payer's, the number or reference by which the payer
knows it.  Names of files are left out, as vendors and payers put into them what they like.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, Final

from twisted.logger import Logger, LogLevel

from gateway.journal.events import Said
from routing.lifecycle import DispatchEvent

FACTS: Final = (
    *("client", "channel", "size", "errors"),
    *("payer", "payer_id", "endpoint", "number", "reference", "state"),
    *("return", "answers", "cause", "kind", "severity"),
)
"""What a line may tell of an event; none is a name that the logger uses itself."""

LEVELS: Final = MappingProxyType(
    {
        "deposit.received": LogLevel.info,
        "deposit.unreadable": LogLevel.warn,
        "lot.held": LogLevel.warn,
        "lot.refused": LogLevel.warn,
        "dispatch.gathered": LogLevel.info,
        **{
            f"dispatch.{happened}": LogLevel.info
            for happened in (
                DispatchEvent.ACCEPTED,
                DispatchEvent.ARRIVED,
                DispatchEvent.OUTSIDE,
            )
        },
        **{
            f"dispatch.{happened}": LogLevel.warn
            for happened in (
                DispatchEvent.RETRY,
                DispatchEvent.LOST,
                DispatchEvent.ABSENT,
                DispatchEvent.REFUSE,
            )
        },
        "return.collected": LogLevel.info,
        "return.unreadable": LogLevel.warn,
        "return.ready": LogLevel.info,
        "circuit.opened": LogLevel.warn,
        "circuit.closed": LogLevel.info,
        "anomaly.raised": LogLevel.warn,
    }
)
_log: Final = Logger(namespace="gateway.history")


def tell(events: Iterable[Said]) -> None:
    """Say in the log what happened; call it once the events are committed.

    It never raises: what is committed stays, whatever becomes of its line.
    """
    for said in events:
        level = LEVELS.get(said.kind)
        if level is None:
            continue
        try:
            _log.emit(level, said.kind, id=said.subject, **_told(said.facts))
        except Exception:
            _log.failure("a line of the log was lost: {kind}", kind=said.kind)


def _told(facts: Any) -> dict[str, Any]:
    return {name: facts[name] for name in FACTS if facts.get(name) not in (None, "")}

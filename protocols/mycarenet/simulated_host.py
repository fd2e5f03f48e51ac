"""How the demo's unions are reached: through a SIMULATED MyCareNet over HTTPS.

Files of vendors come from its `post`, returns lie in its mailbox until they are
confirmed, and its line fails as it is dialled.  It says which union a file is for;
what the union does with it is the demo's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Final

from protocols.mycarenet import writer
from protocols.mycarenet.genasync_hub import Coming
from protocols.mycarenet.genasync_hub_faults import HubFaults
from protocols.mycarenet.genasync_messages import BILLING, POST_NAMES
from protocols.mycarenet.genasync_site import NIHII, Site
from protocols.simulation import LineFault, SimulatedHost, Took

_GET_INTERVAL: Final = 1.0
_REFERENCE: Final = slice(20, 34)
_KIND: Final = slice(0, 6)
_FORBIDDEN: Final = 403
_FAULTS: Final[Mapping[LineFault | None, HubFaults]] = MappingProxyType(
    {
        None: HubFaults(),
        # The line goes when the file was taken, and before anybody has said so.
        LineFault.CUT_LATE: HubFaults(on=("post",), cut_after=0),
        LineFault.CUT_EARLY: HubFaults(on=("post",), cut_request_after=500),
        LineFault.SLOW: HubFaults(slow=0.3),
        LineFault.LOCKED_OUT: HubFaults(status=_FORBIDDEN),
    }
)


class MyCareNetForDemo:
    """A `protocols.simulation.SimulatedHost`."""

    def __init__(
        self, folder: Path, *, took: Took, now: Callable[[], float], rng: Random
    ) -> None:
        self._took = took
        self._site = Site(
            folder,
            now=now,
            rng=rng,
            arrived=self._arrived,
            get_interval=_GET_INTERVAL,
        )
        self.place: Mapping[str, str] = self._site.settings

    def give(self, code: str, content: bytes) -> str:
        """Put a return into the mailbox; say what it is called there."""
        kind = content[_KIND].decode("latin-1")
        coming = Coming(content, message_name=POST_NAMES.get(kind, BILLING))
        reference = content[_REFERENCE].decode("latin-1")
        return self._site.hub.deliver(NIHII, code, coming, reference=reference)

    def waiting(self) -> frozenset[str]:
        """Say which returns lie there, not confirmed."""
        return frozenset(each.own_reference for each in self._site.hub.waiting(NIHII))

    def dial(self, fault: LineFault | None) -> None:
        """Have the line fail from now on; None: not any more."""
        self._site.hub.dial(_FAULTS[fault])

    def close(self) -> None:
        """Stop listening."""
        self._site.close()

    def _arrived(self, union: str, content: bytes) -> list[Coming]:
        self._took(union, writer.name_of(content, union), content)
        return []


def open_host(
    folder: Path, *, took: Took, now: Callable[[], float], rng: Random
) -> SimulatedHost:
    """Open it; its certificates and licence are made in a folder."""
    return MyCareNetForDemo(folder, took=took, now=now, rng=rng)

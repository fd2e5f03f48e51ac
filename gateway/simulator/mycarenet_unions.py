"""The SIMULATED unions behind a simulated MyCareNet: what each returns, and when.

`Unions.arrived` is what a `Hub` tells of every sending.  Their days may be as short
as a demo wants them.  Under which message name a return comes is our reading.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Final

from protocols.mycarenet.genasync_hub import UNIONS, Coming
from protocols.mycarenet.genasync_messages import BILLING, POST_NAMES
from protocols.mycarenet.payer_simulator import Faults, Union

_KIND: Final = slice(0, 6)


class Unions:
    """Every union, each with a memory of its own.

    A return that takes so many days comes after `day` seconds for each, and after
    `soonest` at least: a hub that has just taken a sending has no answer yet.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        rng: Random,
        faults: Faults,
        day: float = 86_400.0,
        soonest: float = 0.0,
    ) -> None:
        self._now = now
        self._rng = rng
        self._day = day
        self._soonest = soonest
        self.unions = {code: Union(code=code, faults=faults) for code in UNIONS}

    def arrived(self, union: str, content: bytes) -> list[Coming]:
        """Have a union take a sending; say what it returns."""
        today = datetime.fromtimestamp(self._now(), UTC).date().isoformat()
        returned = self.unions[union].respond(content, rng=self._rng, day=today)
        return [
            Coming(
                content=each.content,
                after=self._soonest + each.delay_days * self._day,
                message_name=POST_NAMES.get(
                    each.content[_KIND].decode("latin-1"), BILLING
                ),
            )
            for each in returned
        ]

"""How fast a client may send: a limit that slows down and never refuses."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime


class Pace:
    """Spreads bytes over time, after a burst of one second's worth.

    One object serves all sessions of a client on this node.
    """

    def __init__(self, *, clock: IReactorTime, bytes_per_second: int) -> None:
        self._clock = clock
        self._rate = bytes_per_second
        self._owed = 0.0
        self._at = clock.seconds()

    def take(self, size: int) -> float:
        """Count `size` bytes; give the seconds to wait before taking more."""
        if not self._rate:
            return 0.0
        now = self._clock.seconds()
        self._owed = max(0.0, self._owed - max(0.0, now - self._at) * self._rate)
        self._at = now
        self._owed += size
        return max(0.0, self._owed / self._rate - 1.0)

"""Ends a connection that takes too long: first to log in, then to say anything."""

from __future__ import annotations

from typing import Protocol

from twisted.conch.ssh import transport as conch
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gateway.intake.sftp_limits import SftpLimits


class Refuse(Protocol):
    """Ends a connection because of a limit."""

    def __call__(self, limit: str, reason: int, text: str) -> None:
        """Count the limit, tell the client why, and close."""
        ...


class Watch:
    """The time limits of one connection; begins with that of the login."""

    def __init__(
        self, *, clock: IReactorTime, limits: SftpLimits, refuse: Refuse
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._refuse = refuse
        self._heard_at = 0.0
        self._timer: IDelayedCall = clock.callLater(
            limits.login_seconds, self._login_too_slow
        )

    def heard(self) -> None:
        """The client has sent something."""
        self._heard_at = self._clock.seconds()

    def logged_in(self) -> None:
        """From here on only silence ends the connection."""
        self.stop()
        self._watch_silence()

    def stop(self) -> None:
        """The connection is gone."""
        if self._timer.active():
            self._timer.cancel()

    def _login_too_slow(self) -> None:
        self._refuse(
            "login-time",
            conch.DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
            "login took too long",
        )

    def _watch_silence(self) -> None:
        """Look when it would be too long; whoever spoke meanwhile has time anew."""
        left = self._heard_at + self._limits.idle_seconds - self._clock.seconds()
        if left > 0:
            self._timer = self._clock.callLater(left, self._watch_silence)
        else:
            self._refuse("idle", conch.DISCONNECT_BY_APPLICATION, "idle for too long")

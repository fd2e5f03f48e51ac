"""Sessions with one payer, kept open between files and shared by threads.

A connection costs more than a file, so a line is filled before another is made,
and whoever comes while one is being made waits for it, and shares its failure:
a payer sees one wrong password, not eight.  A server does what one session asks
one by one, so a session is for one work as long as there may be more of them,
and shared after that.  One that lay idle may be dead without anybody having
noticed, so work that fails on one before its first answer is done once more:
nothing can have been handed over yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from attrs import Factory, define

from protocols.channels.sftp_errors import LineLost, Refusal
from protocols.channels.sftp_exchange import Exchange
from protocols.channels.sftp_session import Session

T = TypeVar("T")
_CROWDED = 8  # more are not put on one session


class Line(Protocol):
    """As much of a `Connection` as the pool uses."""

    @property
    def alive(self) -> bool:
        """Whether the line is up."""
        ...

    def open_session(self) -> Session:
        """Open one more session."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class Alarm(Protocol):
    """A call to come later, in a thread of its own, such as `threading.Timer`."""

    def start(self) -> None:
        """Let the time begin."""
        ...

    def cancel(self) -> None:
        """Let nothing happen."""
        ...


@define(eq=False, kw_only=True)
class _Link:
    """A line, its sessions, and how many more are being opened on it."""

    line: Line
    capacity: int
    sessions: list[_Shared] = Factory(list)
    opening: int = 0
    failed: bool = False

    @property
    def usable(self) -> bool:
        return not self.failed and self.line.alive

    @property
    def has_room(self) -> bool:
        return self.usable and len(self.sessions) + self.opening < self.capacity


@define(eq=False, kw_only=True)
class _Shared:
    """A session and how many works use it."""

    link: _Link
    session: Session
    users: int = 0
    idle_since: float = 0.0

    @property
    def usable(self) -> bool:
        return self.link.usable and self.session.alive


@define(eq=False, kw_only=True)
class _Coming:
    """A line that one thread makes, for itself and so many that wait for it."""

    room: int
    error: Exception | None = None


class SessionPool:
    """Lends sessions; opens at most `connections` lines, then crowds the sessions.

    `clock` gives monotonic seconds; `alarm` makes a call after some seconds.  A
    session idle for `idle_timeout` seconds is closed, with its line if it was
    the last one there.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], Line],
        clock: Callable[[], float],
        alarm: Callable[[float, Callable[[], None]], Alarm],
        connections: int,
        channels_per_connection: int,
        idle_timeout: float,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._set_alarm = alarm
        self._most = connections
        self._per_line = channels_per_connection
        self._idle_timeout = idle_timeout
        self._changed = threading.Condition()
        self._links: list[_Link] = []
        self._coming: list[_Coming] = []
        self._alarm: Alarm | None = None
        self._closed = False

    def run(self, work: Callable[[Exchange], T]) -> T:
        """Do `work` on a session; it is called again if no answer ever came.

        Raises what `work` raises, and `LineLost` when no line can be had.
        """
        while True:
            shared, fresh = self._acquire()
            exchange = Exchange(shared.session)
            try:
                return work(exchange)
            except LineLost:
                shared.link.failed = True
                if fresh or exchange.heard:
                    raise
                self._close_idle(lambda _: True)
            finally:
                self._give_back(shared)

    def close(self) -> None:
        """Close everything idle now, and everything used when it comes back."""
        with self._changed:
            self._closed = True
            alarm, self._alarm = self._alarm, None
            self._changed.notify_all()
        if alarm is not None:
            alarm.cancel()
        self._close_idle(lambda _: True)

    def _acquire(self) -> tuple[_Shared, bool]:
        """Take a session; say whether it was opened for this."""
        while True:
            self._close_idle(lambda shared: not shared.usable)
            chosen = self._choose()
            if isinstance(chosen, _Shared):
                return chosen, False
            new = isinstance(chosen, _Coming)
            link = self._open_line(chosen) if isinstance(chosen, _Coming) else chosen
            opened = self._open_session(link, new=new)
            if opened is not None:
                return opened, True

    def _choose(self) -> _Shared | _Link | _Coming:
        """Take a session, or room for one on a line; else a line is to be made."""
        with self._changed:
            while True:
                if self._closed:
                    raise LineLost("the channel is closed")
                least = self._least_used()
                if least is not None and not least.users:
                    return _used(least)
                for link in self._links:
                    if link.has_room:
                        link.opening += 1
                        return link
                coming = next((each for each in self._coming if each.room), None)
                if coming is not None:
                    self._wait_for(coming)
                elif len(self._links) + len(self._coming) < self._most:
                    self._coming.append(_Coming(room=self._per_line - 1))
                    return self._coming[-1]
                elif least is not None and least.users < _CROWDED:
                    return _used(least)
                else:
                    self._changed.wait()

    def _least_used(self) -> _Shared | None:
        """Find the session with the fewest users; of idle ones the last used."""
        there = [each for link in self._links for each in link.sessions if each.usable]
        return min(there, key=lambda each: (each.users, -each.idle_since), default=None)

    def _wait_for(self, coming: _Coming) -> None:
        coming.room -= 1
        self._changed.wait_for(lambda: coming not in self._coming)
        if coming.error is not None:
            raise coming.error

    def _open_line(self, coming: _Coming) -> _Link:
        made = None
        try:
            made = _Link(line=self._connect(), capacity=self._per_line, opening=1)
        except Exception as error:
            coming.error = error
            raise
        finally:
            with self._changed:
                self._coming.remove(coming)
                if made is not None:
                    self._links.append(made)
                self._changed.notify_all()
        return made

    def _open_session(self, link: _Link, *, new: bool) -> _Shared | None:
        """Open a session; None if that line carries no more, but another may."""
        opened = None
        try:
            opened = _Shared(link=link, session=link.line.open_session(), users=1)
        except LineLost:
            link.failed = True
            if new:
                raise
        except Refusal:
            link.capacity = len(link.sessions) + link.opening - 1
            if link.capacity < 1:
                raise
        finally:
            with self._changed:
                link.opening -= 1
                if opened is not None:
                    link.sessions.append(opened)
                self._changed.notify_all()
            self._forget_if_empty(link)
        return opened

    def _give_back(self, shared: _Shared) -> None:
        with self._changed:
            shared.users -= 1
            keep = shared.usable and not self._closed
            if keep and not shared.users:
                shared.idle_since = self._clock()
                self._wake_later(self._idle_timeout)
            self._changed.notify_all()
        if not keep:
            self._close_idle(lambda each: self._closed or not each.usable)

    def _forget_if_empty(self, link: _Link) -> None:
        """Close a line that carries nothing any more."""
        with self._changed:
            last = not link.sessions and not link.opening and link in self._links
            if last:
                self._links.remove(link)
            self._changed.notify_all()
        if last:
            link.line.close()

    def _close_idle(self, unwanted: Callable[[_Shared], bool]) -> None:
        with self._changed:
            found = [shared for shared in self._idle() if unwanted(shared)]
            for shared in found:
                shared.link.sessions.remove(shared)
        for shared in found:
            shared.session.close()
            self._forget_if_empty(shared.link)

    def _idle(self) -> list[_Shared]:
        return [
            shared
            for link in self._links
            for shared in link.sessions
            if not shared.users
        ]

    def _wake_later(self, seconds: float) -> None:
        if self._alarm is None:
            self._alarm = self._set_alarm(seconds, self._wake)
            self._alarm.start()

    def _wake(self) -> None:
        """Close what has been idle too long; come back while something is idle."""
        now = self._clock()
        self._close_idle(lambda shared: now - shared.idle_since >= self._idle_timeout)
        with self._changed:
            self._alarm = None
            idle = [each.idle_since for each in self._idle()]
            if idle and not self._closed:
                self._wake_later(max(min(idle) + self._idle_timeout - now, 0.01))


def _used(shared: _Shared) -> _Shared:
    shared.users += 1
    return shared

"""Sessions with one payer, kept open between files and shared by threads.

A connection per file costs more than the file.  A session that lay idle may be
dead without anybody having noticed, so work that fails on one before its first
answer is done once more on a fresh one: nothing can have been handed over yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from attrs import define

from protocols.channels.sftp_errors import LineLost, Refusal
from protocols.channels.sftp_session import Session

T = TypeVar("T")


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


class _Closable(Protocol):
    def close(self) -> None: ...


@define(eq=False, kw_only=True)
class _Link:
    """A line and how many sessions it carries, lent, idle or being opened."""

    line: Line
    capacity: int
    sessions: int = 0
    failed: bool = False

    @property
    def usable(self) -> bool:
        return not self.failed and self.line.alive


@define(eq=False, kw_only=True)
class _Lease:
    """A session of a link; `answers` is what it had got when it was lent."""

    link: _Link
    session: Session
    reused: bool = False
    answers: int = 0
    idle_since: float = 0.0

    @property
    def usable(self) -> bool:
        return self.link.usable and self.session.clean

    @property
    def unheard(self) -> bool:
        """Whether it was dead already when it was lent, as far as can be told."""
        return self.reused and self.session.answers == self.answers


class SessionPool:
    """Lends sessions; opens at most `connections` lines, waits for a free one else.

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
        self._idle: list[_Lease] = []  # the newest last, and lent first
        self._links: list[_Link] = []
        self._connecting = 0
        self._alarm: Alarm | None = None
        self._closed = False

    def run(self, work: Callable[[Session], T]) -> T:
        """Do `work` with a session; it is called again if no answer ever came.

        Raises what `work` raises, and `LineLost` when no line can be had.
        """
        while True:
            lease = self._acquire()
            try:
                return work(lease.session)
            except LineLost:
                lease.link.failed = True
                if not lease.unheard:
                    raise
                self._close_idle(lambda _: True)
            finally:
                self._give_back(lease)

    def close(self) -> None:
        """Close everything idle now, and everything lent when it comes back."""
        with self._changed:
            self._closed = True
            alarm, self._alarm = self._alarm, None
            self._changed.notify_all()
        if alarm is not None:
            alarm.cancel()
        self._close_idle(lambda _: True)

    def _acquire(self) -> _Lease:
        while True:
            self._close_idle(lambda lease: not lease.usable)
            chosen = self._choose()
            if isinstance(chosen, _Lease):
                return chosen
            link = chosen or self._open_line()
            try:
                return _Lease(link=link, session=link.line.open_session())
            except LineLost:
                link.failed = True
                self._forget(link)
                if chosen is None:
                    raise
            except Refusal:
                link.capacity = link.sessions - 1
                self._forget(link)
                if link.capacity < 1:
                    raise
            except BaseException:
                self._forget(link)
                raise

    def _choose(self) -> _Lease | _Link | None:
        """Take an idle session or room on a line; None allows one line more."""
        with self._changed:
            while True:
                if self._closed:
                    raise LineLost("the channel is closed")
                if self._idle:
                    lease = self._idle.pop()
                    lease.reused, lease.answers = True, lease.session.answers
                    return lease
                for link in self._links:
                    if link.usable and link.sessions < link.capacity:
                        link.sessions += 1
                        return link
                if len(self._links) + self._connecting < self._most:
                    self._connecting += 1
                    return None
                self._changed.wait()

    def _open_line(self) -> _Link:
        made = None
        try:
            made = _Link(line=self._connect(), capacity=self._per_line, sessions=1)
        finally:
            with self._changed:
                self._connecting -= 1
                if made is not None:
                    self._links.append(made)
                self._changed.notify_all()
        return made

    def _give_back(self, lease: _Lease) -> None:
        with self._changed:
            if lease.usable and not self._closed:
                lease.idle_since = self._clock()
                self._idle.append(lease)
                self._wake_later(self._idle_timeout)
                self._changed.notify()
                return
        lease.session.close()
        self._forget(lease.link)

    def _forget(self, link: _Link) -> None:
        """Count one session less; close the line when it was the last one."""
        with self._changed:
            link.sessions -= 1
            last = link.sessions == 0
            if last:
                self._links.remove(link)
            self._changed.notify_all()
        if last:
            link.line.close()

    def _close_idle(self, unwanted: Callable[[_Lease], bool]) -> None:
        with self._changed:
            found = [lease for lease in self._idle if unwanted(lease)]
            self._idle = [lease for lease in self._idle if lease not in found]
        for lease in found:
            lease.session.close()
            self._forget(lease.link)

    def _wake_later(self, seconds: float) -> None:
        if self._alarm is None:
            self._alarm = self._set_alarm(seconds, self._wake)
            self._alarm.start()

    def _wake(self) -> None:
        """Close what has been idle too long; come back while something is idle."""
        now = self._clock()
        self._close_idle(lambda lease: now - lease.idle_since >= self._idle_timeout)
        with self._changed:
            self._alarm = None
            if self._idle and not self._closed:
                oldest = min(lease.idle_since for lease in self._idle)
                self._wake_later(max(oldest + self._idle_timeout - now, 0.01))

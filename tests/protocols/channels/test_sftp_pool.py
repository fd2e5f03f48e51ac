"""Sessions are kept, counted, replaced when dead, and closed when idle."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from protocols.channels.sftp_errors import LineLost, Refusal
from protocols.channels.sftp_exchange import Exchange
from protocols.channels.sftp_pool import SessionPool
from protocols.channels.sftp_session import Session


class FakeSession(Session):
    """A session without a line under it."""

    def __init__(self) -> None:
        self.open = True

    @property
    def alive(self) -> bool:
        return self.open

    def close(self) -> None:
        self.open = False


class FakeLine:
    """A line that grants so many sessions."""

    def __init__(self, grants: int) -> None:
        self._grants = grants
        self.alive = True
        self.sessions: list[FakeSession] = []

    def open_session(self) -> FakeSession:
        if sum(session.open for session in self.sessions) >= self._grants:
            raise Refusal(1, "no more sessions")
        self.sessions.append(FakeSession())
        return self.sessions[-1]

    def close(self) -> None:
        self.alive = False


class FakeAlarm:
    """A call that comes when the test says so."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self.seconds = seconds
        self.call = call
        self.state = "made"

    def start(self) -> None:
        self.state = "started"

    def cancel(self) -> None:
        self.state = "cancelled"


class Setting:
    """A pool with everything around it in the test's hands."""

    def __init__(
        self, *, connections: int = 2, channels: int = 2, grants: int = 9
    ) -> None:
        self.now = 0.0
        self.lines: list[FakeLine] = []
        self.alarms: list[FakeAlarm] = []
        self._grants = grants
        self.answer: Callable[[], FakeLine] = self._connect
        self.pool = SessionPool(
            connect=self._dial,
            clock=lambda: self.now,
            alarm=self._alarm,
            connections=connections,
            channels_per_connection=channels,
            idle_timeout=60,
        )

    def _dial(self) -> FakeLine:
        return self.answer()

    def _connect(self) -> FakeLine:
        self.lines.append(FakeLine(self._grants))
        return self.lines[-1]

    def _alarm(self, seconds: float, call: Callable[[], None]) -> FakeAlarm:
        self.alarms.append(FakeAlarm(seconds, call))
        return self.alarms[-1]

    def nested(self, depth: int) -> None:
        """Hold so many sessions at one moment."""
        if depth:
            self.pool.run(lambda _: self.nested(depth - 1))


def _answered(exchange: Exchange) -> Session:
    exchange.heard = True
    return exchange.session


def test_one_after_the_other_needs_one_session() -> None:
    """Work that does not overlap shares one session of one line."""
    setting = Setting()

    used = {setting.pool.run(_answered) for _ in range(5)}

    assert len(used) == 1
    assert len(setting.lines) == 1


def test_a_line_is_filled_before_another_is_opened() -> None:
    """Four at once on lines of two sessions: two lines."""
    setting = Setting()

    setting.nested(4)

    assert [len(line.sessions) for line in setting.lines] == [2, 2]


def test_more_than_allowed_share_a_session() -> None:
    """With every session in use, a further work is put on one of them."""
    setting = Setting(connections=1, channels=1)
    used: list[Session] = []

    def hold(exchange: Exchange) -> None:
        used.append(exchange.session)
        setting.pool.run(lambda other: used.append(other.session))

    setting.pool.run(hold)

    assert used == [setting.lines[0].sessions[0]] * 2
    assert setting.lines[0].alive


def test_a_full_session_takes_no_more() -> None:
    """Eight works fill a session; the ninth begins when one of them has ended."""
    setting = Setting(connections=1, channels=1)
    order: list[str] = []
    waiter = threading.Thread(
        target=setting.pool.run, args=(lambda _: order.append("ninth"),)
    )

    def fill(depth: int) -> None:
        if depth:
            setting.pool.run(lambda _: fill(depth - 1))
            order.append("ended")
            return
        waiter.start()
        waiter.join(0.05)
        assert waiter.is_alive()

    fill(8)
    waiter.join(30)

    assert not waiter.is_alive()
    assert order.index("ninth") > 0


def test_who_comes_while_a_line_is_made_waits_for_it_and_shares_its_failure() -> None:
    """Three at once make one line, and one attempt to log in, not three."""
    setting = Setting(connections=2, channels=4)
    begun, go_on = threading.Event(), threading.Event()
    caught: list[Exception] = []

    def refused() -> FakeLine:
        begun.set()
        go_on.wait(30)
        setting.lines.append(FakeLine(0))
        raise LineLost("not let in")

    def use() -> None:
        with pytest.raises(LineLost, match="not let in") as error:
            setting.pool.run(_answered)
        caught.append(error.value)

    setting.answer = refused
    threads = [threading.Thread(target=use) for _ in range(3)]
    threads[0].start()
    begun.wait(30)
    for thread in threads[1:]:
        thread.start()
        thread.join(0.05)
        assert thread.is_alive()
    go_on.set()
    for thread in threads:
        thread.join(30)

    assert len(caught) == 3
    assert len(setting.lines) == 1


def test_a_server_that_grants_fewer_sessions_is_asked_for_no_more() -> None:
    """Refused a second session on a line, the pool opens another line instead."""
    setting = Setting(connections=3, channels=4, grants=1)

    setting.nested(3)

    assert [len(line.sessions) for line in setting.lines] == [1, 1, 1]


def test_a_server_that_grants_none_says_so() -> None:
    """Refused the first session, the refusal is told and the line closed."""
    setting = Setting(grants=0)

    with pytest.raises(Refusal):
        setting.pool.run(_answered)

    assert not setting.lines[0].alive


def test_a_session_that_died_while_idle_is_replaced_once() -> None:
    """Work that got no answer on an old session is done again on a fresh one."""
    setting = Setting()
    setting.pool.run(_answered)
    tries: list[Session] = []

    def work(exchange: Exchange) -> str:
        tries.append(exchange.session)
        if len(tries) == 1:
            raise LineLost("gone")
        return "done"

    assert setting.pool.run(work) == "done"
    assert len(setting.lines) == 2
    assert not setting.lines[0].alive


@pytest.mark.parametrize("before", [0, 1])
def test_work_that_may_have_begun_is_not_repeated(before: int) -> None:
    """On a fresh session, or after an answer, a lost line is told at once."""
    setting = Setting()
    for _ in range(before):
        setting.pool.run(_answered)
    tries = []

    def work(exchange: Exchange) -> None:
        tries.append(_answered(exchange))
        raise LineLost("gone")

    with pytest.raises(LineLost):
        setting.pool.run(work)

    assert len(tries) == 1
    assert not setting.lines[0].alive


def test_idle_sessions_are_closed_in_time() -> None:
    """A session is closed once idle for its time, and its line with the last one."""
    setting = Setting()
    setting.nested(2)
    (alarm,) = setting.alarms
    assert (alarm.seconds, alarm.state) == (60, "started")

    setting.now = 50
    setting.pool.run(_answered)
    setting.now = 60
    alarm.call()

    line = setting.lines[0]
    assert sorted(session.open for session in line.sessions) == [False, True]
    assert line.alive
    assert setting.alarms[1].seconds == 50
    setting.now = 110
    setting.alarms[1].call()
    assert not line.alive
    assert len(setting.alarms) == 2


def test_closing_takes_everything_with_it() -> None:
    """After closing, no line is up, no alarm is set, and no work begins."""
    setting = Setting()
    setting.nested(3)

    setting.pool.run(lambda _: setting.pool.close())

    assert not any(line.alive for line in setting.lines)
    assert {alarm.state for alarm in setting.alarms} == {"cancelled"}
    with pytest.raises(LineLost, match="closed"):
        setting.pool.run(_answered)

"""How the lines of the demo's payers fail, and mend."""

from __future__ import annotations

from random import Random

from twisted.internet.task import Clock

from gateway.simulator.payer_faults import Faults
from gateway.simulator.payers import BadLines

USERS = ("nord", "sud")


class Dialled:
    """Remembers what was dialled, and never lets two faults be on at once."""

    def __init__(self) -> None:
        self.on: dict[str, Faults] = {}
        self.seen: list[tuple[str, Faults]] = []

    def dial(self, user: str, faults: Faults) -> None:
        self.on.pop(user, None)
        if faults != Faults():
            self.on[user] = faults
            self.seen.append((user, faults))
        assert len(self.on) <= 1


def run(seconds: int, *, every: float, locked_out_at: float | None = None) -> Dialled:
    clock, host = Clock(), Dialled()
    lines = BadLines(
        host=host,
        users=USERS,
        rng=Random(3),
        clock=clock,
        every=every,
        locked_out_at=locked_out_at,
    )
    for _ in range(seconds):
        lines.tick()
        clock.advance(1.0)
    clock.advance(60.0)
    assert not host.on
    return host


def test_faults_come_now_and_then_and_end() -> None:
    """Over minutes there are several, on every line, and none stays."""
    host = run(600, every=10.0)

    assert 20 < len(host.seen) < 80
    assert {user for user, _ in host.seen} == set(USERS)
    assert any(faults.drop_after_rename for _, faults in host.seen)


def test_the_same_seed_fails_alike() -> None:
    """Two runs with one seed have the same faults at the same lines."""
    assert run(300, every=10.0).seen == run(300, every=10.0).seen


def test_good_lines_never_fail() -> None:
    """Zero means no fault at all."""
    assert run(300, every=0.0).seen == []


def test_a_login_is_refused_once() -> None:
    """From its time on, one caisse refuses us once, and lets us in again."""
    host = run(120, every=0.0, locked_out_at=60.0)

    assert [faults.refuse_login for _, faults in host.seen] == [True]

"""A payer whose line hangs keeps one worker, and not the returns of the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.steps.outbox_rounds import OutboxRounds

_SOON = 10.0  # seconds after which a test that hangs has failed


class _Payers:
    """Outboxes of which some hang until they are let go."""

    def __init__(self, *names: str, hanging: str = "") -> None:
        self.names = names
        self.hanging = hanging
        self.looked_at: list[str] = []
        self.hangs = threading.Event()
        self.goes_on = threading.Event()

    def endpoints(self) -> dict[str, str]:
        return dict.fromkeys(self.names, "toy")

    def empty(self, endpoint: str, network: str) -> bool:
        self.looked_at.append(endpoint)
        if endpoint == self.hanging:
            self.hangs.set()
            assert self.goes_on.wait(_SOON)
        return endpoint == "full"


class _Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def _rounds(payers: _Payers, clock: _Clock) -> OutboxRounds:
    return OutboxRounds(payers, interval=60, monotonic=clock)


def test_others_are_emptied_while_one_payer_hangs(
    clock: _Clock, workers: ThreadPoolExecutor
) -> None:
    payers = _Payers("dead", "full", "empty", hanging="dead")
    rounds = _rounds(payers, clock)
    stuck = workers.submit(rounds.run_once)
    assert payers.hangs.wait(_SOON)
    for _ in range(3):
        assert rounds.run_once()
        clock.at += 60
    assert payers.looked_at == ["dead", *["full", "empty"] * 3]
    payers.goes_on.set()
    stuck.result(_SOON)


def test_one_that_hung_is_looked_at_again_when_it_let_go(
    clock: _Clock, workers: ThreadPoolExecutor
) -> None:
    payers = _Payers("dead", hanging="dead")
    rounds = _rounds(payers, clock)
    stuck = workers.submit(rounds.run_once)
    assert payers.hangs.wait(_SOON)
    clock.at += 60
    payers.goes_on.set()
    stuck.result(_SOON)
    rounds.run_once()
    assert payers.looked_at == ["dead", "dead"]


def test_an_outbox_rests_for_its_interval_however_many_workers_go_round(
    clock: _Clock,
) -> None:
    payers = _Payers("one", "two")
    rounds = _rounds(payers, clock)
    for _ in range(4):
        rounds.run_once()
        clock.at += 15
    assert payers.looked_at == ["one", "two"]
    rounds.run_once()
    assert payers.looked_at == ["one", "two", "one", "two"]


def test_an_outbox_whose_look_failed_is_not_lost(clock: _Clock) -> None:
    payers = _Payers("one")
    rounds = _rounds(payers, clock)
    look, payers.empty = payers.empty, _fail  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        rounds.run_once()
    payers.empty = look  # type: ignore[method-assign]
    clock.at += 60
    rounds.run_once()
    assert payers.looked_at == ["one"]


def _fail(endpoint: str, network: str) -> bool:
    raise ZeroDivisionError

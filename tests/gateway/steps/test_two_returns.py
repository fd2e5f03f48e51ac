"""Two nodes read two returns that speak of one claim, at one moment: it is paid once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text

from gateway.errors import LostRace
from gateway.journal import handbacks, schema
from gateway.steps.answers import said_before
from tests.gateway.steps import toy
from tests.gateway.steps.site import Program, Site

PAID = b"TORETURN payment\nclaim S1/001/1 paid 1000 S1\nclaim S1/001/2 paid 500 S1\n"
_WAITS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND wait_event_type = 'Lock'"
)

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest.fixture
def other(site: Site) -> Iterator[Program]:
    """Another node on the site's journal."""
    with closing(site.node("node-2")) as made:
        yield made


@pytest.fixture
def sent(site: Site) -> Site:
    """A lot of two claims that was sent."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=500"))
    site.run()
    return site


def beside(site: Site, work: Callable[[], Any], failed: list[Exception]) -> Any:
    """Let work run beside this transaction, until it ends or waits for it."""

    def run() -> None:
        try:
            work()
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive() and not site.gateway.database.read(
        lambda connection: connection.execute(_WAITS).scalar_one()
    ):
        thread.join(0.005)
    return thread


def test_a_claim_that_two_returns_pay_at_once_is_paid_once(
    sent: Site, other: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer came twice, as it may when a return was asked for again."""
    sent.payer("P1").answer("one.ret", PAID)
    head, one, two = PAID.splitlines()
    sent.payer("P1").answer("two.ret", b"\n".join([head, two, one]) + b"\n")
    sent.run("collect")
    begun: list[threading.Thread] = []
    failed: list[Exception] = []

    def slowly(*args: Any) -> bool:
        said = said_before(*args)
        if not begun:
            begun.append(threading.current_thread())
            begun.append(beside(sent, other.steps.match.run_once, failed))
        return said

    monkeypatch.setattr("gateway.steps.answers.said_before", slowly)
    sent.gateway.steps.match.run_once()
    begun[1].join()
    sent.settle()
    assert not failed
    assert [row.paid for row in sent.rows(schema.claim)] == [1000, 500]
    assert sent.rows(schema.lot)[0].standing_claims == 0
    sent.check()


def test_a_return_that_two_nodes_hand_back_at_once_is_given_once(
    sent: Site, other: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them sees that the other was quicker."""
    sent.payer("P1").answer("one.ret", PAID)
    sent.run("collect", "match")
    begun: list[threading.Thread] = []
    failed: list[Exception] = []
    add = handbacks.add

    def slowly(*args: Any) -> str:
        if not begun:
            begun.append(threading.current_thread())
            begun.append(beside(sent, other.steps.hand_back.run_once, failed))
        return add(*args)

    monkeypatch.setattr(handbacks, "add", slowly)
    sent.gateway.steps.hand_back.run_once()
    begun[1].join()
    assert {type(each) for each in failed} <= {LostRace}
    assert sent.handed_back("alpha") == [PAID]

"""Two nodes chase on one journal: each remedy is done once, and no lot goes twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import update

from config.directory_records import Playbook
from config.playbook_files import DEFAULT
from gateway.errors import LostRace, StorageUnavailable
from gateway.journal import handbacks, schema
from gateway.steps.standing import decide, see
from protocols.desk import Ask, Enrolled
from routing.chase import Known, Status
from tests.gateway.steps import toy
from tests.gateway.steps.site import Program, Site
from tests.gateway.steps.test_chase import (
    DAY,
    Payer,
    chased,
    file_of,
    live,
    say,
    waiting,
)

LOTS = 12
REMEDY = schema.remedy


@pytest.fixture
def other(site: Site) -> Iterator[Program]:
    """Another node on the site's journal."""
    with closing(site.node("node-2")) as made:
        yield made


def lost_all(site: Site) -> Payer:
    """Make a payer that has lost every first file, and says so at its desk."""

    def status(question: Any) -> str:
        first = {row.filename for row in site.rows(schema.dispatch)[:1]}
        return Status.UNKNOWN if question.file in first else Status.RECEIVED

    says = {Ask.STATUS: status, Ask.ENROLMENT: lambda _: Enrolled.YES}
    return Payer(site, "P1", says)


def at_once(*nodes: Program) -> None:
    """Let nodes watch, chase, send and match at once, until none finds anything to do."""
    gate = threading.Barrier(len(nodes))
    errors: list[BaseException] = []

    def work(steps: list[Any]) -> None:
        gate.wait()
        try:
            for step in steps:
                while _turn(step.run_once):
                    pass
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=work, args=(list(node.steps.in_order()),))
        for node in nodes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _turn(run_once: Callable[[], bool]) -> bool:
    """Take a turn as a node's worker does: who lost a race looks again."""
    try:
        return run_once()
    except (LostRace, StorageUnavailable):
        return True


def test_nodes_that_chase_at_once_do_everything_once(
    site: Site, other: Program
) -> None:
    """Each lot is asked about, and sent again, as often as one node would do it."""
    chased(site)
    lots = [f"{number:03} P1: {number}=1000" for number in range(1, LOTS + 1)]
    site.deposit(toy.deposit("S1", *lots))
    site.run()
    payer = lost_all(site)
    for _ in range(10):
        site.at += DAY / 2
        at_once(site.gateway, other)
        payer.work()
        at_once(other, site.gateway)
    site.check()
    asked = Counter(row.lot_id for row in site.rows(REMEDY, REMEDY.c.kind == "resend"))
    assert asked == {row.id: 1 for row in site.rows(schema.lot)}
    tried = Counter((row.lot_id, row.kind, row.at) for row in site.rows(REMEDY))
    assert max(tried.values()) == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_lot_that_one_node_decides_on_is_not_sent_by_another(
    site: Site, other: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An approved sending waits while the chase of its lot is decided on anew."""
    payer = wants_approval(site)
    agree(site)
    # Nobody carried it out, the chase is due again, and nobody need agree any more.
    resend = [each for each in DEFAULT if each.do in {"resend", "person"}]
    site.change("P1", playbook=Playbook(remedies=tuple(resend)))
    site.at += 2 * DAY
    busy: list[int] = []
    steps = other.steps

    def while_deciding(*args: Any) -> Any:
        seen = see(*args)
        if not busy:
            busy.append(1)
            steps.chase.run_once()
            for step in (steps.route, steps.gather, steps.dispatch):
                while step.run_once():
                    pass
        return seen

    monkeypatch.setattr("gateway.steps.chase.see", while_deciding)
    _turn(site.gateway.steps.chase.run_once)
    site.run()
    assert busy
    assert len(payer.billing()) == 2
    site.check()


def test_what_was_agreed_to_is_not_done_when_it_has_become_unsafe(site: Site) -> None:
    """The payer acknowledged the lot before a second person agreed: it has it after all."""
    payer = wants_approval(site)
    payer.side.lost.clear()
    payer.side.answer("late", toy.acknowledge(payer.side.files()[payer.billing()[0]]))
    site.run()
    agree(site)
    site.run()
    assert len(payer.billing()) == 1
    (row,) = site.rows(REMEDY, REMEDY.c.kind == "resend", REMEDY.c.state == "failed")
    assert "acknowledged" in row.words
    live(site, payer, 2)
    assert len(payer.billing()) == 1


def wants_approval(site: Site) -> Payer:
    """Chase a lot until its second sending waits for a second person's word."""
    chased(site)
    site.change("P1", playbook=Playbook(remedies=DEFAULT, approve_above=100))
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    payer = lost_all(site)
    live(site, payer, 4)
    assert site.states(schema.chase) == ["approval"]
    return payer


def agree(site: Site) -> None:
    (row,) = site.rows(REMEDY, REMEDY.c.state == "approval")
    say(site, row.id, agreed=True)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_nodes_that_decide_at_once_ask_one_approval_of_a_file(
    site: Site, other: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has another lot of it: one asks for the whole file, and the other waits."""
    while_the_other_decides(site, other, monkeypatch, above=2000)
    (asked,) = waiting(site)
    say(site, asked.id, agreed=True)
    site.run()
    site.run()
    assert len(site.payer("P1").taken) == 2


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_nodes_that_decide_at_once_send_a_file_once(
    site: Site, other: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that one has sent again is not due again for the other's lot."""
    while_the_other_decides(site, other, monkeypatch, above=None)
    assert len(site.payer("P1").taken) == 2
    for _ in range(3):  # within the two working days of the playbook
        site.at += 3600
        site.run()
    assert len(site.payer("P1").taken) == 2


def while_the_other_decides(
    site: Site, other: Program, monkeypatch: pytest.MonkeyPatch, above: int | None
) -> None:
    """Let two nodes decide at one moment on two lots of one file that may go again."""
    file_of(site, 3, above)
    first, second, _ = site.rows(schema.lot)
    while site.states(schema.chase) != ["open"] * 3:
        site.at += DAY / 4
        site.run("watch")
    looked = {"look-again": 1}
    for row, later in ((first, 0.0), (second, 1.0)):
        known = Known(tried=looked).to_json()
        values = {"known": known, "next_at": site.at + later}
        site.gateway.database.write("due", lambda tx, r=row, v=values: due(tx, r, v))
    third = site.rows(schema.lot)[2]
    site.gateway.database.write(
        "due", lambda tx: due(tx, third, {"next_at": site.at + 9 * DAY})
    )
    busy: list[int] = []

    def slowly(*args: Any) -> Any:
        found = decide(*args)
        if not busy:
            busy.append(1)
            site.at += 2.0
            _turn(other.steps.chase.run_once)
        return found

    monkeypatch.setattr("gateway.steps.chase.decide", slowly)
    _turn(site.gateway.steps.chase.run_once)
    site.run()
    assert busy


def due(tx: Any, lot: Any, values: dict[str, Any]) -> None:
    chase = schema.chase
    tx.connection.execute(
        update(chase).where(chase.c.lot_id == lot.id).values(**values)
    )


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_return_that_two_nodes_hand_back_at_once_is_handed_back_once(
    site: Site, other: Program
) -> None:
    """The later one has lost a race, and no failure is told of it."""
    site.deposit(b"TOY S1\nLOT 001 P1\nINV 1 1000\n")
    site.run()
    site.payer("P1").answer("r", b"TORETURN payment\nclaim S1/001/1 paid 1000 S1\n")
    site.run("collect", "match")
    began, behind = threading.Event(), threading.Event()
    hold = handbacks.hold

    def waits(tx: Any, returned: str) -> None:
        hold(tx, returned)
        began.set()
        behind.wait(0.3)

    def first() -> None:
        (step,) = [each for each in other.steps.in_order() if each.name == "hand-back"]
        step.run_once()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handbacks, "hold", waits)
        thread = threading.Thread(target=first)
        thread.start()
        assert began.wait(10)
        patch.setattr(handbacks, "hold", hold)
        with pytest.raises(LostRace):
            site.run("hand-back")
        behind.set()
        thread.join()
    assert len(site.handed_back("alpha")) == 1

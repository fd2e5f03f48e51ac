"""The outbox: every message goes, at least once, and who cannot be told is told of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from twisted.logger import capturedLogs

from config.notification_records import (
    MessageChannel,
    Notifications,
    Recipient,
    Rule,
)
from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import notices, schema, work
from gateway.notifications.errors import NotTaken
from gateway.notifications.letter import Letter
from tests.gateway.journal.desk import Desk
from tests.gateway.notifications.site_desk import SiteDesk
from tests.gateway.notifications.told import LEASE, Bag, Office, person
from tests.gateway.steps.site import Crash, Fuse, Site

BUSY = NotTaken("server-unreachable", "the mail server cannot be spoken to")
NEVER = NotTaken("recipient-refused", "the mail server answers with 550", again=False)
HOUR = 3600.0


def rule(*to: str, **values: Any) -> Rule:
    return Rule(**{"name": "r", "to": to or ("lea",), "gather": 0.0, **values})


def test_a_server_that_is_away_is_tried_again_later(desk: Desk) -> None:
    """With growing pauses, the same message under the same name."""
    office = Office(desk, rule())
    office.bag.refuses["lea"] = BUSY
    office.goes_wrong()
    pauses = []
    office.turn()
    for _ in range(8):
        (row,) = office.outbox()
        assert (row.state, row.cause) == ("waiting", "server-unreachable")
        pauses.append(row.not_before - desk.at)
        assert office.turn(later=row.not_before - desk.at - 0.5) == []
        office.turn(later=0.5)
    assert pauses[0] <= 60 < pauses[-1] <= HOUR
    del office.bag.refuses["lea"]
    ((_, letter),) = office.turn(later=HOUR)
    assert letter.id == office.outbox()[0].id
    assert office.outbox()[0].state == "sent"
    assert set(office.bag.outcomes) == {("mail", "retry"), ("mail", "sent")}


def test_what_is_given_up_is_an_anomaly_and_can_be_sent_again(desk: Desk) -> None:
    """After a day, or at once where no try can help; a message that goes closes it."""
    office = Office(desk, rule())
    office.bag.refuses["lea"] = BUSY
    office.goes_wrong()
    for _ in range(40):
        office.turn(later=HOUR)
    (row,) = office.outbox()
    assert row.state == "failed"
    assert office.open_ones()["notification-failed"] == "open"
    assert office.turn(later=HOUR) == []
    del office.bag.refuses["lea"]
    desk.write(lambda tx: notices.revive(tx, row, by="lea"))
    assert len(office.turn()) == 1
    assert office.open_ones()["notification-failed"] == "resolved"


def test_a_failure_is_not_told_over_the_recipient_that_fails(desk: Desk) -> None:
    """Others are told of it; the one that refuses gets no message about its refusals."""
    office = Office(desk, rule("lea", "bob"), people=(person("lea"), person("bob")))
    office.bag.refuses["lea"] = NEVER
    office.goes_wrong()
    office.turn()
    ((name, letter),) = office.turn(later=HOUR)
    assert name == "bob"
    assert "notification-failed" in letter.text
    to_lea = [row for row in office.outbox() if row.recipient == "lea"]
    assert [row.state for row in to_lea] == ["failed"]
    for _ in range(5):  # and it does not go round in a circle
        assert office.turn(later=HOUR) == []


def test_a_recipient_that_left_the_file_is_told_of_too(desk: Desk) -> None:
    """A message to nobody is kept for a day, since the file may be mended, then given up."""
    office = Office(desk, rule())
    office.goes_wrong()
    office.notify.run_once()
    office.rules.replace(Notifications())
    for _ in range(40):
        office.turn(later=HOUR)
    (row,) = office.outbox()
    assert (row.state, row.cause) == ("failed", "recipient-gone")
    assert office.open_ones()["notification-failed"] == "open"
    assert ("none", "failed") in office.bag.outcomes


def test_a_node_that_dies_between_sending_and_noting_sends_the_same_again(
    desk: Desk,
) -> None:
    """At least once, under one name; another node takes over when the lease has ended."""
    office = Office(desk, rule())
    office.goes_wrong()
    office.notify.run_once()
    taken = desk.write(lambda tx: notices.take(tx, worker="dead", lease=LEASE))
    assert len(taken) == 1  # it was sent, and the node died
    assert office.turn(later=LEASE - 1) == []
    ((_, letter),) = office.turn(later=2)
    assert letter.id == taken[0].id
    with pytest.raises(LostRace):
        desk.write(lambda tx: office.post._sent(tx, taken[0]))  # it was not dead at all


def test_a_node_that_starts_again_takes_up_what_it_held(desk: Desk) -> None:
    """It need not wait for its own lease."""
    office = Office(desk, rule())
    office.goes_wrong()
    office.notify.run_once()
    desk.write(lambda tx: notices.take(tx, worker="node-1", lease=LEASE))
    assert desk.write(lambda tx: work.abandon_all(tx, "node-1")) == 1
    assert len(office.turn()) == 1


def test_a_message_is_made_with_the_note_of_it_or_not_at_all(desk: Desk) -> None:
    """A crash between deciding and writing leaves neither; the next turn decides anew."""
    office = Office(desk, rule())
    office.goes_wrong()
    held = office.rules().rules[0]

    def dies(tx: Tx) -> None:
        office.notify._act(tx, office.rules(), held)
        raise KeyError("the end")

    with pytest.raises(KeyError):
        desk.write(dies)
    assert office.outbox() == []
    assert desk.rows(schema.notice_told) == []
    assert len(office.turn()) == 1


@pytest.mark.parametrize("engine", ["postgresql"])
def test_two_nodes_decide_once_and_send_once(desk: Desk) -> None:
    """Both see the same news at the same time."""
    office = Office(desk, rule("lea", "bob"), people=(person("lea"), person("bob")))
    with closing(_Other(desk)) as other:
        nodes = [(office.notify, office.post), office.node("node-2", other.database)]
        for number in range(5):
            office.goes_wrong(subject=f"s{number}")
            _at_once(nodes)
            desk.at += 601.0
    assert len(office.outbox()) == 10
    sent = [letter.id for _, letter in office.bag.letters]
    assert sorted(sent) == sorted(row.id for row in office.outbox())


class _Other:
    """Another node's database."""

    def __init__(self, desk: Desk) -> None:
        self.database = desk.open("node-2")

    def close(self) -> None:
        self.database.stop()


def _at_once(nodes: list[tuple[Any, Any]]) -> None:
    gate = threading.Barrier(len(nodes))
    errors: list[BaseException] = []

    def work_on(notify: Any, post: Any) -> None:
        gate.wait()
        try:
            notify.run_once()
            while post.run_once():
                pass
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work_on, args=node) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    _, post = nodes[0]
    while post.run_once():
        pass


def test_a_fault_of_ours_keeps_no_other_message(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, tried again later and in the end told; the others go."""
    office = Office(desk, rule("lea", "bob"), people=(person("lea"), person("bob")))
    deliver = office.bag.deliver

    def breaks(rules: Any, recipient: Any, letter: Letter) -> None:
        if recipient.name == "lea":
            raise KeyError("a slip")
        deliver(rules, recipient, letter)

    monkeypatch.setattr(office.bag, "deliver", breaks)
    office.goes_wrong()
    with capturedLogs() as logged:
        ((name, _),) = office.turn()
    assert name == "bob"
    assert [each["log_format"] for each in logged] == [
        "message {notice} cannot be sent"
    ]
    (row,) = [each for each in office.outbox() if each.recipient == "lea"]
    assert (row.state, row.cause) == ("waiting", "broken")


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_chat_that_fails_is_counted_as_one(desk: Desk) -> None:
    """Metrics tell mail, chat and webhook apart, and name nobody."""
    chat = person("room", channel=MessageChannel.CHAT, address="")
    office = Office(desk, rule("room"), people=(chat,))
    office.bag.refuses["room"] = NEVER
    office.goes_wrong()
    office.turn()
    assert office.bag.outcomes == [("chat", "failed")]


def test_the_same_row_gives_the_same_letter(desk: Desk) -> None:
    """What goes twice reads the same twice, however late the second is."""
    office = Office(desk, rule())
    office.goes_wrong()
    office.notify.run_once()
    (row,) = office.outbox()
    recipient = office.rules().recipients["lea"]
    first: Letter = office.post._letter(recipient, row)
    desk.at += HOUR
    assert office.post._letter(recipient, row) == first


# Wherever a node dies


class Dying(Bag):
    """A postman whose node may die when a letter is out of its hands."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    def deliver(
        self, rules: Notifications, recipient: Recipient, letter: Letter
    ) -> None:
        super().deliver(rules, recipient, letter)
        self._fuse.burn()


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    made = Site(engine)
    yield made
    made.close()


def test_a_node_that_dies_anywhere_loses_no_message(site: Site) -> None:
    """At each place in turn: the next start sends what is left, and tells nothing anew."""
    place = 0
    while True:
        desk: Any = SiteDesk(site)
        office = Office(desk, rule("lea", "bob"), people=(person("lea"), person("bob")))
        office.bag = Dying(site.fuse)
        office.notify, office.post = office.node("node-1", site.gateway.database)
        name = office.goes_wrong()
        made = len(office.outbox())
        site.fuse.blow_at(place)
        died = _work_until_it_dies(office)
        site.fuse.blow_at(None)
        site.crash()
        desk = SiteDesk(site)
        office.desk = desk
        office.notify, office.post = office.node("node-1", site.gateway.database)
        desk.write(lambda tx: work.abandon_all(tx, "node-1"))
        office.turn(later=1)
        rows = office.outbox()[made:]
        assert [row.state for row in rows] == ["sent", "sent"]
        assert {letter.id for _, letter in office.bag.letters} == {
            row.id for row in rows
        }
        assert all(name in letter.text for _, letter in office.bag.letters)
        assert len(office.bag.letters) in (2, 3)  # one went twice at most
        if not died:
            break
        place += 1
        site.at += HOUR
    assert place >= 6  # decided; taken, sent and noted, twice


def _work_until_it_dies(office: Office) -> bool:
    try:
        office.turn()
    except Crash:
        return True
    return False

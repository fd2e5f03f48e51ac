"""A payer's server may send anything: the session ends in words, never in a crash."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels import sftp_files, sftp_packets
from protocols.channels.sftp_errors import LineLost, Refusal
from protocols.channels.sftp_exchange import Exchange
from protocols.channels.sftp_session import Sender, Session

GREETING = struct.pack(">IBI", 5, sftp_packets.VERSION, 3)
NAMES = st.lists(st.binary(max_size=40), max_size=5)


class Script:
    """A line on which the server's side is written beforehand, turn by turn.

    Each sending is answered by the next turn, in small pieces; after the last
    one the line ends.
    """

    def __init__(self, *turns: bytes) -> None:
        self._turns = list(turns)
        self.sent: list[bytes] = []
        self.granted = 0
        self.space = 1 << 20

    def listen(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self.take, self.end = take, lost

    def sendall(self, data: bytes) -> None:
        self.sent.append(data)
        answer = self._turns.pop(0) if self._turns else b""
        for place in range(0, len(answer), 7):
            self.take(answer[place : place + 7])
        if not answer:
            self.end()

    def room(self) -> int:
        return self.space

    def grant(self, size: int) -> None:
        self.granted += size

    def close(self) -> None:
        self.end()


def _open(*turns: bytes) -> Exchange:
    return Exchange(Session(Script(*turns), Sender(), patience=5))


def _packet(kind: int, number: int, body: bytes) -> bytes:
    return struct.pack(">IBI", len(body) + 5, kind, number) + body


def _status(number: int, code: int, words: bytes = b"") -> bytes:
    body = sftp_packets.word(code) + sftp_packets.text(words) + sftp_packets.text(b"")
    return _packet(sftp_packets.STATUS, number, body)


def _names(number: int, names: list[bytes]) -> bytes:
    lines = b"".join(
        sftp_packets.text(name) + sftp_packets.text(b"-") + struct.pack(">IQ", 1, 7)
        for name in names
    )
    return _packet(sftp_packets.NAME, number, sftp_packets.word(len(names)) + lines)


@given(st.binary(max_size=200))
def test_any_greeting_ends_in_words(greeting: bytes) -> None:
    """Whatever greets us is either a server of version 3 or a lost line."""
    try:
        session = Session(Script(greeting), Sender(), patience=0.001)
    except LineLost:
        return
    assert session.alive


@given(st.binary(max_size=300))
def test_any_answer_ends_in_words(answers: bytes) -> None:
    """Whatever answers is an answer, a refusal or a lost line; it is then of no use."""
    session = Session(Script(GREETING, answers), Sender(), patience=0.001)
    try:
        sftp_files.names(Exchange(session), b"/out")
    except Refusal:
        return
    except LineLost:
        assert not session.alive
    else:
        assert session.alive


@given(NAMES, st.integers(0, 200))
def test_a_folder_is_read_as_it_was_written(names: list[bytes], cut: int) -> None:
    """Names of any bytes come through; a packet that ends early is told."""
    body = _names(1, names)[9:]

    read = sftp_packets.entries_in(body)

    assert [entry.name for entry in read] == names
    assert all(entry.attributes.size == 7 for entry in read)
    if cut < len(body):
        with pytest.raises(sftp_packets.Malformed):
            sftp_packets.entries_in(body[:cut])


def test_requests_leave_together_and_answers_come_in_any_order() -> None:
    """Nothing is sent before an answer is awaited; answers find their requests."""
    script = Script(
        GREETING, _status(2, 0) + _status(3, 4, b"disk full") + _status(1, 0)
    )
    exchange = Exchange(Session(script, Sender(), patience=5))
    first, second, third = (
        exchange.post(sftp_packets.REMOVE, sftp_packets.text(name))
        for name in (b"a", b"b", b"c")
    )
    assert len(script.sent) == 1

    exchange.confirm(first)
    exchange.confirm(second)
    with pytest.raises(Refusal, match="disk full") as caught:
        exchange.confirm(third)

    assert caught.value.code == 4
    assert len(script.sent) == 2
    assert exchange.session.alive


def test_several_callers_share_a_session() -> None:
    """Each gets the answers to what it asked, whichever comes first."""
    script = Script(GREETING, b"", _status(2, 4, b"for the second") + _status(1, 0))
    session = Session(script, Sender(), patience=5)
    script.end = lambda: None
    first, second = Exchange(session), Exchange(session)
    ours = first.post(sftp_packets.REMOVE, sftp_packets.text(b"a"))
    theirs = second.post(sftp_packets.REMOVE, sftp_packets.text(b"b"))
    first.flush()

    with pytest.raises(Refusal, match="for the second"):
        second.confirm(theirs)
    first.confirm(ours)

    assert first.heard
    assert second.heard


def test_a_line_that_ends_is_told_to_every_caller() -> None:
    """Whoever waits hears at once that nothing will come, and why."""
    script = Script(GREETING, b"")
    session = Session(script, Sender(), patience=30)
    told: list[str] = []

    def ask() -> None:
        exchange = Exchange(session)
        number = exchange.post(sftp_packets.REMOVE, sftp_packets.text(b"a"))
        with pytest.raises(LineLost) as caught:
            exchange.confirm(number)
        told.append(str(caught.value))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert told == ["the payer's side closed the line"] * 3
    assert not session.alive


def test_a_server_that_says_nothing_is_given_up() -> None:
    """Without any answer in its time, the line counts as lost."""
    script = Script(GREETING, b"")
    session = Session(script, Sender(), patience=0.01)
    script.end = lambda: None
    exchange = Exchange(session)

    with pytest.raises(LineLost, match="no answer in time"):
        exchange.confirm(exchange.post(sftp_packets.REMOVE, sftp_packets.text(b"a")))

    assert not session.alive


def test_a_caller_waits_for_room_in_its_own_thread() -> None:
    """What the payer's side has no room for is sent by who asked, not by a helper."""
    script = Script(GREETING, _status(1, 0))
    session = Session(script, Sender(), patience=5)
    script.space = 3
    exchange = Exchange(session)
    number = exchange.post(sftp_packets.REMOVE, sftp_packets.text(b"a"))

    exchange.flush()
    assert len(script.sent) == 1

    exchange.confirm(number)
    assert len(script.sent) == 2


def test_what_was_taken_in_may_be_sent_again() -> None:
    """The payer's side is let send more before its window is used up."""
    block = bytes(30_000)
    answers = [
        _packet(sftp_packets.DATA, n, sftp_packets.text(block)) for n in range(1, 31)
    ]
    script = Script(GREETING, b"".join(answers))
    exchange = Exchange(Session(script, Sender(), patience=5))
    asked = [exchange.post(sftp_packets.READ) for _ in answers]

    for number in asked:
        assert exchange.data(number) == block
    exchange.post(sftp_packets.READ)
    with pytest.raises(LineLost):
        exchange.wait(31)

    assert script.granted > 30 * 30_000


def test_what_a_server_offers_is_known() -> None:
    """The extensions of a greeting are remembered by name."""
    offer = sftp_packets.text(b"fsync@openssh.com") + sftp_packets.text(b"1")
    greeting = _packet(sftp_packets.VERSION, 3, offer)

    assert _open(greeting).extensions == {sftp_packets.FSYNC: "1"}


def test_without_posix_rename_a_file_that_is_there_counts_by_its_size() -> None:
    """Refused because the name is taken: the same size is the file, another is not."""
    size = struct.pack(">IQ", 1, 10)
    script = _status(1, 4, b"exists") + _packet(sftp_packets.ATTRS, 2, size)

    exchange = _open(GREETING, script, _status(3, 0))
    assert "already" in sftp_files.rename(exchange, b"a.tmp", b"a", 10)

    exchange = _open(GREETING, script)
    with pytest.raises(Refusal, match="exists") as caught:
        sftp_files.rename(exchange, b"a.tmp", b"a", 11)
    assert "10 bytes in place of 11" in caught.value.advice


def test_a_file_taken_at_once_was_handed_over() -> None:
    """A payer that takes the file in the moment of renaming has it."""
    script = _status(1, 0) + _status(2, 2, b"no such file")

    exchange = _open(GREETING, script)

    assert "taken" in sftp_files.rename(exchange, b"a.tmp", b"a", 10)

"""A payer's server may send anything: the session ends in words, never in a crash."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels import sftp_files, sftp_packets
from protocols.channels.sftp_errors import LineLost, Refusal
from protocols.channels.sftp_session import Session

GREETING = struct.pack(">IBI", 5, sftp_packets.VERSION, 3)
NAMES = st.lists(st.binary(max_size=40), max_size=5)


class Script:
    """A line on which the server's side is written beforehand."""

    def __init__(self, answers: bytes) -> None:
        self._answers = answers
        self.sent = b""
        self.closed = False

    def sendall(self, s: bytes) -> None:
        self.sent += s

    def recv(self, nbytes: int) -> bytes:
        block, self._answers = self._answers[:7], self._answers[7:]
        return block

    def close(self) -> None:
        self.closed = True


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
        session = Session(Script(greeting))
    except LineLost:
        return
    assert session.clean


@given(st.binary(max_size=300))
def test_any_answer_ends_in_words(answers: bytes) -> None:
    """Whatever answers is an answer, a refusal or a lost line; it is then of no use."""
    session = Session(Script(GREETING + answers))
    try:
        sftp_files.names(session, b"/out")
    except Refusal:
        return
    except LineLost:
        assert not session.alive
    else:
        assert session.clean


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
        GREETING + _status(2, 0) + _status(3, 4, b"disk full") + _status(1, 0)
    )
    session = Session(script)
    greeted = len(script.sent)
    first, second, third = (
        session.post(sftp_packets.REMOVE, sftp_packets.text(name))
        for name in (b"a", b"b", b"c")
    )
    assert len(script.sent) == greeted

    session.confirm(first)
    session.confirm(second)
    with pytest.raises(Refusal, match="disk full") as caught:
        session.confirm(third)

    assert caught.value.code == 4
    assert session.clean


def test_what_a_server_offers_is_known() -> None:
    """The extensions of a greeting are remembered by name."""
    offer = sftp_packets.text(b"fsync@openssh.com") + sftp_packets.text(b"1")
    greeting = _packet(sftp_packets.VERSION, 3, offer)

    assert Session(Script(greeting)).extensions == {sftp_packets.FSYNC: "1"}


def test_without_posix_rename_a_file_that_is_there_counts_by_its_size() -> None:
    """Refused because the name is taken: the same size is the file, another is not."""
    size = struct.pack(">IQ", 1, 10)
    script = _status(1, 4, b"exists") + _packet(sftp_packets.ATTRS, 2, size)

    session = Session(Script(GREETING + script + _status(3, 0)))
    assert "already" in sftp_files.rename(session, b"a.tmp", b"a", 10)

    session = Session(Script(GREETING + script))
    with pytest.raises(Refusal, match="exists"):
        sftp_files.rename(session, b"a.tmp", b"a", 11)


def test_a_file_taken_at_once_was_handed_over() -> None:
    """A payer that takes the file in the moment of renaming has it."""
    script = _status(1, 0) + _status(2, 2, b"no such file")

    session = Session(Script(GREETING + script))

    assert "taken" in sftp_files.rename(session, b"a.tmp", b"a", 10)

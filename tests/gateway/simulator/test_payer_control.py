"""A payer host is dialled by lines, and says what is wrong with a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from twisted.internet.testing import StringTransport

from gateway.simulator.payer_control import PayerControl
from gateway.simulator.payer_faults import Faults


class Host:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, str | None, str | None]] = []
        self.dialled: dict[str, Faults] = {}

    def open_account(
        self, user: str, *, password: str | None = None, key: str | None = None
    ) -> Path:
        if user == "None":
            raise ValueError("no plain name")
        self.opened.append((user, password, key))
        return Path("/accounts") / user

    def dial(self, user: str, faults: Faults) -> None:
        self.dialled[user] = faults


class Desk:
    """A control with its lines in the test's hands."""

    def __init__(self) -> None:
        self.host = Host()
        self.ended = 0
        self._control = PayerControl(host=self.host, ended=self._end)
        self._line = StringTransport()
        self._control.makeConnection(self._line)

    def say(self, line: object) -> dict[str, str]:
        self._line.clear()
        text = line if isinstance(line, str) else json.dumps(line)
        self._control.dataReceived(text.encode() + b"\n")
        answer: dict[str, str] = json.loads(self._line.value())
        return answer

    def hang_up(self) -> None:
        self._control.connectionLost()

    def _end(self) -> None:
        self.ended += 1


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_line_opens_and_dials_an_account(desk: Desk) -> None:
    """One line opens an account, gives its folder and sets its faults."""
    answer = desk.say(
        {"account": "cpam", "password": "x", "faults": {"drop_after_bytes": 5}}
    )

    assert answer == {"folder": "/accounts/cpam"}
    assert desk.host.opened == [("cpam", "x", None)]
    assert desk.host.dialled == {"cpam": Faults(drop_after_bytes=5)}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "Expecting"),
        ([], "wanted an object"),
        ({"acount": "cpam"}, "wanted an object"),
        ({}, "no plain name"),
        ({"account": "cpam", "faults": {"drop": 1}}, "unknown faults"),
        ({"account": "cpam", "faults": {"delay": -1}}, "delay"),
        ({"account": "cpam", "faults": {"disk_full": 1}}, "disk_full"),
        ({"account": "cpam", "faults": 5}, "wanted"),
    ],
)
def test_a_wrong_line_is_answered_and_the_next_one_obeyed(
    desk: Desk, line: object, words: str
) -> None:
    """What is wrong is told in words, and nothing is dialled by it."""
    assert words in desk.say(line)["error"]
    assert desk.host.opened == []
    assert "folder" in desk.say({"account": "cpam"})


def test_the_end_of_the_lines_ends_the_program(desk: Desk) -> None:
    """A host does not outlive who started it."""
    desk.hang_up()

    assert desk.ended == 1

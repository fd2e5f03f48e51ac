"""The simulated MyCareNet as a program: it says how it is reached, and is dialled."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.simulator.mycarenet import read_arguments, serve
from protocols.errors import PayerRefused
from protocols.mycarenet.genasync import open_channel
from tests.protocols.mycarenet.simulated_mycarenet import name, sending

pytestmark = pytest.mark.system


class Program:
    """The program in a thread, with a pipe to each side."""

    def __init__(self, folder: Path) -> None:
        here, orders = os.pipe()
        told, there = os.pipe()
        self._orders = os.fdopen(orders, "w")
        self._told = os.fdopen(told)
        read = read_arguments(["--dir", str(folder / "new"), "--get-interval", "0"])

        def run() -> None:
            with os.fdopen(here) as its_orders, os.fdopen(there, "w") as its_words:
                serve(read, now=time.time, orders=its_orders, told=its_words)

        self._thread = threading.Thread(target=run)
        self._thread.start()
        self.settings = self.answer()["settings"]

    def dial(self, order: str) -> dict[str, Any]:
        self._orders.write(order + "\n")
        self._orders.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._told.readline())
        return answer

    def end(self) -> None:
        self._orders.close()
        self._thread.join()
        self._told.close()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    made.end()


def test_what_it_says_is_an_endpoint(program: Program) -> None:
    """The settings that it prints reach it, signed and with a licence of its own."""
    with closing(open_channel(program.settings)) as channel:
        assert "0 messages are waiting" in channel.check()


def test_it_is_dialled_line_by_line(program: Program) -> None:
    """A fault holds until the next line; a line that means nothing is told."""
    body = sending(7)
    assert program.dial('{"refuses": true, "on": ["post"]}') == {}
    with (
        closing(open_channel(program.settings)) as channel,
        pytest.raises(PayerRefused, match="refused"),
    ):
        channel.send(name(7), len(body), io.BytesIO(body))
    assert "unheard" in program.dial('{"unheard": 1}')["error"]
    assert "error" in program.dial("nonsense")
    assert "error" in program.dial("5")

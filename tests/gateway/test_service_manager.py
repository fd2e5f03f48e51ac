"""What a service manager passes, and what it is told: sockets, readiness, a watchdog."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from config.errors import ConfigErrors
from gateway.service_manager import ServiceManager, passed_sockets

DOORS = ("sftp", "https", "operations")


def taken(number: int) -> int:
    """Give what Twisted took: three sockets, from descriptor 3 on."""
    return [3, 4, 5][number]


def nothing(number: int) -> int:
    raise IndexError(number)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The end of a service manager, which takes words."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        yield line


def told(manager: socket.socket) -> list[str]:
    said = []
    while True:
        try:
            said.append(manager.recv(4096).decode())
        except BlockingIOError:
            return said


def test_sockets_go_to_the_doors_whose_names_they_bear() -> None:
    """Several may bear one name, for IPv4 and IPv6."""
    environ = {"LISTEN_FDNAMES": "https:sftp:https"}
    found = passed_sockets(environ, taken, DOORS)
    assert found == {"https": [3, 5], "sftp": [4]}


@pytest.mark.parametrize("environ", [{}, {"LISTEN_FDNAMES": "sftp"}])
def test_without_sockets_the_doors_listen_themselves(environ: dict[str, str]) -> None:
    """None were passed, or they were for the process that started this one."""
    assert passed_sockets(environ, nothing, DOORS) == {}


@pytest.mark.parametrize("doors", [("sftp",), ("sftp", "operations")])
def test_a_socket_that_no_door_takes_is_refused(doors: tuple[str, ...]) -> None:
    """Its clients would wait for ever; the words say what was wanted."""
    with pytest.raises(ConfigErrors) as wrong:
        passed_sockets({"LISTEN_FDNAMES": "sftp:https"}, taken, doors)
    (mistake,) = wrong.value.mistakes
    assert "https: is no door that is open; wanted one of sftp" in str(mistake)


def test_the_manager_is_told_how_the_node_is(manager: socket.socket) -> None:
    """Ready when the doors are open, alive from then on, stopping while it drains."""
    clock = Clock()
    node = ServiceManager(
        {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "60000000"}, clock
    )
    clock.advance(100)
    assert told(manager) == []  # not before it is ready
    node.ready()
    assert told(manager) == ["READY=1\nSTATUS=takes work", "WATCHDOG=1"]
    clock.pump([10] * 6)
    assert told(manager) == ["WATCHDOG=1"] * 3
    node.stopping()
    clock.pump([10] * 2)
    assert [each.partition("\n")[0] for each in told(manager)] == [
        "STOPPING=1",
        "WATCHDOG=1",
    ]


def test_a_watchdog_of_another_process_is_not_ours(manager: socket.socket) -> None:
    """Only the process that is watched says that it is alive."""
    clock = Clock()
    environ = {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}
    node = ServiceManager({"NOTIFY_SOCKET": manager.getsockname(), **environ}, clock)
    node.ready()
    clock.pump([30] * 4)
    assert told(manager) == ["READY=1\nSTATUS=takes work"]


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@octway-nobody-listens"])
def test_a_node_runs_without_a_manager(address: str) -> None:
    """None, or one that is gone, is no reason to stop."""
    node = ServiceManager({"NOTIFY_SOCKET": address}, Clock())
    node.ready()
    node.stopping()

"""What the system's service manager gives a node, and what it is told in return.

systemd is the one that is meant; whoever speaks as it does (sd_listen_fds(3),
sd_notify(3)) will do.  Sockets that it passes outlive the process: clients that
connect while a node is being replaced wait in them, and nobody is turned away.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from config.errors import ConfigErrors, Mistake

Passed = Mapping[str, Collection[int]]
"""Descriptors of listening sockets, by the door that takes them over."""

_NAMES: Final = "LISTEN_FDNAMES"
_MICROSECONDS: Final = 1e6
_OFTENER: Final = 3.0  # three words within the time, so that one may be late


def passed_sockets(
    environ: Mapping[str, str], taken: Callable[[int], int], doors: Collection[str]
) -> Passed:
    """Return the sockets that were passed to this process.

    Each bears a door's name (`FileDescriptorName=`), and several may bear one.
    `taken` gives the descriptor of the first, the second and so on, or raises
    `IndexError`: Twisted takes them out of the environment when it is loaded.
    Raises `ConfigErrors` for one that is of no door that is open here: it would take
    connections that nobody answers.
    """
    found: dict[str, list[int]] = {}
    names = environ.get(_NAMES, "")
    with suppress(IndexError):  # the names were inherited, and no socket
        for number, name in enumerate(names.split(":") if names else ()):
            descriptor = taken(number)
            found.setdefault(name, []).append(descriptor)
    wanted = ", ".join(doors)
    mistakes = [
        Mistake(_NAMES, 0, name, f"is no door that is open; wanted one of {wanted}")
        for name in found
        if name not in doors
    ]
    if mistakes:
        raise ConfigErrors(mistakes)
    return found


class ServiceManager:
    """Tells the service manager how the node is; silent where there is none."""

    _log = Logger()

    def __init__(self, environ: Mapping[str, str], clock: IReactorTime) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._watchdog = LoopingCall(self._tell, "WATCHDOG=1")
        self._watchdog.clock = clock
        self._within = 0.0
        if environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
            usec = environ.get("WATCHDOG_USEC", "")
            self._within = int(usec) / _MICROSECONDS if usec.isdecimal() else 0.0

    def ready(self) -> None:
        """Say that all doors listen; from now on say also that the node is alive."""
        self._tell("READY=1\nSTATUS=takes work")
        if self._address and self._within and not self._watchdog.running:
            self._watchdog.start(self._within / _OFTENER)

    def stopping(self) -> None:
        """Say that the node drains; that it is alive is said until its end."""
        self._tell("STOPPING=1\nSTATUS=ends what is under way")

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):  # a name of Linux that is no file
            address = "\0" + address[1:]
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            with socket.socket(socket.AF_UNIX, kind) as line:
                line.sendto(words.encode(), address)
        except OSError as error:
            self._log.warn(
                "the service manager cannot be told: {error}", error=error.strerror
            )

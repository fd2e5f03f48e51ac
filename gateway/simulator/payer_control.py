"""Dials a payer host that runs as a program of its own: JSON lines in and out.

Each line names an account and may open it and dial it:
`{"account": "cpam", "password": "…", "key": "ssh-ed25519 …", "faults": {…}}`.
The answer is `{"folder": "…"}` or `{"error": "…"}`.  When the lines end, the
program does too, so it never outlives the one who started it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from gateway.simulator.payer_faults import Faults, read_faults

_KNOWN = frozenset({"account", "password", "key", "faults"})


class Host(Protocol):
    """As much of a `PayerHost` as is dialled."""

    def open_account(
        self, user: str, *, password: str | None = None, key: str | None = None
    ) -> Path:
        """Open an account; raises `ValueError`."""
        ...

    def dial(self, user: str, faults: Faults) -> None:
        """Set an account's faults."""
        ...


class PayerControl(LineOnlyReceiver):
    """Reads the lines; `ended` is called once when there are no more."""

    delimiter = b"\n"
    MAX_LENGTH = 65536

    def __init__(self, *, host: Host, ended: Callable[[], None]) -> None:
        self._host = host
        self._ended = ended

    def lineReceived(self, line: bytes) -> None:  # Twisted's name
        """Do what a line says and answer it."""
        try:
            answer = {"folder": self._obey(json.loads(line))}
        except ValueError as error:
            answer = {"error": str(error)}
        self.sendLine(json.dumps(answer).encode())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End with the one who gave the lines."""
        self._ended()

    def _obey(self, order: object) -> str:
        if not isinstance(order, dict) or not _KNOWN.issuperset(order):
            raise ValueError(f"wanted an object with some of {sorted(_KNOWN)}")
        user = f"{order.get('account')}"
        faults = read_faults(order["faults"]) if "faults" in order else None
        folder = self._host.open_account(
            user, password=order.get("password"), key=order.get("key")
        )
        if faults is not None:
            self._host.dial(user, faults)
        return str(folder)

"""One process per node name: the system holds the name as long as the process lives."""

from __future__ import annotations

import fcntl
from typing import IO

from config.settings import Settings
from gateway.errors import NodeRunning


def lock_node(settings: Settings) -> IO[str]:
    """Hold the node's name on this machine; the system lets go of it at the end.

    Raises `NodeRunning` when another process holds it.
    """
    file = settings.node.data / f"{settings.node.id}.lock"
    lock = file.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise NodeRunning(
            f"a node {settings.node.id!r} runs already on this data folder; stop it "
            "first, or give this one another node.id and data folder"
        ) from None
    return lock

"""When the garbage collector looks, and at which objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def put_off() -> Iterator[None]:
    """Have the collector wait while modules are imported.

    What they make stays, and looking at it again and again takes a tenth of the time.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def hold_back() -> None:
    """Have the collector wait until `leave_alone`, while a node is made."""
    gc.disable()


def leave_alone() -> None:
    """Have the collector never look again at what there is now, and else as usual.

    What a node is made of stays as long as it runs.  Looking at all of it takes
    some sixty milliseconds, in which no door answers, and was done every few
    hundred files.
    """
    gc.collect()
    gc.freeze()
    gc.enable()

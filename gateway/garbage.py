"""Which objects the garbage collector need not look at."""

from __future__ import annotations

import gc


def leave_alone() -> None:
    """Have the collector never look again at what there is now.

    What a node is made of stays as long as it runs.  Looking at all of it takes
    some sixty milliseconds, in which no door answers, and was done every few
    hundred files.
    """
    gc.collect()
    gc.freeze()

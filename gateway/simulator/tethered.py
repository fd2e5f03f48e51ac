"""Runs a program that ends when the one who started it does.

`python -m gateway.simulator.tethered MODULE ARGUMENTS…` runs the module as
`python -m` would, and tells it to end (SIGTERM) once standard input ends.  So no
gateway of a demo is left behind, not even when the demo is killed outright.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the module that the command line names."""
    threading.Thread(target=_end_with_the_other, name="tether", daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with_the_other() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()

"""A call to a server that may take its time, and not more than that."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gateway.notifications.errors import NotTaken


def within(
    seconds: float, call: Callable[[], None], whose: str, *, give_up: Callable[[], None]
) -> None:
    """Run a call in a thread of its own, and raise what it raises.

    After so many seconds `give_up` is called, which should break it off, and it is
    `NotTaken`: the server may still have taken it, as with any outcome that is not
    known.  A program that ends does not wait for it.
    """
    ended: list[Exception | None] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # raised again where it is waited for
            ended.append(error)
        else:
            ended.append(None)

    thread = threading.Thread(target=run, name=f"notice-{whose}", daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        give_up()
        raise NotTaken("no-answer", f"the {whose} gave no answer within {seconds:g} s")
    if ended[0] is not None:
        raise ended[0]

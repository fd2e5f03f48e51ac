"""Tries whether a payer answers: logs in, looks at its folders, hands nothing over."""

from __future__ import annotations

import threading
from typing import Final, NamedTuple

from config.directory_records import PayerEntry
from config.errors import ConfigErrors
from protocols.catalog import Catalog
from protocols.errors import TransferError
from routing.directory import Directory
from routing.errors import GatewayError

PATIENCE: Final = 20.0
"""Seconds that a person who waits for a page is asked to wait."""

_AT_ONCE: Final = threading.BoundedSemaphore(4)  # each keeps a thread for its time


class Tried(NamedTuple):
    """Whether a payer answers, and what it or our side says of it."""

    answers: bool
    words: str


def try_payer(payer: PayerEntry, directory: Directory, catalog: Catalog) -> Tried:
    """Try a payer for as long as its channel waits; what goes wrong is in the words."""
    try:
        endpoint = directory.endpoint_of(payer)
        channel = catalog.open_channel(endpoint.channel, endpoint.settings)
    except (GatewayError, ConfigErrors) as error:
        return Tried(False, str(error))
    try:
        return Tried(True, channel.check())
    except (TransferError, OSError) as error:
        return Tried(False, str(error))
    finally:
        channel.close()


def try_for_a_while(
    payer: PayerEntry,
    directory: Directory,
    catalog: Catalog,
    *,
    patience: float = PATIENCE,
) -> Tried:
    """Try a payer for so many seconds at most; then the try ends by itself, unseen."""
    if not _AT_ONCE.acquire(blocking=False):
        return Tried(False, "other payers are being tried at this moment; try again")
    found: list[Tried] = []

    def work() -> None:
        try:
            found.append(try_payer(payer, directory, catalog))
        finally:
            _AT_ONCE.release()

    thread = threading.Thread(target=work, name="payer-trial", daemon=True)
    thread.start()
    thread.join(patience)
    if found:
        return found[0]
    if thread.is_alive():
        return Tried(False, f"no answer within {patience:.0f} s")
    return Tried(False, "the try failed; see the gateway's log")

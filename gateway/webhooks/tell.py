"""A step: what happened becomes what endpoints are told, each event exactly once."""

from __future__ import annotations

from typing import Final

from gateway.database import Database
from gateway.journal import webhook_events

_AT_ONCE: Final = 2000  # events of one chain


class Tell:
    """Looks through the history for what endpoints have asked to be told."""

    name = "tell"

    def __init__(self, *, database: Database) -> None:
        self._database = database

    def run_once(self) -> bool:
        """Look through what is new in each chain; False if nothing was."""
        anyone = self._database.read(webhook_events.anyone)
        behind = self._database.read(webhook_events.behind)
        done = False
        for chain, (seen, last) in behind.items():
            if anyone:
                told = self._database.write(
                    "webhook.tell", webhook_events.look_through, chain, _AT_ONCE
                )
                done |= told > 0
            elif last - seen >= webhook_events.SKIP:
                self._database.write(
                    "webhook.pass-by", webhook_events.pass_by, chain, last
                )
        return done

"""Step 9, hand back: each client gets its own part of a return, in its format.

A return whose every answer belongs to one client is given as it came, byte for
byte; a mixed one is cut per client, with totals made anew.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import IntegrityBroken
from gateway.journal import anomalies, answers, handbacks, schema
from gateway.journal.prepared import Prepared, given
from gateway.storage.local import Place
from gateway.storage.payloads import Payloads, StoredPayload
from gateway.storage.vault import WrappedKey
from protocols.interface import Network

_AT_ONCE: Final = 20
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


class HandBack:
    """Makes clients' own files from returns that were matched."""

    name = "hand-back"

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        networks: Mapping[str, Network],
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._payloads = payloads
        self._networks = networks
        self._entropy = entropy
        self._after = ""  # only a hint: where the last look ended

    def run_once(self) -> bool:
        """Hand back what was matched; False if nothing waits.

        Goes on behind a return that could not be handed back, and tries it again
        when all others had their turn.
        """
        waiting = self._database.read(handbacks.waiting, _AT_ONCE, self._after)
        self._after = waiting[-1] if len(waiting) == _AT_ONCE else ""
        done = False
        for returned in waiting:
            try:
                self._hand_back(returned)
            except IntegrityBroken as error:
                words = f"return {returned}: {error}"
                self._database.write("hand-back.broken", self._broken, returned, words)
            else:
                done = True
        return done

    def _broken(self, tx: Tx, returned: str, words: str) -> None:
        anomalies.storage_broken(tx, self._entropy, returned, words)

    def _hand_back(self, returned: str) -> None:
        row = self._database.read(_return, returned)
        said = self._database.read(answers.of_return, returned)
        mine = [each for each in said if each.client_id and not each.handback_id]
        owners = {each.seq - 1: each.client_id for each in mine}
        if not owners:
            return
        parts: Mapping[str, StoredPayload] | None = None
        if len(owners) < len(said) or len(set(owners.values())) > 1:
            parts = self._cut(row, owners)
        seqs: dict[str, list[int]] = {}
        for each in mine:
            seqs.setdefault(each.client_id, []).append(each.seq)

        def note(tx: Tx) -> None:
            handbacks.hold(tx, returned)
            for client, numbers in seqs.items():
                if parts is None:
                    stored = _as_it_came(tx, row)
                else:
                    stored = parts[client]
                    self._payloads.record(tx, [stored])
                filename = _filename(tx, row, client)
                handbacks.add(tx, self._entropy, row, client, filename, stored, numbers)

        self._database.write("hand-back", note)

    def _cut(
        self, row: Row[*tuple[Any, ...]], owners: Mapping[int, str]
    ) -> dict[str, StoredPayload]:
        """Store each client's part of a return that is not all its own."""
        with self._database.read(self._payloads.open, row.payload_id) as stream:
            parts = self._networks[row.network].split_return(stream, row.format, owners)
        if missing := set(owners.values()) - {part.owner for part in parts}:
            # Never the whole return instead: the rest of it is other clients'.
            raise IntegrityBroken(
                f"a {row.format} return cannot be cut: nothing was made for "
                f"{', '.join(sorted(missing))}; report the file to its network's authors"
            )
        stored = self._payloads.store_small([part.content for part in parts])
        return {part.owner: each for part, each in zip(parts, stored, strict=True)}


def _return(connection: Connection, returned: str) -> Row[*tuple[Any, ...]]:
    row: Row[*tuple[Any, ...]]
    (row,) = _RETURN.rows(connection, {"its_id": returned})
    return row


def _as_it_came(tx: Tx, row: Row[*tuple[Any, ...]]) -> StoredPayload:
    """Refer to the return's own payload."""
    (found,) = _PAYLOAD.rows(tx.connection, {"its_id": row.payload_id})
    return StoredPayload(
        id=found.id,
        sha256=found.sha256,
        size=found.size,
        place=Place(found.place, found.place_offset),
        key=WrappedKey(key_id=found.key_id, wrapped=found.wrapped_key),
    )


def _filename(tx: Tx, row: Row[*tuple[Any, ...]], client: str) -> str:
    """Name a client's file after the payer's, unique by the return's id."""
    its = {"its_client": client, "its_return": row.id}
    earlier = len(_EARLIER.rows(tx.connection, its))
    stem, ending = posixpath.splitext(_UNSAFE.sub("_", row.remote_name))
    again = f"-{earlier + 1}" if earlier else ""
    return f"{stem}.{row.id}{again}{ending}"


_RETURN: Final = Prepared(
    select(schema.payer_return).where(schema.payer_return.c.id == given("its_id"))
)
_PAYLOAD: Final = Prepared(
    select(schema.payload).where(schema.payload.c.id == given("its_id"))
)
_EARLIER: Final = Prepared(
    select(schema.handback.c.id).where(
        schema.handback.c.client_id == given("its_client"),
        schema.handback.c.return_id == given("its_return"),
    )
)

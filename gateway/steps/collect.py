"""Step 7, collect: everything in a payer's outbox is stored, then removed there.

The outbox is listed whole and compared with the journal, never "newer than".
A file is removed at the payer's only after its bytes are fsynced and its row is
committed, so a crash leads to a second look, never to a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from attrs import Factory, define
from twisted.logger import Logger

from config.errors import ConfigErrors
from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import anomalies, circuits, leases, returns, sandbox
from gateway.storage.payloads import Payloads
from gateway.wording import counted
from protocols.channels.interface import Channel, RemoteFile
from protocols.errors import (
    CredentialsRefused,
    PayerBusy,
    PayerRefused,
    PayerUnavailable,
    TransferError,
    UntrustedHost,
)
from routing.directory import Directory
from routing.errors import NoRoute

_MOST_FAILED: Final = 5  # files of one outbox, before it is left for this time
_MOST_REFUSED: Final = 100  # the same, of those that only it does not give
_LOCKED_OUT: Final = (CredentialsRefused, UntrustedHost)


@define
class _Taken:
    """What came out of an outbox, and what it did not give."""

    came: int = 0
    refused: list[TransferError] = Factory(list)


class Collect:
    """Empties outboxes; one node at a time for each, by a lease."""

    name = "collect"
    _log = Logger()

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        channel: Callable[[str], Channel],
        directory: Callable[[], Directory],
        entropy: Entropy,
        now: Now,
        worker: str,
        lease: float,
    ) -> None:
        self._database = database
        self._payloads = payloads
        self._channel = channel
        self._directory = directory
        self._entropy = entropy
        self._now = now
        self._worker = worker
        self._lease = lease

    def endpoints(self) -> dict[str, str]:
        """Map every endpoint that a payer uses to its network.

        With those of sandboxes that have something: they are as many as there are
        test clients and payers, and nearly always empty.
        """
        directory = self._directory()
        found = {
            payer.endpoint: payer.network
            for payer in directory.payers()
            if payer.endpoint is not None
        }
        for row in self._database.read(sandbox.ready, self._now()):
            with suppress(NoRoute):  # of a payer that has left the directory
                payer = directory.payer(row.endpoint_id)
                found[row.endpoint_id] = payer.network
        return found

    def run_once(self) -> bool:
        """Empty every outbox once, one after the other; True if anything came."""
        came = [self.empty(*each) for each in self.endpoints().items()]
        return any(came)

    def empty(self, endpoint: str, network: str) -> bool:
        """Empty one outbox, unless another node does; True if anything came."""
        name = f"collect/{endpoint}"
        if not self._database.write("collect.begin", self._begin, name, endpoint):
            return False
        taken = _Taken()
        try:
            self._take_all(endpoint, network, taken)
        except TransferError as error:
            self._database.write("collect.failed", self._failed, name, endpoint, error)
        except BaseException:
            self._database.write("collect.end", leases.release, name, self._worker)
            raise
        else:
            self._database.write(
                "collect.done", self._done, name, endpoint, taken.refused
            )
        return bool(taken.came)

    def _take_all(self, endpoint: str, network: str, taken: _Taken) -> None:
        """Store and remove what there is; raise the last of what the line refused."""
        channel = self._open(endpoint)
        files = channel.list()
        known = self._database.read(
            returns.known, endpoint, [_shown(file.name) for file in files]
        )
        failed: list[TransferError] = []
        for file in files:
            try:
                self._collect(channel, endpoint, network, file, known)
                taken.came += 1
            except PayerRefused as error:
                # The outbox answers: it is no reason to leave it alone.
                taken.refused.append(error)
                if len(taken.refused) >= _MOST_REFUSED:
                    break
            except TransferError as error:
                # One bad file does not hold back those behind it.
                failed.append(error)
                if isinstance(error, _LOCKED_OUT) or len(failed) >= _MOST_FAILED:
                    break
        if failed:
            raise failed[-1]

    def _open(self, endpoint: str) -> Channel:
        try:
            return self._channel(endpoint)
        except (NoRoute, ConfigErrors) as error:
            raise PayerUnavailable(f"{endpoint}: {error}") from error

    def _begin(self, tx: Tx, name: str, endpoint: str) -> bool:
        if not leases.take(tx, name, self._worker, self._lease):
            return False
        if circuits.try_endpoint(tx, endpoint):
            return True
        leases.release(tx, name, self._worker)
        return False

    def _collect(
        self,
        channel: Channel,
        endpoint: str,
        network: str,
        file: RemoteFile,
        known: dict[tuple[str, int, float], Any],
    ) -> None:
        shown = file._replace(name=_shown(file.name))
        there = known.get((shown.name, file.size, file.modified))
        if there is not None and (there.confirmed_at is not None or not file.modified):
            there = None  # that one was removed, or cannot be told from this one
        returned = None if there is None else there.id
        if returned is None:
            stored = self._payloads.store(lambda into: channel.fetch(file, into))
            returned = self._database.read(returns.by_content, endpoint, stored.sha256)
            if returned is None:

                def note(tx: Tx) -> str:
                    self._payloads.record(tx, [stored])
                    return returns.add(
                        tx, self._entropy, endpoint, network, shown, stored
                    )

                returned = self._database.write("collect.store", note)
        channel.remove(file)
        self._database.write("collect.confirm", returns.confirmed, returned)

    def _done(
        self, tx: Tx, name: str, endpoint: str, refused: Sequence[TransferError]
    ) -> None:
        """Note that an endpoint answers, whatever of it could not be taken."""
        leases.release(tx, name, self._worker)
        if refused:
            anomalies.raise_(
                tx,
                self._entropy,
                kind="return-stuck",
                severity=anomalies.ERROR,
                subject=endpoint,
                words=f"endpoint {endpoint}: {counted(len(refused), 'file')} cannot be "
                f"taken; the last: {refused[-1]}",
            )
        else:
            anomalies.settle(
                tx, kind="return-stuck", subject=endpoint, reason="all was taken"
            )
        if circuits.succeeded(tx, endpoint):
            for kind in ("payer-locked-out", "payer-unreachable"):
                anomalies.settle(
                    tx, kind=kind, subject=endpoint, reason="the endpoint answers again"
                )

    def _failed(self, tx: Tx, name: str, endpoint: str, error: TransferError) -> None:
        leases.release(tx, name, self._worker)
        if isinstance(error, PayerBusy):
            return  # it is there: nothing is counted against it
        locked_out = isinstance(error, _LOCKED_OUT)
        self._log.warn(
            "outbox {endpoint} cannot be emptied: {error}",
            endpoint=endpoint,
            error=str(error),
        )
        if circuits.failed(tx, endpoint, error.code, at_once=locked_out):
            anomalies.raise_(
                tx,
                self._entropy,
                kind="payer-locked-out" if locked_out else "payer-unreachable",
                severity=anomalies.CRITICAL if locked_out else anomalies.WARNING,
                subject=endpoint,
                words=f"endpoint {endpoint}: {error}",
            )


def _shown(name: str) -> str:
    """Write a file's name so that it can be stored: odd bytes as escapes."""
    return name.encode("utf-8", "backslashreplace").decode()

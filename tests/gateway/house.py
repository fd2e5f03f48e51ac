"""A whole small gateway in a temporary folder, for tests: real journal, real storage.

Nothing is imitated but the clock (only the test moves it), the randomness
(seeded) and the threads (everything runs where it is called, so a Deferred has
fired when the call returns).
"""

from __future__ import annotations

import atexit
import errno
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Final
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock

from config.directory_records import DirectoryData
from gateway.database import Database
from gateway.intake.credentials import JournalCredentials, new_token, token_hash
from gateway.intake.interface import Client, Stored
from gateway.intake.receipts import ReceiptSigner
from gateway.intake.reception import Reception
from gateway.intake.referential_folder import ReferentialFolder
from gateway.intake.tree import ClientTree
from gateway.journal import clients, schema
from gateway.journal.dialect import open_engine
from gateway.referential.versions import Versions
from gateway.steps.seal import Seal
from gateway.storage import local, payloads
from gateway.storage.local import LocalStorage
from gateway.storage.payloads import Payloads
from gateway.storage.vault import KeyRing
from protocols.interface import Network
from routing.directory import Directory

START: Final = 1_795_000_000.0  # 2026-11-18, a Wednesday
SEGMENT_LIMIT: Final = 64 * 1024
NETWORKS: Final = ("sesam", "mycarenet")


@contextmanager
def full_disk() -> Iterator[None]:
    """Have storage find no room, as on a full disk."""
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with ExitStack() as stack:
        for module in (local, payloads):
            stack.enter_context(patch.object(module, "write_all", side_effect=error))
        yield


class Seen:
    """Remembers what the reception reports; satisfies `ReceptionObserver`."""

    def __init__(self) -> None:
        self.deposits: list[tuple[str, str, int, float]] = []
        self.limits: list[str] = []

    def deposit(self, channel: str, outcome: str, size: int, seconds: float) -> None:
        """Note one deposit."""
        self.deposits.append((channel, outcome, size, seconds))

    def limit(self, name: str) -> None:
        """Note one limit."""
        self.limits.append(name)


class House:
    """The parts every door and step needs, wired as the composition root does."""

    def __init__(
        self,
        url: str = "",
        *,
        seed: int = 1,
        segment_limit: int = SEGMENT_LIMIT,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="octway-test-"))
        self.url = url or f"sqlite:///{self.folder / 'journal.db'}"
        self.clock = Clock()
        self.clock.advance(START)
        self.now = self.clock.seconds
        self.entropy = random.Random(seed).randbytes
        self.seen = Seen()
        self.directory = Directory(
            DirectoryData(payers=(), endpoints=(), tables={}, sources={})
        )
        self.networks: dict[str, Network] = {}
        writer = open_engine(self.url, write=True, connections=1)
        if not url:
            shutil.copyfile(_empty_journal(), self.folder / "journal.db")
        self.database = Database(
            writer=writer,
            reader=open_engine(self.url, write=False, connections=4),
            chain="test",
            now=self.now,
            call_from_thread=lambda call: call(),
        )
        self.storage = LocalStorage(
            self.folder / "storage", node="test", segment_size=8 * 1024 * 1024
        )
        self.keys = KeyRing(
            {"k1": self.entropy(32)}, "k1", self.entropy(32), self.entropy
        )
        self.payloads = Payloads(
            storage=self.storage,
            keys=self.keys,
            now=self.now,
            entropy=self.entropy,
            segment_limit=segment_limit,
        )
        self.receipt_key = Ed25519PrivateKey.from_private_bytes(self.entropy(32))
        self.signer = ReceiptSigner(self.receipt_key)
        self.reception = Reception(
            database=self.database,
            payloads=self.payloads,
            signer=self.signer,
            now=self.now,
            entropy=self.entropy,
            run_in_thread=maybeDeferred,
            observe=self.seen,
            least_free=0,
        )

    def seal(self) -> None:
        """Chain all receipts, and give the days that are over their roots."""
        while self._step.run_once():
            pass

    @cached_property
    def _step(self) -> Seal:
        return Seal(
            database=self.database,
            signer=self.signer,
            entropy=self.entropy,
            now=self.now,
            worker="test",
            lease=120.0,
        )

    @cached_property
    def credentials(self) -> JournalCredentials:
        """Look-ups of clients; made on demand, for its decoy hash takes its time."""
        return JournalCredentials(
            database=self.database,
            run_in_thread=maybeDeferred,
            defaults=self.limits(),
        )

    @staticmethod
    def limits(
        client: str = "",
        *,
        max_file_size: int = 0,
        max_open_uploads: int = 0,
        max_bytes_per_second: int = 0,
    ) -> Client:
        """Make a client record with these limits (0: none)."""
        return Client(
            id=client,
            name=client.capitalize(),
            max_file_size=max_file_size,
            max_open_uploads=max_open_uploads,
            max_bytes_per_second=max_bytes_per_second,
        )

    def client(self, client: str = "alpha", **limits: int) -> Client:
        """Open an account in the journal and give it as a login would."""
        self.database.write(
            "client.add",
            lambda tx: clients.add(
                tx, client, name=client.capitalize(), vendor="Acme", software="Demo"
            ),
        )
        if limits:
            self.database.write(
                "client.limits", lambda tx: clients.set_limits(tx, client, **limits)
            )
        return self.limits(client, **limits)

    def token(self, client: str) -> str:
        """Give an account a bearer token and return it."""
        token = new_token(self.entropy)
        self.database.write(
            "client.key",
            lambda tx: clients.add_key(
                tx,
                client,
                kind=clients.TOKEN,
                fingerprint=token_hash(token),
                public="",
                comment="test",
            ),
        )
        return token

    @cached_property
    def versions(self) -> Versions:
        """Give the versions of the directory; that of the house is empty at first."""
        return Versions(
            database=self.database,
            directory=lambda: self.directory,
            networks=self.networks,
            now=self.now,
        )

    def tree(
        self,
        client: Client,
        *,
        channel: str = "sftp",
        networks: Sequence[str] = NETWORKS,
        listed_since: Callable[[], float] = lambda: 0.0,
    ) -> ClientTree:
        """Give the client's tree as a door would."""
        return ClientTree(
            client=client,
            reception=self.reception,
            networks=networks,
            referential=ReferentialFolder(self.versions, client.id, channel),
            channel=channel,
            listed_since=listed_since,
        )

    def deposit(
        self, client: Client, name: str, content: bytes, *, channel: str = "sftp"
    ) -> Stored:
        """Deposit a file through the reception and return what it became."""
        upload = self.reception.begin(client, channel, f"/in/{name}")
        upload.write(0, content)
        return result(upload.close())

    def close(self) -> None:
        """Close files and connections, and remove the folder."""
        self.database.stop()
        self.storage.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def _empty_journal() -> Path:
    """Make an empty journal once per process; a copy costs next to nothing."""
    folder = tempfile.mkdtemp(prefix="octway-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "empty.db"
    engine = open_engine(f"sqlite:///{path}", write=True, connections=1)
    schema.metadata.create_all(engine)
    engine.dispose()  # the last connection brings all of it into the one file
    return path


def no_payers(database: Database, client: str) -> ReferentialFolder:
    """Give the folder of a referential in which there is nobody."""
    nobody = Directory(DirectoryData(payers=(), endpoints=(), tables={}, sources={}))
    versions = Versions(
        database=database, directory=lambda: nobody, networks={}, now=lambda: START
    )
    return ReferentialFolder(versions, client, "sftp")


def result(deferred: Deferred[Stored]) -> Stored:
    """Return what has been stored already, or raise what went wrong."""
    found: list[object] = []
    deferred.addBoth(found.append)
    (value,) = found
    if not isinstance(value, Stored):
        value.raiseException()  # type: ignore[attr-defined]
        raise TypeError(value)
    return value

"""A gateway with every step, one toy network and payers on folders; and its crashes.

A `Site` is what survives a crash: folders, database, keys, the payers' sides.
Its `gateway` is the program; `crash` abandons it as it is and opens another on
the same site.  The `fuse` stands at every place where something becomes
durable, or a payer is spoken to, and can end the program right there.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, Row, Table, event, select
from twisted.internet.defer import maybeDeferred
from twisted.python.failure import Failure

from config.directory_records import (
    CalendarEntry,
    CodeEntry,
    Delivery,
    DirectoryData,
    EndpointEntry,
    Expects,
    Gather,
    PayerEntry,
    Retry,
    Rows,
    Window,
    Within,
)
from config.settings import Settings
from gateway.database import Database
from gateway.errors import StorageUnavailable
from gateway.house import CurrentDirectory, House
from gateway.intake.interface import Client, Stored
from gateway.intake.receipts import ReceiptSigner
from gateway.intake.reception import Reception
from gateway.journal import clients, events, ledger_check, ledger_rounds, schema, staff
from gateway.journal.dialect import open_engine
from gateway.journal.prepared import Prepared
from gateway.journal.schema_owed import SENT
from gateway.journal.verify_accounts import accounts
from gateway.storage.local import LocalStorage
from gateway.storage.payloads import Payloads
from gateway.storage.vault import KeyRing
from gateway.workshop import Steps, build_steps
from protocols.catalog import Catalog
from protocols.channels.folder import open_channel
from protocols.channels.interface import Arrival, Channel, RemoteFile, Sent
from protocols.errors import OutcomeUnknown, TransferError
from protocols.interface import Network
from protocols.sending import Emitter
from protocols.tables import Tables
from routing.directory import Directory
from routing.envelope import AnswerKind
from tests.engines import drop_database, new_database, new_folder
from tests.gateway.house import START, Seen, result
from tests.gateway.steps.toy import Toy, claims_of

LEASE: Final = 120.0
_MOST_TURNS: Final = 500
SEGMENT_LIMIT: Final = 200  # so that small files of a test take the way of large ones


class Crash(BaseException):
    """The program ends here: nothing may catch it, nothing is tidied up."""


_WROTE = """
    SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)
    FROM pg_stat_xact_user_tables
"""


class Fuse:
    """Counts the places where a program can die, and ends it at one of them."""

    def __init__(self) -> None:
        self.burnt = 0
        self.changed = False  # whether the last transaction wrote anything
        self._changes = 0
        self._at: int | None = None
        self._goes_in: int | None = None

    def blow_at(self, place: int | None) -> None:
        """Die at the `place`-th place from now (0 is the next); None: live."""
        self.burnt = 0
        self._at = place

    def journal_goes_in(self, commits: int | None) -> None:
        """Take the journal away after so many commits; None: it is back."""
        self._goes_in = commits

    def is_away(self) -> bool:
        """Say whether the journal is away; counts the commits until it goes."""
        if self._goes_in is None:
            return False
        self._goes_in -= 1
        return self._goes_in < 0

    def committing(self, connection: Connection) -> None:
        """See whether a transaction that is about to be committed wrote anything."""
        driver: Any = connection.connection.dbapi_connection
        before = self._changes
        if connection.dialect.name == "sqlite":
            self._changes = driver.total_changes
        else:  # counted for the session; it begins anew now and then
            (self._changes,) = driver.execute(_WROTE).fetchone()
        self.changed = self._changes not in {before, 0}

    def burn(self) -> None:
        """Pass a place, or die there; a dead program dies at all that follow."""
        self.burnt += 1
        self.check()

    def check(self) -> None:
        """Die again if it is dead already."""
        if self._at is not None and self.burnt > self._at:
            raise Crash


class FusedDatabase(Database):
    """A database with a fuse behind every commit that changed anything."""

    def __init__(self, fuse: Fuse, **parts: Any) -> None:
        super().__init__(**parts)
        self._fuse = fuse

    def _commit(self, batch: list[Any]) -> list[tuple[Any, Any]]:
        self._fuse.check()
        if self._fuse.is_away():
            away = Failure(StorageUnavailable("the journal is away"))
            return [(work, away) for work in batch]
        self._fuse.changed = False
        done = super()._commit(batch)
        if self._fuse.changed:
            self._fuse.burn()
        return done


class FusedStorage(LocalStorage):
    """Storage with a fuse behind every write."""

    fuse: Fuse

    def append(self, sealed: Sequence[bytes]) -> Any:
        places = super().append(sealed)
        self.fuse.burn()
        return places

    def publish(self, name: str) -> Any:
        place = super().publish(name)
        self.fuse.burn()
        return place


class PayerSide:
    """A payer's folders, and what it does to a line."""

    def __init__(self, folder: Path, fuse: Fuse) -> None:
        self.inbox = folder / "in"
        self.outbox = folder / "out"
        for each in (self.inbox, self.outbox):
            each.mkdir(parents=True)
        self.taken: list[tuple[str, bytes]] = []
        self.lost: set[str] = set()  # files of which it has said that it has none
        self.faults: list[TransferError] = []
        self.shows: list[Arrival] = []
        self.settings = {
            "send_folder": str(self.inbox),
            "collect_folder": str(self.outbox),
            "keeps_files": True,
        }
        self._fuse = fuse

    def channel(self) -> PayerChannel:
        """Open the channel to this payer."""
        return PayerChannel(self, open_channel(self.settings), self._fuse)

    def files(self) -> dict[str, bytes]:
        """Read every file that was handed over, by name."""
        return {path.name: path.read_bytes() for path in sorted(self.inbox.iterdir())}

    def answer(self, name: str, content: bytes) -> None:
        """Put a return into the outbox."""
        working = self.outbox / f".{name}"
        working.write_bytes(content)
        working.rename(self.outbox / name)


class PayerChannel:
    """The real folder channel, with a fuse, and faults that the payer has planned."""

    def __init__(self, side: PayerSide, inner: Channel, fuse: Fuse) -> None:
        self._side = side
        self._inner = inner
        self._fuse = fuse

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        self._fuse.check()
        fault = self._side.faults.pop(0) if self._side.faults else None
        if fault is not None and not isinstance(fault, OutcomeUnknown):
            raise fault
        sent = self._inner.send(name, size, body)
        self._side.taken.append((name, (self._side.inbox / name).read_bytes()))
        self._fuse.burn()
        if fault is not None:
            raise fault
        return sent

    def ask(self, name: str, size: int) -> Arrival:
        self._fuse.check()
        if self._side.faults and not isinstance(self._side.faults[0], OutcomeUnknown):
            raise self._side.faults.pop(0)
        if self._side.shows:
            return self._side.shows.pop(0)
        return self._inner.ask(name, size)

    def list(self) -> Sequence[RemoteFile]:
        self._fuse.check()
        return self._inner.list()

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        return self._inner.fetch(file, into)

    def remove(self, file: RemoteFile) -> None:
        self._fuse.check()
        self._inner.remove(file)
        self._fuse.burn()

    def check(self) -> str:
        return self._inner.check()

    def close(self) -> None:
        self._inner.close()


class Quiet(Seen):
    """Listens to everything that the steps count."""

    def __init__(self) -> None:
        super().__init__()
        self.ties: Counter[str] = Counter()
        self.webhooks: Counter[str] = Counter()
        self.lots: Counter[tuple[str, str]] = Counter()

    def attempt(self, payer: str, outcome: str) -> None:
        pass

    def lot(self, payer: str, flow: str, state: str, count: int = 1) -> None:
        self.lots[payer, state] += count

    def answered(
        self, payer: str, flow: str, kind: str, outcome: str, delay: float | None
    ) -> None:
        pass

    def returned(self, payer: str, kind: str, matched: str) -> None:
        pass

    def orphans(self, payer: str, count: int) -> None:
        pass

    def remedy(self, payer: str, remedy: str, outcome: str) -> None:
        pass

    def notice(self, channel: str, outcome: str) -> None:
        pass

    def tied(self, payer: str, how: str, count: int) -> None:
        self.ties[how] += count

    def webhook(self, outcome: str) -> None:
        self.webhooks[outcome] += 1

    def step_turned(self, name: str) -> None:
        pass

    def step(self, name: str, seconds: float) -> None:
        pass

    def step_failed(self, name: str) -> None:
        pass


class Program:
    """One run of the gateway's program on a site: a node of it, with its engines."""

    def __init__(self, site: Site, node: str, writer: Engine, reader: Engine) -> None:
        now, entropy = site.now, site.entropy
        self.database = FusedDatabase(
            site.fuse,
            writer=writer,
            reader=reader,
            chain=node,
            now=now,
            call_from_thread=lambda call: call(),
        )
        self.storage = FusedStorage(
            site.folder / "storage", node=node, segment_size=64 * 1024
        )
        self.storage.fuse = site.fuse
        self.payloads = Payloads(
            storage=self.storage,
            keys=site.keys,
            now=now,
            entropy=entropy,
            segment_limit=SEGMENT_LIMIT,
        )
        signer = ReceiptSigner(site.receipt_key)
        self.reception = Reception(
            database=self.database,
            payloads=self.payloads,
            signer=signer,
            now=now,
            entropy=entropy,
            run_in_thread=maybeDeferred,
            observe=site.seen,
            least_free=0,
        )
        settings = Settings()
        self.house = house = House(
            settings=evolve(settings, node=evolve(settings.node, id=node)),
            catalog=Catalog(networks=(), channels=()),
            networks=site.networks,
            emitters=dict.fromkeys(site.networks, site.emitter),
            database=self.database,
            payloads=self.payloads,
            directory=site.directory,
            now=now,
            entropy=entropy,
        )
        channels: Any = lambda endpoint: site.payers[endpoint].channel()  # noqa: E731
        self.steps: Steps = build_steps(house, channels, site.seen, signer)

    def close(self) -> None:
        """Let go of files and connections, as the end of a process would."""
        self.database.stop()
        self.storage.close()


class Site:
    """Everything that a crash of the program leaves behind."""

    def __init__(
        self,
        engine: str = "sqlite",
        *,
        network: Network | None = None,
        payers: Sequence[str] = ("P1", "P2"),
    ) -> None:
        self.folder = new_folder("octway-site-")
        self.url = new_database(engine, self.folder)
        self.writer = open_engine(self.url, write=True, connections=1)
        self.reader = open_engine(self.url, write=False, connections=4)
        self.at = START
        self.seed = random.Random(1)
        self.entropy = self.seed.randbytes
        self.keys = KeyRing(
            {"k1": self.entropy(32)}, "k1", self.entropy(32), self.entropy
        )
        self.receipt_key = Ed25519PrivateKey.from_private_bytes(self.entropy(32))
        self.seen = Quiet()
        self.fuse = Fuse()
        event.listen(self.writer, "commit", self.fuse.committing)
        network = network or Toy()
        self.networks: Mapping[str, Network] = {network.name: network}
        self.emitter = Emitter(number="1", kind="OT", name="Test")
        self.payers = {
            f"e-{code}": PayerSide(self.folder / "payers" / code, self.fuse)
            for code in payers
        }
        self.entries = {code: payer(code, network.name) for code in payers}
        self.kinds: dict[
            str, Sequence[AnswerKind]
        ] = {}  # all answers prove all, unless set
        self.tables: dict[str, Rows] = {}  # of the network, by name
        self.directory = CurrentDirectory(self._directory())
        self.accepted: dict[str, bytes] = {}
        self.gateway = Program(self, "node-1", self.writer, self.reader)

    def now(self) -> float:
        """Return the time, which only the test moves."""
        return self.at

    def payer(self, code: str = "P1") -> PayerSide:
        """Return a payer's side by the payer's code."""
        return self.payers[f"e-{code}"]

    def client(self, name: str = "alpha") -> Client:
        """Open an account once, and give it as a login would."""
        if self.row(schema.client, schema.client.c.id == name) is None:
            self.gateway.database.write(
                "client",
                lambda tx: clients.add(tx, name, name=name, vendor="V", software="S"),
            )
        return Client(
            id=name,
            name=name,
            max_file_size=0,
            max_open_uploads=0,
            max_bytes_per_second=0,
        )

    def staff(self, name: str = "lea", role: str = "operator") -> str:
        """Open a staff account once, and give its name."""
        if self.row(schema.staff, schema.staff.c.id == name) is None:
            values = {"role": role, "password_hash": "", "by": "test"}
            self.gateway.database.write(
                "staff", lambda tx: staff.add(tx, name, **values)
            )
        return name

    def deposit(
        self, content: bytes, *, client: str = "alpha", name: str = ""
    ) -> Stored:
        """Deposit a file; what is acknowledged is remembered as such."""
        upload = self.gateway.reception.begin(
            self.client(client), "sftp", f"/in/{name or len(self.accepted)}"
        )
        upload.write(0, content)
        self.at += 0.01  # so that names of one test sort as they were made
        stored = result(upload.close())
        self.accepted[stored.deposit] = content
        return stored

    def change(self, code: str, **values: Any) -> None:
        """Put a new directory in force in which one payer differs."""
        self.entries[code] = evolve(self.entries[code], **values)
        self.directory.replace(self._directory())

    def tell(self, tables: Tables) -> None:
        """Put a new directory in force with these tables of the network."""
        self.tables = {name: tuple(rows) for name, rows in tables.items()}
        self.directory.replace(self._directory())

    def leave(self, code: str) -> None:
        """Put a directory in force that lacks a payer."""
        del self.entries[code]
        self.directory.replace(self._directory())

    def run(self, *names: str) -> None:
        """Run steps until they have nothing to do: those named, else all but `seal`.

        That one stands on no claim's way; tests that are about it name it.
        """
        for step in self.gateway.steps.in_order():
            if step.name in names if names else step.name != "seal":
                for _ in range(_MOST_TURNS):
                    if not step.run_once():
                        break
                else:
                    raise AssertionError(f"{step.name} finds no end")

    def settle(self, rounds: int = 3) -> None:
        """Let everything run on, with time for leases to end in between."""
        for _ in range(rounds):
            self.run()
            self.at += LEASE + 1
        self.run()

    def crash(self) -> None:
        """End the program where it stands and start another."""
        self.fuse.blow_at(None)
        self.fuse.journal_goes_in(None)
        self.gateway.close()
        self.gateway = Program(self, "node-1", self.writer, self.reader)

    def node(self, name: str) -> Program:
        """Start another node on the same journal, folders and payers."""
        writer = open_engine(self.url, write=True, connections=1)
        reader = open_engine(self.url, write=False, connections=4)
        return Program(self, name, writer, reader)

    def dies(self, work: Callable[[], object], place: int) -> bool:
        """Run something that dies at a place; False if it ended before."""
        self.fuse.blow_at(place)
        try:
            work()
        except Crash:
            self.crash()
            return True
        self.fuse.blow_at(None)
        return False

    def rows(self, table: Table, *conditions: Any) -> list[Row[*tuple[Any, ...]]]:
        """Read a table by its primary key."""
        if not conditions:
            return self.gateway.database.read(_whole(table).rows, {})
        query = select(table).where(*conditions).order_by(*table.primary_key)
        return self.gateway.database.read(
            lambda connection: list(connection.execute(query))
        )

    def row(self, table: Table, *conditions: Any) -> Row[*tuple[Any, ...]] | None:
        """Read the only row that fits, if there is one."""
        found = self.rows(table, *conditions)
        assert len(found) <= 1
        return found[0] if found else None

    def states(self, table: Table) -> list[str]:
        """List the states of a table's rows."""
        return [row.state for row in self.rows(table)]

    def anomalies(self) -> dict[str, str]:
        """Tell the state of every anomaly by its kind."""
        return {row.kind: row.state for row in self.rows(schema.anomaly)}

    def handed_back(self, client: str) -> list[bytes]:
        """Read every file that was made for a client."""
        return [
            self.read(row.payload_id)
            for row in self.rows(schema.handback, schema.handback.c.client_id == client)
        ]

    def read(self, payload: str) -> bytes:
        """Read a stored payload."""
        with self.gateway.database.read(self.gateway.payloads.open, payload) as file:
            return file.read()

    def check(self) -> None:
        """Assert what must hold at every moment, whatever happened before."""
        read = self.gateway.database.read
        assert read(lambda each: list(events.broken_links(each))) == []
        assert read(ledger_check.imbalance) == 0
        assert read(ledger_rounds.look, None).wrong == {}
        assert read(lambda each: list(self.gateway.payloads.broken(each))) == []
        assert self.breaks() == ()
        deposits = {row.id: row for row in self.rows(schema.deposit)}
        purged = {row.id for row in self.rows(schema.payload) if row.purged_at}
        for name, content in self.accepted.items():
            payload = deposits[name].payload_id
            assert payload in purged or self.read(payload) == content
        self._check_numbers()
        self._check_cohorts()
        for side in self.payers.values():
            self._check_deliveries(side)

    def breaks(self) -> tuple[str, ...]:
        """Derive all accounts anew from the stored files, and say what differs."""
        verdict = self.gateway.database.read(
            accounts, self.gateway.payloads, self.networks, lambda *_: None
        )
        return verdict.breaks

    def close(self) -> None:
        """Remove everything."""
        self.gateway.close()
        drop_database(self.url)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check_numbers(self) -> None:
        """Numbers of files are handed out once each in a flow, without a gap."""
        series: dict[tuple[str, str], list[int]] = {}
        for row in self.rows(schema.dispatch):
            series.setdefault((row.payer_id, row.flow), []).append(row.number)
        for numbers in series.values():
            assert sorted(numbers) == list(range(1, len(numbers) + 1))

    def _check_cohorts(self) -> None:
        """Every claim that is owed an answer is counted once, and each answer once."""
        owed = self.rows(schema.expectation)
        lots = {row.id: row.claims for row in self.rows(schema.lot)}
        sent: Counter[str] = Counter()
        answered: Counter[str] = Counter()
        for lot, kind in {(row.lot_id, row.kind) for row in owed}:
            rows = [row for row in owed if (row.lot_id, row.kind) == (lot, kind)]
            claims = lots[lot] if rows[0].level == "claim" else 1
            sent[kind] += claims
            answered[kind] += claims - min(row.owed for row in rows)
        counted: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for row in self.rows(schema.cohort):
            counted[row.after == SENT][row.kind] += row.claims
        assert counted[True] == sent
        assert counted[False] == +answered

    def _check_deliveries(self, side: PayerSide) -> None:
        """A file that came twice is the same file; no claim is in two that it has."""
        contents: dict[str, set[bytes]] = {}
        for name, content in side.taken:
            contents.setdefault(name, set()).add(content)
        assert all(len(each) == 1 for each in contents.values())
        claims = [
            key
            for name, (content,) in contents.items()
            if name not in side.lost
            for key, _, _ in claims_of(content)
        ]
        assert sorted(claims) == sorted(set(claims))

    def _directory(self) -> Directory:
        endpoints = [
            EndpointEntry(
                id=name, channel="folder", simulated=True, settings=side.settings
            )
            for name, side in self.payers.items()
        ]
        return Directory(
            DirectoryData(
                payers=tuple(self.entries.values()),
                endpoints=tuple(endpoints),
                tables={next(iter(self.networks)): self.tables},
                kinds=self.kinds,
                sources={
                    "payers": [repr(each) for each in self.entries.values()],
                    "tables": self.tables,
                },
            )
        )


def payer(code: str, network: str) -> PayerEntry:
    """Make a payer that is always open, waits for nothing and owes two answers."""
    hour = Within(0, 3600.0)
    return PayerEntry(
        id=f"payer-{code}",
        name=code,
        network=network,
        country="FR",
        time_zone="Europe/Paris",
        codes=(CodeEntry(code, None, None, None),),
        endpoint=f"e-{code}",
        flows=(),
        enrolment=False,
        rules={},
        gather=Gather(max_lots=100, max_claims=10_000, max_size=10**9, wait=0.0),
        delivery=Delivery(
            windows=(),
            concurrency=2,
            retry=Retry(first=10.0, factor=2.0, max=60.0, give_up_after=86_400.0),
            resend_same_number=False,
        ),
        expects=(
            Expects("arl", "lot", "", hour, hour),
            Expects("payment", "claim", "", Within(0, 7200.0), hour),
        ),
        calendar=CalendarEntry(weekend=()),
    )


def closed_now(at: float) -> tuple[Window, ...]:
    """Give a window that opens on the next day only."""
    day = int(at // 86_400 + 4) % 7  # 1970-01-01 was a Thursday
    return (Window(((day + 2) % 7,), 480, 1080),)


@cache
def _whole(table: Table) -> Prepared:
    return Prepared(select(table).order_by(*table.primary_key))

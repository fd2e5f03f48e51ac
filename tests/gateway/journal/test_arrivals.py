"""Lists that are gone on with later neither skip nor repeat, whoever writes meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from attrs import define, field, frozen
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, update

from gateway.committing import Tx
from gateway.journal import arrivals, deposits, handbacks, queries, schema
from gateway.journal.deposits import NewDeposit
from gateway.journal.dialect import open_engine
from gateway.storage.local import Place
from gateway.storage.payloads import StoredPayload
from gateway.storage.vault import WrappedKey
from routing.lifecycle import ReturnState
from tests.gateway.journal.desk import START

NODES = (0, 1)
STORED = StoredPayload(
    id="p",
    sha256="s",
    size=1,
    place=Place("f", 0),
    key=WrappedKey(key_id="k", wrapped=b""),
)
ACTIONS = st.lists(
    st.sampled_from(
        [
            *(("add", node) for node in NODES),
            *(("commit", node) for node in NODES),
            ("roll back", 0),
            ("clock", -5),
            ("clock", 7),
            *(("read", limit) for limit in (1, 2, 9)),
        ]
    ),
    min_size=12,
    max_size=40,
)
OVERTAKEN: list[tuple[str, int]] = [  # the first to begin is the last to commit
    ("add", 0),
    ("add", 1),
    ("commit", 1),
    ("read", 3),
    ("commit", 0),
]
_numbers = itertools.count(1)


@frozen
class Returned:
    """What a handback is made from."""

    id: str = "r"
    network: str = "toy"
    format: str = "toy"


def add_deposit(tx: Tx, client: str, name: str) -> None:
    deposits.add(
        tx,
        [
            NewDeposit(
                id=name,
                client=client,
                payload="p",
                channel="test",
                path=f"/in/{name}",
                label="",
                sha256=name,
                size=1,
                receipt=b"",
            )
        ],
    )


def add_return(tx: Tx, client: str, name: str) -> None:
    row: Any = Returned()
    entropy = name.encode().__getitem__
    made = handbacks.add(
        tx, lambda size: entropy(slice(size)), row, client, name, STORED, []
    )
    table = schema.handback
    tx.connection.execute(update(table).where(table.c.id == made).values(id=name))


def read_deposits(connection: Connection, client: str, **options: Any) -> Any:
    return queries.deposits(connection, client, oldest_first=True, **options)


def read_returns(connection: Connection, client: str, **options: Any) -> Any:
    return queries.returns(connection, client, **options)


LISTS: list[Any] = [
    pytest.param(schema.deposit, add_deposit, read_deposits, id="deposits"),
    pytest.param(schema.handback, add_return, read_returns, id="returns"),
]


@pytest.fixture
def writer(url: str) -> Iterator[Engine]:
    """Give an engine that writes, with a payload and a payer's return."""
    engine = open_engine(url, write=True, connections=2)
    with engine.begin() as connection:
        payload = {
            "id": "p",
            "sha256": "s",
            "size": 1,
            "place": "f",
            "place_offset": 0,
            "key_id": "k",
            "wrapped_key": b"",
            "created_at": START,
        }
        connection.execute(insert(schema.payload), payload)
        connection.execute(
            insert(schema.payer_return),
            {
                "id": "r",
                "endpoint_id": "e",
                "network": "toy",
                "remote_name": "r",
                "remote_size": 1,
                "remote_modified": START,
                "payload_id": "p",
                "sha256": "s",
                "state": ReturnState.STORED,
                "collected_at": START,
            },
        )
    yield engine
    engine.dispose()


@define
class Play:
    """Two nodes that write, each with a clock of its own, and one reader."""

    writer: Engine
    reader: Engine
    client: str
    add: Callable[[Tx, str, str], None]
    page: Callable[..., Any]
    at: Any
    clock: float = START
    open: dict[int, ExitStack] = field(factory=dict)
    txs: dict[int, Tx] = field(factory=dict)
    pending: dict[int, list[str]] = field(factory=dict)
    written: set[str] = field(factory=set)
    seen: list[str] = field(factory=list)
    left: tuple[float, str] | None = None

    def begin(self, node: int) -> None:
        alone = self.writer.dialect.name == "sqlite"  # one writer at a time
        if node in self.open or (alone and self.open):
            return
        stack = ExitStack()
        connection = stack.enter_context(self.writer.connect())
        connection.begin()
        self.open[node] = stack
        self.txs[node] = Tx(connection, self.clock + 3 * node)  # clocks that differ
        self.pending[node] = []

    def put(self, node: int) -> None:
        self.begin(node)
        if node in self.open:
            name = f"{next(_numbers) * 7919 % 100_003:06}"  # ids in no order
            self.add(self.txs[node], self.client, name)
            self.pending[node].append(name)

    def end(self, node: int, *, commit: bool) -> None:
        if node not in self.open:
            return
        connection = self.txs.pop(node).connection
        names = self.pending.pop(node)
        if commit:
            connection.commit()
            self.written.update(names)
        else:
            connection.rollback()
        self.open.pop(node).close()

    def read(self, limit: int) -> int:
        with self.reader.connect() as connection:
            until = arrivals.horizon(connection)
        with self.reader.connect() as connection:
            rows = self.page(
                connection, self.client, limit=limit, after=self.left, until=until
            )
        self.seen += [row.id for row in rows]
        if rows:
            self.left = (getattr(rows[-1], self.at), rows[-1].id)
        return len(rows)


@pytest.mark.parametrize(("table", "add", "read"), LISTS)
def test_a_list_neither_skips_nor_repeats_while_two_nodes_write(
    url: str, writer: Engine, table: Any, add: Any, read: Any
) -> None:
    """Whatever the order of beginnings, commits and readings, and whatever the clocks."""
    reader = open_engine(url, write=False, connections=1)

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(ACTIONS)
    @example(OVERTAKEN)
    def play(actions: list[tuple[str, int]]) -> None:
        client = f"c{next(_numbers)}"
        with writer.begin() as connection:
            row = {"id": client, "created_at": START}
            connection.execute(insert(schema.client), row)
        at = "received_at" if table is schema.deposit else "created_at"
        game = Play(writer, reader, client, add, read, at)
        for what, value in actions:
            if what == "add":
                game.put(value)
            elif what == "clock":
                game.clock += value
            elif what == "read":
                game.read(value)
            else:
                game.end(value, commit=what == "commit")
        for node in NODES:
            game.end(node, commit=True)
        while game.read(2):
            pass
        assert sorted(game.seen) == sorted(game.written)

    play()
    reader.dispose()


def test_a_cursor_on_a_row_that_is_gone_goes_on_at_its_moment(writer: Engine) -> None:
    """What was purged moves nothing that was read already back into the list."""
    with writer.begin() as connection:
        connection.execute(insert(schema.client), {"id": "c", "created_at": START})
    for number, name in enumerate(("d3", "d2", "d1")):
        with writer.begin() as connection:
            add_deposit(Tx(connection, START + number), "c", name)
    with writer.begin() as connection:
        rest = read_deposits(connection, "c", limit=9, after=(START + 1, "dx"))
    assert [row.id for row in rest] == ["d1"]

"""What a client may see of its own deposits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection

from gateway.api import claim_documents, claim_parts, cursors, shapes
from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Call
from gateway.clock import Now
from gateway.database import Database
from gateway.intake.reception import RunInThread
from gateway.journal import arrivals, queries

P = ParamSpec("P")
T = TypeVar("T")

_FIRST_PAGE = 100  # of each list inside a deposit


class Pages:
    """Reads the journal in a thread, and cuts lists into pages."""

    def __init__(
        self, *, database: Database, run_in_thread: RunInThread, now: Now
    ) -> None:
        self.database = database
        self.run_in_thread = run_in_thread
        self.now = now

    async def horizon(self) -> int | None:
        """Return up to where lists in the order of arrival are whole."""
        return await self.read(arrivals.horizon)

    async def read(
        self,
        call: Callable[Concatenate[Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Read without holding the reactor up."""
        return await self.run_in_thread(
            lambda: self.database.read(call, *args, **kwargs)
        )


def page(
    rows: Sequence[Any],
    limit: int,
    shape: shapes.Shape,
    cursor: Callable[[Any], str],
) -> dict[str, Any]:
    """Make a page of rows that were read with one row more than the limit."""
    shown = rows[:limit]
    return {
        "items": shapes.fill_all(shape, shown),
        "next": cursor(shown[-1]) if len(rows) > limit else None,
    }


class DepositViews:
    """Handlers of `/v1/deposits`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def list(self, call: Call) -> Answer:
        """List deposits, page by page."""
        query, limit = call.query, call.query["limit"]
        oldest_first = query["order"] == "oldest"
        kind = f"deposits-{query['order']}"
        rows = await self._pages.read(
            queries.deposits,
            call.client.id,
            limit=limit + 1,
            after=cursors.read(kind, query["after"], (float, str)),
            oldest_first=oldest_first,
            until=await self._pages.horizon() if oldest_first else None,
            state=query["state"],
            filename=query["filename"],
            since=moment_of("since", query["since"]),
        )
        found = page(
            rows,
            limit,
            shapes.DEPOSIT,
            lambda row: cursors.write(kind, (row.received_at, row.id)),
        )
        if oldest_first:
            last = rows[:limit][-1] if rows else None
            found["cursor"] = query["after"] or None
            if last is not None:
                found["cursor"] = cursors.write(kind, (last.received_at, last.id))
        return Answer(body=shapes.to_bytes(found))

    async def one(self, call: Call) -> Answer:
        """Show a deposit with the beginning of each of its lists."""
        body = await self._pages.read(_whole, call.client.id, call.path["id"])
        return Answer(body=shapes.to_bytes(body))

    async def receipt(self, call: Call) -> Answer:
        """Give the signed receipt again, byte for byte."""
        row = await self._pages.read(_own, call.client.id, call.path["id"])
        return Answer(body=row.receipt)

    async def report(self, call: Call) -> Answer:
        """Give the report on what was read in the file."""
        found = await self._pages.read(queries.report, call.client.id, call.path["id"])
        if found is None:
            raise Refusal(
                "not-found",
                "there is no report on that: it is not read yet, or is not yours",
            )
        return Answer(body=found)

    async def part(self, call: Call) -> Answer:
        """Give a further page of one of a deposit's lists."""
        body = await self._pages.read(
            _part,
            call.client.id,
            call.path["id"],
            call.path["list"],
            call.query["limit"],
            call.query["after"],
        )
        return Answer(body=shapes.to_bytes(body))


def _own(connection: Connection, client: str, deposit: str) -> Any:
    row = queries.deposit(connection, client, deposit)
    if row is None:
        raise Refusal("not-found", f"you have no deposit {deposit!r}")
    return row


def _whole(connection: Connection, client: str, deposit: str) -> dict[str, Any]:
    row = _own(connection, client, deposit)
    body = shapes.fill(shapes.DEPOSIT, row)
    body["receipt"] = f"/v1/deposits/{quote(row.id)}/receipt"
    body["accounts"] = shapes.fill_all(
        shapes.ACCOUNT, queries.accounts(connection, row.id)
    )
    for name in LISTS:
        body[name] = _list(connection, row.id, name, _FIRST_PAGE, None)
    return body


def _part(
    connection: Connection,
    client: str,
    deposit: str,
    name: str,
    limit: int,
    after: str | None,
) -> dict[str, Any]:
    row = _own(connection, client, deposit)
    if name not in LISTS:
        known = ", ".join(LISTS)
        raise Refusal("not-found", f"a deposit has no {name!r}; it has: {known}")
    return _list(connection, row.id, name, limit, after)


def _list(
    connection: Connection, deposit: str, name: str, limit: int, after: str | None
) -> dict[str, Any]:
    read, shape, key_shape, key = LISTS[name]
    start = cursors.read(name, after, key_shape)
    if start is not None and len(start) == 1:
        (start,) = start
    more = {} if start is None else {"after": start}
    rows = read(connection, deposit, limit=limit + 1, **more)
    found = page(rows, limit, shape, lambda row: cursors.write(name, key(row)))
    if name == "lots":
        _add_owed(connection, rows[:limit], found["items"])
    if name == "claims":
        claim_parts.add(connection, rows[:limit], found["items"])
        claim_documents.add(connection, rows[:limit], found["items"])
    return found


def _add_owed(
    connection: Connection, rows: Sequence[Any], items: Sequence[dict[str, Any]]
) -> None:
    """Say with each lot which answers are owed for it."""
    owed: dict[str, list[Any]] = {row.id: [] for row in rows}
    for each in queries.expectations(connection, list(owed)):
        owed[each.lot_id].append(shapes.fill(shapes.EXPECTATION, each))
    for item in items:
        item["expectations"] = owed[item["id"]]


def moment_of(name: str, text: str | None) -> float | None:
    """Read a moment that a parameter gives; raises `Refusal`."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal(
            "bad-parameter",
            f"{name} is {text!r}; wanted a time with its zone, as 2026-11-02T08:00:00Z",
        )
    return moment.timestamp()


LISTS: dict[str, tuple[Callable[..., Any], shapes.Shape, tuple[type, ...], Any]] = {
    "problems": (
        queries.problems,
        shapes.PROBLEM_FOUND,
        (int,),
        lambda row: (row.seq,),
    ),
    "lots": (
        queries.lots,
        shapes.LOT,
        (int, str),
        lambda row: (row.position, row.id),
    ),
    "claims": (
        queries.claims,
        shapes.CLAIM,
        (int, int),
        lambda row: (row.position, row.seq),
    ),
    "events": (
        queries.events,
        shapes.EVENT,
        (float, str, int),
        lambda row: (row.at, row.chain, row.seq),
    ),
}
"""The lists of a deposit: how they are read, shown, and gone on with."""

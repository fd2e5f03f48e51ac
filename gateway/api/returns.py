"""Returns for a client: listed in order, at least once, until acknowledged."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from twisted.internet.defer import Deferred

from gateway.api import cursors, shapes
from gateway.api.deposits import Pages, page
from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Call
from gateway.intake.downloads import Fetched, Payload
from gateway.journal import queries, tree
from gateway.storage.payloads import Payloads
from routing.lifecycle import HandbackEvent

_KIND = "returns"
_CHANNEL = "https"


class ReturnViews:
    """Handlers of `/v1/returns`."""

    def __init__(self, pages: Pages, payloads: Payloads) -> None:
        self._pages = pages
        self._payloads = payloads

    async def list(self, call: Call) -> Answer:
        """List returns, oldest first; `cursor` goes on after the last one."""
        query, limit = call.query, call.query["limit"]
        rows = await self._pages.read(
            queries.returns,
            call.client.id,
            limit=limit + 1,
            after=cursors.read(_KIND, query["after"], (float, str)),
            until=await self._pages.horizon(),
            acknowledged=query["acknowledged"] == "true",
            network=query["network"],
        )
        found = page(rows, limit, shapes.RETURN, _cursor)
        found["cursor"] = _cursor(rows[:limit][-1]) if rows else query["after"]
        return Answer(body=shapes.to_bytes(found))

    async def one(self, call: Call) -> Answer:
        """Show one return, without its content."""
        row = await self._pages.read(_own, call.client.id, call.path["id"])
        return Answer(body=shapes.to_bytes(shapes.fill(shapes.RETURN, row)))

    async def answers(self, call: Call) -> Answer:
        """Show what a return says, answer by answer."""
        limit, client, name = call.query["limit"], call.client.id, call.path["id"]
        (start,) = cursors.read("answers", call.query["after"], (int,)) or (0,)

        def read(connection: Connection) -> Any:
            row = _own(connection, client, name)
            return queries.answers(connection, row, limit=limit + 1, after=start)

        rows = await self._pages.read(read)
        found = page(
            rows,
            limit,
            shapes.ANSWER,
            lambda row: cursors.write("answers", (row.seq,)),
        )
        return Answer(body=shapes.to_bytes(found))

    async def content(self, call: Call) -> Answer:
        """Stream the return's bytes; a whole download is journaled as fetched."""
        row = await self._pages.read(_own, call.client.id, call.path["id"])
        stream = await self._pages.read(self._payloads.open, row.payload_id)
        inner = Payload(stream, row.size, self._pages.run_in_thread)
        return Answer(
            content_type="application/octet-stream",
            headers=(
                (b"Content-Disposition", _disposition(row.filename)),
                (b"ETag", b'"%s"' % row.sha256.encode()),
            ),
            download=Fetched(inner, lambda: self._move(row.id, HandbackEvent.FETCH)),
        )

    async def acknowledge(self, call: Call) -> Answer:
        """Note that the client has the return; a repeat changes nothing."""
        row = await self._pages.read(_own, call.client.id, call.path["id"])
        await self._move(row.id, HandbackEvent.ACKNOWLEDGE)
        return await self.one(call)

    def _move(self, handback: str, happened: HandbackEvent) -> Deferred[None]:
        return self._pages.database.submit(
            f"handback.{happened}", tree.move_handback, handback, happened, _CHANNEL
        )


def _own(connection: Connection, client: str, name: str) -> Any:
    row = queries.handback(connection, client, name)
    if row is None:
        raise Refusal("not-found", f"you have no return {name!r}")
    return row


def _cursor(row: Any) -> str:
    return cursors.write(_KIND, (row.created_at, row.id))


def _disposition(filename: str) -> bytes:
    plain = "".join(
        each if each.isascii() and each.isprintable() and each not in '"\\' else "_"
        for each in filename
    )
    return f'attachment; filename="{plain}"'.encode()

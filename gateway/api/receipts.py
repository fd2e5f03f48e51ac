"""Receipts for a client, in the order of its chain; roots of days for everybody."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection

from gateway.api import cursors, shapes
from gateway.api.deposit_routes import AFTER, LIMIT
from gateway.api.deposits import Pages, page
from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Call, Param, Reply, Route
from gateway.intake.receipt_documents import RECEIPTS
from gateway.journal import receipt_lists, receipt_roots

_KIND: Final = "receipts"


class ReceiptViews:
    """Handlers of `/v1/receipts` and `/receipts/roots`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def list(self, call: Call) -> Answer:
        """List receipts, those chained first before the others."""
        query, limit = call.query, call.query["limit"]
        rows = await self._pages.read(
            receipt_lists.listed,
            call.client.id,
            limit=limit + 1,
            after=cursors.read(_KIND, query["after"], (int, int)),
            kind=query["kind"],
        )
        found = page(rows, limit, shapes.RECEIPT_LISTED, _cursor)
        found["cursor"] = _cursor(rows[:limit][-1]) if rows else query["after"]
        return Answer(body=shapes.to_bytes(found))

    async def one(self, call: Call) -> Answer:
        """Give a signed document, byte for byte as it was made."""
        body = await self._pages.read(_own, call.client.id, call.path["id"])
        return Answer(body=body)

    async def root(self, call: Call) -> Answer:
        """Give the root of a day, which tells of no client."""
        day = call.path["day"]
        row = await self._pages.read(receipt_roots.root, day)
        if row is None:
            raise Refusal(
                "not-found",
                f"{day!r} has no root; wanted a UTC day as 2026-11-25 that is over and "
                "not before the first receipt",
            )
        return Answer(body=row.content)


def receipt_routes(views: ReceiptViews) -> list[Route]:
    """Declare the routes."""
    return [
        Route(
            method="GET",
            path="/v1/receipts",
            name="List receipts",
            group="Receipts",
            summary="Receipts of your deposits, dispatches and answers, in the order of "
            "your chain",
            words="A receipt is listed once an entry of your chain covers it, seconds "
            "after what it vouches for. Keep `cursor` and pass it as `after` to see "
            "only what is new.",
            handler=views.list,
            params=(
                Param(name="kind", words="only of this kind", of=RECEIPTS),
                AFTER,
                LIMIT,
            ),
            replies=(Reply(status=200, words="a page", shape="ReceiptListedPage"),),
            problems=("bad-parameter", "bad-cursor"),
        ),
        Route(
            method="GET",
            path="/v1/receipts/{id}",
            name="Fetch a receipt",
            group="Receipts",
            summary="A signed document: a receipt, an entry of your chain, or your "
            "proof of a day",
            words="`id` is that of a deposit or of a listed receipt, `chain-12` for an "
            "entry, or `root-2026-11-25` for the proof that your chain is under the "
            "root of that day. `octway receipt verify` checks them all.",
            handler=views.one,
            params=(
                Param(name="id", words="the document", where="path", required=True),
            ),
            replies=(Reply(status=200, words="the document", shape="SignedDocument"),),
            problems=("not-found",),
        ),
        Route(
            method="GET",
            path="/receipts/roots/{day}",
            name="Show a root",
            group="Receipts",
            summary="The signed root over all chains of a UTC day; it names no client",
            handler=views.root,
            params=(
                Param(
                    name="day",
                    words="UTC day, as 2026-11-25",
                    where="path",
                    required=True,
                ),
            ),
            replies=(Reply(status=200, words="the root", shape="SignedDocument"),),
            problems=("not-found",),
            public=True,
        ),
    ]


def _own(connection: Connection, client: str, name: str) -> bytes:
    row = receipt_lists.document(connection, client, name)
    found = (
        receipt_lists.deposit_receipt(connection, client, name)
        if row is None
        else row.content
    )
    if found is None:
        raise Refusal("not-found", f"you have no receipt {name!r}")
    return bytes(found)


def _cursor(row: Any) -> str:
    return cursors.write(_KIND, (row.number, row.position))

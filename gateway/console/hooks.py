"""Clients' webhooks: where each is told, what did not get there, and telling it again."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from gateway.api import cursors
from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.committing import Tx
from gateway.console.pages import Page, get, post
from gateway.console.templates import link
from gateway.console.visit import Visit
from gateway.journal import webhook_deliveries, webhooks
from routing.webhook import DeliveryState, WebhookEvent

_ALL: Final = "/console/webhooks"
_LIST: Final = "hooks"
_MOST: Final = 50
_MOST_REPLAYED: Final = 10_000
_DAYS: Final = {"1": 86_400.0, "7": 7 * 86_400.0, "30": 30 * 86_400.0}
_TOLD_AS: Final = {
    DeliveryState.PENDING: "Waiting",
    DeliveryState.DELIVERED: "Delivered",
    DeliveryState.DEAD: "Given up",
}
_MOVES: Final = {"pause": WebhookEvent.PAUSE, "resume": WebhookEvent.RESUME}


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        get("/webhooks", list_hooks),
        get("/webhooks/{id}", show),
        post("/webhooks/{id}/replay", replay),
        post("/webhooks/{id}/deliveries/{delivery}/replay", replay_one),
        post("/webhooks/{id}/move", move),
    ]


async def list_hooks(visit: Visit) -> Answer:
    """List every client's endpoints."""
    return visit.page("hooks.html", rows=await visit.ask(webhooks.every))


async def show(visit: Visit) -> Answer:
    """Show an endpoint and its newest deliveries."""
    row = await _found(visit)
    state = visit.query.get("state")
    after = cursors.read(_LIST, visit.query.get("after"), (int,))
    rows = await visit.ask(
        webhook_deliveries.listed,
        row.id,
        limit=_MOST + 1,
        state=state if state in set(DeliveryState) else None,
        after=after[0] if after else None,
    )
    following = ""
    if len(rows) > _MOST:
        last = cursors.write(_LIST, (rows[_MOST - 1].place,))
        following = link(f"{_ALL}/{row.id}", state=state, after=last)
    return visit.page(
        "hook.html",
        row=row,
        rows=rows[:_MOST],
        counts=await visit.ask(webhook_deliveries.counts, row.id),
        states=list(DeliveryState),
        told_as=_TOLD_AS,
        state=state,
        days=list(_DAYS),
        following=following,
    )


async def replay(visit: Visit) -> Answer:
    """Tell again all that was given up since some days."""
    row, by = await _found(visit), visit.who.id
    since = visit.now - _DAYS.get(visit.form.get("days"), _DAYS["1"])

    def write(tx: Tx) -> int:
        events = webhook_deliveries.to_replay(
            tx.connection, row.id, since, all_states=False, most=_MOST_REPLAYED
        )
        return len(webhook_deliveries.replay(tx, row.id, events, by))

    count = await visit.write("webhook", write)
    said = (
        "What was given up is in line again."
        if count
        else "Nothing that was given up since then has not been told again."
    )
    return visit.go(f"{_ALL}/{row.id}", said)


async def replay_one(visit: Visit) -> Answer:
    """Tell one thing again."""
    row, by, name = await _found(visit), visit.who.id, visit.places["delivery"]

    def write(tx: Tx) -> bool:
        found = webhook_deliveries.find(tx.connection, row.id, name)
        if found is None or found.state == DeliveryState.PENDING:
            return False
        webhook_deliveries.replay(tx, row.id, [found.event_id], by)
        return True

    if not await visit.write("webhook", write):
        return visit.go(f"{_ALL}/{row.id}", "It is in line already.")
    return visit.go(f"{_ALL}/{row.id}", "It is in line again.")


async def move(visit: Visit) -> Answer:
    """Pause an endpoint, or put it back in use."""
    row, by = await _found(visit), visit.who.id
    happened = _MOVES.get(visit.form.get("do"))
    if happened is None:
        raise Refusal("bad-parameter", "wanted pause or resume")
    await visit.write(
        "webhook",
        lambda tx: webhooks.move(tx, webhooks.lock(tx, row.id), happened, by=by),
    )
    return visit.go(f"{_ALL}/{row.id}", "The endpoint is changed.")


async def _found(visit: Visit) -> Row[tuple[Any, ...]]:
    row = await visit.ask(webhooks.find, None, visit.places["id"])
    if row is None:
        raise Refusal("not-found", "there is no such endpoint")
    return row

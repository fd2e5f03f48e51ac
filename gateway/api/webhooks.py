"""Endpoints of a client: registered, changed, tested, and told again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from attrs import frozen
from sqlalchemy import Connection

from gateway.api import bodies, cursors, shapes
from gateway.api.deposits import Pages, moment_of, page
from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Call, Param
from gateway.api.webhook_shapes import DELIVERY, WEBHOOK
from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import webhook_deliveries, webhook_events, webhooks
from gateway.storage.vault import KeyRing
from gateway.webhooks import signature
from gateway.webhooks.addresses import Addresses, AddressRefused
from gateway.webhooks.kinds import KINDS
from routing.webhook import DeliveryState, WebhookEvent, WebhookState

_CURSOR: Final = "webhook-deliveries"
_MOST_REPLAYED: Final = 10_000
_DAY: Final = 86_400.0
_BY: Final = "client"  # who did it, in the history: its own account

_URL: Final = "https address that is called with POST"
_EVENTS: Final = Param(
    name="events",
    where="body",
    kind="strings",
    of=tuple(KINDS),
    words="kinds to be told; empty or left out: all, also those to come",
)
_DESCRIPTION: Final = Param(name="description", where="body", words="your words for it")
NEW: Final = (
    Param(name="url", where="body", required=True, words=_URL),
    _EVENTS,
    _DESCRIPTION,
)
CHANGES: Final = (
    Param(name="url", where="body", words=_URL),
    _EVENTS,
    _DESCRIPTION,
    Param(
        name="state",
        where="body",
        of=(WebhookState.ACTIVE.value, WebhookState.PAUSED.value),
        words="whether it is called; what happens while it is paused waits",
    ),
)


@frozen(kw_only=True)
class WebhookRules:
    """What an installation allows."""

    addresses: Addresses
    most: int
    old_secret: float


class WebhookViews:
    """Handlers of `/v1/webhooks`."""

    def __init__(
        self, pages: Pages, keys: KeyRing, entropy: Entropy, rules: WebhookRules
    ) -> None:
        self._pages = pages
        self._keys = keys
        self._entropy = entropy
        self._rules = rules

    async def list(self, call: Call) -> Answer:
        """List the client's endpoints, oldest first."""
        rows = await self._pages.read(webhooks.of_client, call.client.id)
        return _answer({"items": shapes.fill_all(WEBHOOK, rows)})

    async def one(self, call: Call) -> Answer:
        """Show one endpoint."""
        return _answer(shapes.fill(WEBHOOK, await self._own(call)))

    async def add(self, call: Call) -> Answer:
        """Register an endpoint; its secret is told this once."""
        given = await bodies.read(call, NEW)
        self._check_url(given["url"])
        secret = signature.new_secret(self._entropy)
        client = call.client.id

        def write(tx: Tx) -> Any:
            if webhooks.count_of_client(tx, client) >= self._rules.most:
                raise Refusal(
                    "too-many-webhooks",
                    f"you have {self._rules.most} endpoints, the most there may be; "
                    "remove one, or have one told more kinds",
                )
            name = webhooks.new_name(tx, self._entropy)
            webhooks.add(
                tx,
                name,
                client,
                url=given["url"],
                kinds=given.get("events", ()),
                description=given.get("description", ""),
                sealed=signature.seal(self._keys, name, secret),
                by=_BY,
            )
            return webhooks.find(tx.connection, client, name)

        row = await self._pages.database.submit("webhook.add", write)
        place = f"/v1/webhooks/{quote(row.id)}".encode()
        body = shapes.fill(WEBHOOK, row) | {"secret": signature.shown(secret)}
        return _answer(body, status=201, headers=((b"Location", place),))

    async def change(self, call: Call) -> Answer:
        """Change what was given."""
        row = await self._own(call)
        given = await bodies.read(call, CHANGES)
        if "url" in given:
            self._check_url(given["url"])
        state = given.pop("state", None)
        values = dict(given)
        if "events" in values:
            values["kinds"] = " ".join(values.pop("events"))

        def write(tx: Tx) -> Any:
            now = webhooks.lock(tx, row.id)
            if values:
                webhooks.change(tx, row.id, _BY, **values)
            if state is not None:
                resumes = state == WebhookState.ACTIVE
                happened = WebhookEvent.RESUME if resumes else WebhookEvent.PAUSE
                webhooks.move(tx, now, happened, by=_BY)
            return webhooks.find(tx.connection, None, row.id)

        changed = await self._pages.database.submit("webhook.change", write)
        return _answer(shapes.fill(WEBHOOK, changed))

    async def remove(self, call: Call) -> Answer:
        """Forget an endpoint, and what waits for it."""
        row = await self._own(call)
        await self._pages.database.submit(
            "webhook.remove", webhooks.remove, row.id, _BY
        )
        return Answer(status=204)

    async def new_secret(self, call: Call) -> Answer:
        """Make another secret; both sign for a while."""
        row = await self._own(call)
        secret = signature.new_secret(self._entropy)

        def write(tx: Tx) -> Any:
            now = webhooks.lock(tx, row.id)
            sealed = signature.seal(self._keys, row.id, secret)
            until = tx.now + self._rules.old_secret
            webhooks.new_secret(tx, now, sealed, old_until=until, by=_BY)
            return webhooks.find(tx.connection, None, row.id)

        changed = await self._pages.database.submit("webhook.secret", write)
        body = shapes.fill(WEBHOOK, changed) | {"secret": signature.shown(secret)}
        return _answer(body)

    async def test(self, call: Call) -> Answer:
        """Have a test delivered."""
        row = await self._own(call)

        def write(tx: Tx) -> Sequence[str]:
            return [webhook_events.add_test(tx, self._entropy, row)]

        return await self._put_in_line(row.id, write)

    async def deliveries(self, call: Call) -> Answer:
        """List what was, and is to be, delivered; newest first."""
        row, query = await self._own(call), call.query
        (after,) = cursors.read(_CURSOR, query["after"], (int,)) or (None,)
        limit = query["limit"]
        rows = await self._pages.read(
            webhook_deliveries.listed,
            row.id,
            limit=limit + 1,
            after=after,
            state=query["state"],
        )
        found = page(
            rows, limit, DELIVERY, lambda each: cursors.write(_CURSOR, (each.place,))
        )
        return _answer(found)

    async def replay(self, call: Call) -> Answer:
        """Deliver one event again."""
        row, name = await self._own(call), call.path["delivery"]
        found = await self._pages.read(webhook_deliveries.find, row.id, name)
        if found is None:
            raise Refusal("not-found", f"webhook {row.id} has no delivery {name!r}")
        if found.state == DeliveryState.PENDING:
            raise Refusal(
                "still-pending",
                f"delivery {name} has not ended yet; it is tried again by itself",
            )

        def write(tx: Tx) -> Sequence[str]:
            return webhook_deliveries.replay(tx, row.id, [found.event_id], _BY)

        return await self._put_in_line(row.id, write)

    async def replay_all(self, call: Call) -> Answer:
        """Deliver again what was given up, or all that ended, since a time."""
        row, query = await self._own(call), call.query
        since = moment_of("since", query["since"])
        start = self._pages.now() - _DAY if since is None else since

        def write(tx: Tx) -> int:
            events = webhook_deliveries.to_replay(
                tx.connection,
                row.id,
                start,
                all_states=query["state"] == "all",
                most=_MOST_REPLAYED,
            )
            return len(webhook_deliveries.replay(tx, row.id, events, _BY))

        count = await self._pages.database.submit("webhook.replay", write)
        return _answer({"replayed": count}, status=202)

    async def _put_in_line(self, webhook: str, write: Any) -> Answer:
        def and_read(tx: Tx) -> Any:
            (name,) = write(tx)
            return webhook_deliveries.find(tx.connection, webhook, name)

        row = await self._pages.database.submit("webhook.line", and_read)
        return _answer(shapes.fill(DELIVERY, row), status=202)

    async def _own(self, call: Call) -> Any:
        return await self._pages.read(_own, call.client.id, call.path["id"])

    def _check_url(self, url: str) -> None:
        try:
            self._rules.addresses.target(url)
        except AddressRefused as error:
            raise Refusal("bad-body", f"url cannot be called: {error}") from None


def _own(connection: Connection, client: str, name: str) -> Any:
    row = webhooks.find(connection, client, name)
    if row is None:
        raise Refusal("not-found", f"you have no webhook {name!r}")
    return row


def _answer(body: Any, **more: Any) -> Answer:
    return Answer(body=shapes.to_bytes(body), **more)

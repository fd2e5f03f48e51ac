"""Endpoints and deliveries, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row

from gateway.api import shapes
from gateway.api.webhook_shapes import DELIVERY, WEBHOOK
from gateway.cli.tables import heading, table
from gateway.cli.terminal import Terminal
from gateway.wording import moment

AnyRow = Row[*tuple[Any, ...]]

_TAKEN: Final = ("state", "tries", "status", "error")


def as_json(row: AnyRow) -> dict[str, Any]:
    """Return an endpoint for programs, as the API shows it, with its client."""
    return {"client": row.client_id, **shapes.fill(WEBHOOK, row)}


def delivery_as_json(row: AnyRow) -> dict[str, Any]:
    """Return a delivery for programs, as the API shows it."""
    return shapes.fill(DELIVERY, row)


def show_list(rows: Sequence[AnyRow], terminal: Terminal) -> None:
    """Print endpoints as a table."""
    if not rows:
        terminal.say("no webhook yet; add one: octway client webhook add CLIENT URL")
    table(
        terminal,
        ("webhook", "client", "url", "events", "state", "failing since", "why"),
        [
            (
                row.id,
                row.client_id,
                row.url,
                row.kinds or "all",
                row.state,
                _when(row.failing_since, terminal),
                row.why,
            )
            for row in rows
        ],
    )


def show_deliveries(rows: Sequence[AnyRow], terminal: Terminal) -> None:
    """Print deliveries as a table, newest first."""
    if not rows:
        terminal.say("nothing was told to it, and nothing waits")
    table(
        terminal,
        ("delivery", "kind", "about", "happened", *_TAKEN),
        [
            (
                row.id,
                row.kind,
                row.subject,
                moment(row.at, terminal.zone),
                *_taken(row),
            )
            for row in rows
        ],
        right=("tries",),
    )


def told_as_json(row: AnyRow) -> dict[str, Any]:
    """Return a delivery of a life, with the endpoint that it went to."""
    whose = {"client": row.client_id, "webhook": row.webhook_id, "url": row.url}
    return whose | delivery_as_json(row)


def show_told(rows: Sequence[AnyRow], terminal: Terminal) -> None:
    """Print what endpoints were told of one thing, in a section of its life."""
    if not rows:
        return
    heading(terminal, "Webhooks")
    table(
        terminal,
        ("happened", "kind", "about", "told to", *_TAKEN),
        [
            (
                moment(row.at, terminal.zone),
                row.kind,
                row.subject,
                row.url,
                *_taken(row),
            )
            for row in rows
        ],
        right=("tries",),
        indent="  ",
    )


def _when(at: float | None, terminal: Terminal) -> str:
    return "" if at is None else moment(at, terminal.zone)


def _taken(row: AnyRow) -> tuple[str, ...]:
    return row.state, str(row.attempts), str(row.status or ""), row.error

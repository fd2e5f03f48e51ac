"""What keeps the sandbox out of counts that are about real payers, as conditions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from gateway.journal import schema
from routing.sandbox import PREFIX


def is_real(name: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say that a payer, network or endpoint is a real one, or is not known yet."""
    return ~func.coalesce(name, "").startswith(PREFIX)


def of_real_client(client: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say that a client is no test client, or is not known."""
    tests = select(schema.client.c.id).where(schema.client.c.test == 1)
    return func.coalesce(client, "").not_in(tests)


def real_anomaly() -> ColumnElement[bool]:
    """Say that an anomaly is not about a sandbox alone."""
    table = schema.anomaly.c
    return and_(
        is_real(table.payer_id),
        ~table.subject.contains(PREFIX),
        of_real_client(table.client_id),
    )

"""The table of clients and the version of the payer referential that each has."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from gateway.journal.columns import metadata, moment

referential_taken = Table(  # the file that a client removed: it has that version
    "referential_taken",
    metadata,
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    Column("version", Text, nullable=False),
    moment("at"),
)

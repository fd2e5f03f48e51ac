"""The tables of receipts: those beside the deposit's own, and the chains over all.

A deposit's receipt stands with the deposit.  Every receipt of a client has its place
in one entry of the client's chain; a day's root is over the chains that grew that day.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from gateway.journal.columns import metadata, moment

receipt = Table(
    "receipt",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("kind", Text, nullable=False),  # dispatch, answer
    Column("subject", Text, nullable=False, index=True),  # the dispatch or handback
    Column("content", LargeBinary, nullable=False),
    moment("made_at"),
    Index("ix_receipt_client_id", "client_id", "made_at"),
)

receipt_entry = Table(
    "receipt_entry",
    metadata,
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    moment("made_at"),
    Index("ix_receipt_entry_made_at", "made_at", "client_id"),
)

receipt_link = Table(
    "receipt_link",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),  # of the entry
    Column("position", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # deposit, dispatch, answer
    Column("receipt_id", Text, nullable=False, unique=True),
    Column("sha256", Text, nullable=False),
)

receipt_mark = Table(  # how far each chain of events was read for receipts
    "receipt_mark",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

receipt_root = Table(
    "receipt_root",
    metadata,
    Column("day", Text, primary_key=True),  # UTC, ISO
    Column("content", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    moment("made_at"),
)

receipt_inclusion = Table(
    "receipt_inclusion",
    metadata,
    Column("day", Text, ForeignKey("receipt_root.day"), primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    moment("made_at"),
    Index("ix_receipt_inclusion_client_id", "client_id", "made_at"),
)

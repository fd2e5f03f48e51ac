"""The tables that the house keeps for itself: anomalies, ledger, history."""

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

from gateway.journal.columns import SERIAL, count, metadata, moment, states, words
from routing import lifecycle

anomaly = Table(
    "anomaly",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("subject", Text, nullable=False),  # what repeats of it share
    words("payer_id"),
    words("client_id"),
    words("words"),
    Column("state", Text, nullable=False),
    count("seen"),
    moment("first_seen"),
    moment("last_seen"),
    words("assignee"),
    words("resolution"),
    words("facts"),  # what those behind it share: payer, code, field, software
    words("advice"),  # the suggested cause, and what would mend it
    count("claims"),  # how many it touches
    moment("snoozed_until", nullable=True),  # not shown among what is to be done
    states("state", lifecycle.AnomalyState),
    Index("ix_anomaly_subject", "kind", "subject", unique=True),
    Index("ix_anomaly_state", "state"),
)

anomaly_comment = Table(
    "anomaly_comment",
    metadata,
    Column("anomaly_id", Text, ForeignKey("anomaly.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("author", Text, nullable=False),
    Column("words", Text, nullable=False),
    moment("at"),
)

ledger_move = Table(
    "ledger_move",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    moment("at"),
    Column("lot_id", Text, ForeignKey("lot.id"), nullable=False, index=True),
    Column("claim_seq", Integer),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    moment("at"),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False, index=True),
    Column("facts", Text, nullable=False),
    Column("hash", Text, nullable=False),
    sqlite_with_rowid=False,
)

event_chain = Table(
    "event_chain",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

event_root = Table(  # one hash over events of a chain, signed: see steps/seal_events.py
    "event_root",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("until", BigInteger, primary_key=True),  # its last event
    Column("after", BigInteger, nullable=False),  # the last event of the one before
    Column("content", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    moment("made_at"),
)

directory_version = Table(
    "directory_version",
    metadata,
    Column("version", Text, primary_key=True),
    Column("content", Text, nullable=False),
    moment("loaded_at"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    moment("until"),
)

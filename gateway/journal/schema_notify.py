"""The tables of messages to staff and vendors: the outbox, and what was told."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Table, Text

from gateway.journal.columns import count, metadata, moment, states, words
from routing.notice import NoticeState

notice = Table(  # the outbox: one message to one recipient
    "notice",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("content", Text, nullable=False),  # JSON: see gateway.notifications.content
    Column("state", Text, nullable=False),
    count("attempts"),
    moment("not_before"),
    moment("tried_since"),  # from when patience with it is counted
    words("cause"),
    words("cause_words"),
    Column("worker", Text),
    Column("lease_until", Double),
    moment("created_at"),
    moment("changed_at"),
    states("state", NoticeState),
    Index("ix_notice_state", "state", "not_before"),
    Index("ix_notice_rule", "rule", "recipient", "created_at"),
)

notice_rule = Table(  # where a rule stands
    "notice_rule",
    metadata,
    Column("rule", Text, primary_key=True),
    moment("planned_at"),  # the last planned moment that was kept
    moment("looked_at"),  # until when a digest looked
    moment("last_at", nullable=True),  # its last message
)

notice_told = Table(  # open anomalies that a rule has told of
    "notice_told",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("anomaly_id", Text, primary_key=True),
    moment("told_at"),
    sqlite_with_rowid=False,
)

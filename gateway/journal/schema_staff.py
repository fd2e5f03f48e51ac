"""The tables of the people who use the console: accounts, sessions, what they did."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from gateway.journal.columns import metadata, moment, words

staff = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    moment("created_at"),
    moment("disabled_at", nullable=True),
    words("totp"),  # sealed under the key ring; empty without a second factor
    words("recovery"),  # hashes of the codes that are left, as JSON
    words("subject"),  # issuer and subject at the OpenID provider, as `issuer subject`
    Column("totp_step", BigInteger, nullable=False, server_default="0"),  # last taken
)

staff_session = Table(
    "staff_session",
    metadata,
    Column("id", Text, primary_key=True),  # SHA-256 of the cookie
    Column("staff_id", Text, ForeignKey("staff.id"), nullable=False),
    Column("stage", Text, nullable=False),  # `whole`, or `code` until one was given
    words(
        "means"
    ),  # password, code, openid; with whom it ties until the code was given
    words("address"),
    words("agent"),
    moment("created_at"),
    moment("seen_at"),
    moment("ended_at", nullable=True),
    Index("ix_staff_session_staff_id", "staff_id"),
    Index("ix_staff_session_seen_at", "seen_at"),
)

deed = Table(  # the events that a person is behind, to be found without the others
    "deed",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    moment("at"),
    Column("who", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Index("ix_deed_at", "at"),
    Index("ix_deed_who", "who", "at"),
    Index("ix_deed_subject", "subject"),
)

directory_pin = Table(  # the version that a person put in force; no row: the files
    "directory_pin",
    metadata,
    Column("id", Integer, primary_key=True),  # 1
    Column("version", Text, ForeignKey("directory_version.version"), nullable=False),
    Column("by", Text, nullable=False),
    words("why"),
    moment("at"),
)

"""The tables of what comes in: accounts, payloads, deposits, their lots and claims.

A claim whose `account` is null stands in its lot's account: whole lots move
with one row, and a claim gets a word of its own with its first answer.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)

from gateway.journal.columns import cents, count, metadata, moment, states, words
from routing import ledger, lifecycle

client = Table(
    "client",
    metadata,
    Column("id", Text, primary_key=True),
    words("name"),
    words("vendor"),
    words("software"),
    moment("created_at"),
    moment("disabled_at", nullable=True),
    Column("max_file_size", BigInteger, nullable=False, server_default="0"),
    count("max_open_uploads"),
    Column("max_bytes_per_second", BigInteger, nullable=False, server_default="0"),
    Column("password_hash", Text),
    count("test"),  # 1: all that it sends stays in the sandbox; never changed
)

client_key = Table(
    "client_key",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # ssh, token, certificate
    words("public"),
    words("comment"),
    moment("created_at"),
    moment("revoked_at", nullable=True),
)

sender = Table(
    "sender",
    metadata,
    Column("network", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    words("name"),
    moment("created_at"),
)

payload = Table(
    "payload",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("place", Text, nullable=False),  # segment or file name in storage
    Column("place_offset", BigInteger, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    moment("created_at"),
    moment("purged_at", nullable=True),  # its key is gone since, and its bytes may be
    Index(
        "ix_payload_to_remove",  # where bytes may lie that nobody can read any more
        "place",
        sqlite_where=text("purged_at IS NOT NULL AND place <> ''"),
        postgresql_where=text("purged_at IS NOT NULL AND place <> ''"),
    ),
)

upload = Table(
    "upload",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    moment("updated_at"),
    UniqueConstraint("client_id", "path"),
)

deposit = Table(
    "deposit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("payload_id", Text, ForeignKey("payload.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("filename", Text, nullable=False),
    words("label"),
    Column("sha256", Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    moment("received_at"),
    Column("receipt", LargeBinary, nullable=False),
    Column("report", LargeBinary),  # what the client is told once it is split
    Column("state", Text, nullable=False),
    words("format"),
    words("network"),
    count("records"),
    count("lots"),
    count("claims"),
    count("errors"),
    count("warnings"),
    words("facts"),
    Column("worker", Text),
    Column("lease_until", Double),
    moment("split_at", nullable=True),
    Column("arrived", BigInteger, nullable=False, server_default="0"),  # see arrivals
    UniqueConstraint("client_id", "sha256"),
    states("state", lifecycle.DepositState),
    Index("ix_deposit_client_id_received_at", "client_id", "received_at"),
    Index("ix_deposit_state", "state", "received_at"),
    Index("ix_deposit_arrived", "client_id", "arrived"),
    Index("ix_deposit_filename", "filename"),
    Index("ix_deposit_received_at", "received_at", "id"),
)

inbox_name = Table(
    "inbox_name",
    metadata,
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("deposit_id", Text, ForeignKey("deposit.id")),  # null: a folder
    Column("size", BigInteger, nullable=False, server_default="0"),
    moment("modified_at"),
    Index("ix_inbox_name_folder", "client_id", "folder"),
)
inbox_basename = func.substr(
    inbox_name.c.path, func.length(inbox_name.c.folder) + literal_column("2")
)
"""The last part of an inbox name's path."""
Index("ix_inbox_name_name", inbox_basename)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("deposit_id", Text, ForeignKey("deposit.id"), nullable=False),
    Column("sha256", Text, nullable=False),
    moment("created_at"),
)

lot = Table(
    "lot",
    metadata,
    Column("id", Text, primary_key=True),
    Column("deposit_id", Text, ForeignKey("deposit.id"), nullable=False, index=True),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("network", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("match_key", Text, nullable=False),
    words("date"),
    Column("sender", Text, nullable=False),
    words("destination"),
    count("record"),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    count("claims"),
    count("errors"),
    cents("billed"),
    cents("asked"),
    count("standing_claims"),  # those that stand in the lot's own account
    cents("standing_asked"),
    Column("state", Text, nullable=False),
    Column("account", Text, nullable=False),
    words("cause"),
    words("cause_words"),
    Column("payer_id", Text),
    Column("payer_code", Text),
    Column("directory_version", Text),
    Column("dispatch_id", Text, ForeignKey("dispatch.id")),
    moment("created_at"),
    moment("changed_at"),
    words("series"),  # the register of payers in which its number stands
    words("share"),  # which payer's part of its claims it asks for
    Column("part_of", Text),  # the lot that it was split off; claims keep their seq
    words("routing"),  # how its payer was found, step by step
    states("state", lifecycle.LotState),
    states("account", ledger.Account),
    Index(
        "ix_lot_part_of",
        "part_of",
        sqlite_where=text("part_of IS NOT NULL"),
        postgresql_where=text("part_of IS NOT NULL"),
    ),
    Index("ix_lot_state", "state", "changed_at"),
    Index("ix_lot_dispatch_id", "dispatch_id"),
    Index("ix_lot_client_id", "client_id", "created_at"),
    Index("ix_lot_created_at", "created_at", "id"),
    Index("ix_lot_number", "number", "created_at"),
    Index("ix_lot_payer_id", "payer_id", "created_at"),
    Index("ix_lot_sender", "sender", "created_at"),
    Index(  # for equal keys, and for those that begin alike
        "ix_lot_match_key",
        "match_key",
        postgresql_ops={"match_key": "text_pattern_ops"},
    ),
    Index(
        "ix_lot_not_enrolled",
        *("payer_id", "flow"),
        sqlite_where=text("cause = 'not-enrolled'"),
        postgresql_where=text("cause = 'not-enrolled'"),
    ),
    Index(
        "ix_lot_series_number",
        *("series", "number"),
        sqlite_where=text("series <> ''"),
        postgresql_where=text("series <> ''"),
    ),
)

used_number = Table(  # numbers of lots that did not go through here
    "used_number",
    metadata,
    Column("network", Text, primary_key=True),
    Column("series", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    words("note"),
    moment("noted_at"),
)

claim = Table(
    "claim",
    metadata,
    Column("lot_id", Text, ForeignKey("lot.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("number", Text, nullable=False),
    Column("match_key", Text, nullable=False, index=True),
    words("date"),
    Column("patient", BigInteger, nullable=False),  # keyed hash, see vault
    cents("billed"),
    cents("asked"),
    cents("asked_main"),
    cents("asked_other"),
    cents("paid"),
    count("record"),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("account", Text),
    words("outcome"),
    moment("answered_at", nullable=True),
    words("sender"),  # its lot's: numbers are counted by sender
    Index("ix_claim_number", "number", "sender"),
    Index("ix_claim_patient", "patient"),
    sqlite_with_rowid=False,
)

problem = Table(
    "problem",
    metadata,
    Column("deposit_id", Text, ForeignKey("deposit.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("lot_id", Text),
    Column("record", Integer),
    Column("position", Integer),
    Column("field", Text),
    Column("severity", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
)

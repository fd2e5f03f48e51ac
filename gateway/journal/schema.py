"""The journal's tables.  The rows here are the only state there is.

Times are epoch seconds (UTC), amounts are cents, `facts`, `keys` and the like
are JSON texts.  Identifiers are opaque texts that sort by time of creation; a
lot's id is its deposit's with `-<position>`, a claim is (lot, seq).

A claim whose `account` is null stands in its lot's account: whole lots move
with one row, and a claim gets a word of its own with its first answer.
"""

from __future__ import annotations

from typing import Final

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
    text,
)

from gateway.journal.columns import (
    SERIAL,
    cents,
    count,
    metadata,
    moment,
    states,
    words,
)
from gateway.journal.schema_owed import (
    anomaly_item,
    chase,
    cohort,
    enrolment,
    proposal,
    remedy,
    sequence,
    sequence_gap,
)
from routing import ledger, lifecycle

__all__ = (
    "anomaly_item",
    "chase",
    "cohort",
    "enrolment",
    "metadata",
    "proposal",
    "remedy",
    "sequence",
    "sequence_gap",
)

SCHEMA_VERSION: Final = "0004_lot_numbers"
"""The Alembic revision that this program works with; it refuses any other."""

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
    UniqueConstraint("client_id", "sha256"),
    states("state", lifecycle.DepositState),
    Index("ix_deposit_client_id_received_at", "client_id", "received_at"),
    Index("ix_deposit_state", "state", "received_at"),
    Index("ix_deposit_filename", "filename"),
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
    Column("number", Text, nullable=False, index=True),
    Column("match_key", Text, nullable=False, index=True),
    words("date"),
    Column("sender", Text, nullable=False, index=True),
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
    states("state", lifecycle.LotState),
    states("account", ledger.Account),
    Index("ix_lot_state", "state", "changed_at"),
    Index("ix_lot_dispatch_id", "dispatch_id"),
    Index("ix_lot_client_id", "client_id", "created_at"),
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

dispatch = Table(
    "dispatch",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payer_id", Text, nullable=False),
    Column("payer_code", Text, nullable=False),
    Column("endpoint_id", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("directory_version", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    words("filename"),
    Column("payload_id", Text, ForeignKey("payload.id")),  # null: not composed yet
    Column("size", BigInteger, nullable=False, server_default="0"),
    count("lots"),
    count("claims"),
    cents("asked"),
    Column("state", Text, nullable=False),
    count("attempts"),
    moment("not_before"),
    words("reference"),
    words("cause"),
    words("cause_words"),
    Column("worker", Text),
    Column("lease_until", Double),
    moment("created_at"),
    moment("sent_at", nullable=True),
    moment("changed_at"),
    UniqueConstraint("payer_id", "flow", "number"),
    states("state", lifecycle.DispatchState),
    Index("ix_dispatch_state", "state", "not_before"),
    Index("ix_dispatch_filename", "filename"),
)

dispatch_lot = Table(
    "dispatch_lot",
    metadata,
    Column("dispatch_id", Text, ForeignKey("dispatch.id"), primary_key=True),
    Column("lot_id", Text, ForeignKey("lot.id"), primary_key=True, index=True),
    Column("position", Integer, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    Column("dispatch_id", Text, ForeignKey("dispatch.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("worker", Text, nullable=False),
    moment("started_at"),
    moment("ended_at", nullable=True),
    words("outcome"),
    words("code"),
    words("words"),
)

number_series = Table(
    "number_series",
    metadata,
    Column("series", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

expectation = Table(
    "expectation",
    metadata,
    Column("dispatch_id", Text, ForeignKey("dispatch.id"), primary_key=True),
    Column("lot_id", Text, ForeignKey("lot.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("payer_id", Text, nullable=False),
    Column("flow", Text, nullable=False),
    count("owed"),  # claims still without that answer
    moment("due_at"),  # by contract
    moment("missing_at"),
    Column("level", Text, nullable=False),
    Column("state", Text, nullable=False),
    moment("created_at"),
    moment("changed_at"),
    moment("usual_at", nullable=True),  # when it would be unusually late for the payer
    moment("next_at", nullable=True),  # when the watch must look at it; null: never
    words("sent_on"),  # the payer's day of the first sending: its cohort
    states("state", lifecycle.ExpectationState),
    Index("ix_expectation_lot_id", "lot_id"),
    Index(
        "ix_expectation_next_at",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    Index("ix_expectation_overdue", "payer_id", "flow", "kind", "state", "due_at"),
)

payer_return = Table(
    "payer_return",
    metadata,
    Column("id", Text, primary_key=True),
    Column("endpoint_id", Text, nullable=False),
    Column("payer_id", Text),
    Column("network", Text, nullable=False),
    Column("remote_name", Text, nullable=False, index=True),
    Column("remote_size", BigInteger, nullable=False),
    Column("remote_modified", Double, nullable=False),
    Column("payload_id", Text, ForeignKey("payload.id"), nullable=False),
    Column("sha256", Text, nullable=False),
    moment("collected_at"),
    moment("confirmed_at", nullable=True),
    Column("state", Text, nullable=False),
    words("format"),
    words("kind"),
    words("reference"),
    count("answers"),
    count("matched"),
    count("errors"),
    words("facts"),
    moment("matched_at", nullable=True),
    moment("retry_at", nullable=True),  # when orphans are tried again
    Column("worker", Text),
    Column("lease_until", Double),
    UniqueConstraint("endpoint_id", "sha256"),
    states("state", lifecycle.ReturnState),
    Index("ix_payer_return_state", "state", "collected_at"),
    Index("ix_payer_return_endpoint_id", "endpoint_id", "collected_at"),
)

answer = Table(
    "answer",
    metadata,
    Column("return_id", Text, ForeignKey("payer_return.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("level", Text, nullable=False),
    Column("match_key", Text, nullable=False, index=True),
    words("sender"),
    Column("outcome", Text, nullable=False),
    cents("asked"),
    cents("paid"),
    words("remarks"),
    Column("client_id", Text),
    Column("lot_id", Text),
    Column("claim_seq", Integer),
    Column("rule", Text),  # null: an orphan
    moment("matched_at", nullable=True),
    count("repeated"),
    Column("handback_id", Text),  # the client's file that carries it
    Index("ix_answer_lot_id", "lot_id", "claim_seq"),
    Index(
        "ix_answer_not_handed_back",
        "return_id",
        sqlite_where=text("handback_id IS NULL AND client_id IS NOT NULL"),
        postgresql_where=text("handback_id IS NULL AND client_id IS NOT NULL"),
    ),
)

handback = Table(
    "handback",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("return_id", Text, ForeignKey("payer_return.id"), nullable=False),
    Column("network", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("payload_id", Text, ForeignKey("payload.id"), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    moment("created_at"),
    moment("fetched_at", nullable=True),
    moment("acknowledged_at", nullable=True),
    UniqueConstraint("client_id", "network", "filename"),
    states("state", lifecycle.HandbackState),
    Index("ix_handback_client_id", "client_id", "id"),
)

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

directory_version = Table(
    "directory_version",
    metadata,
    Column("version", Text, primary_key=True),
    Column("content", Text, nullable=False),
    moment("loaded_at"),
)

circuit = Table(
    "circuit",
    metadata,
    Column("endpoint_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    count("failures"),
    count("openings"),
    moment("until"),
    words("cause"),
    moment("changed_at"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    moment("until"),
)

staff = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    moment("created_at"),
    moment("disabled_at", nullable=True),
)

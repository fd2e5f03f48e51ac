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
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from routing import ledger, lifecycle

SCHEMA_VERSION: Final = "0002_claim_sender"
"""The Alembic revision that this program works with; it refuses any other."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up by itself only in a column of exactly this type.
_SERIAL: Final = BigInteger().with_variant(Integer, "sqlite")


def _states(column: str, values: type) -> CheckConstraint:
    listed = ", ".join(f"'{state.value}'" for state in values)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _text(name: str, **options: object) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="", **options)  # type: ignore[arg-type]


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _cents(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _time(name: str, *, nullable: bool = False) -> Column[float]:
    return Column(name, Double, nullable=nullable)


client = Table(
    "client",
    metadata,
    Column("id", Text, primary_key=True),
    _text("name"),
    _text("vendor"),
    _text("software"),
    _time("created_at"),
    _time("disabled_at", nullable=True),
    Column("max_file_size", BigInteger, nullable=False, server_default="0"),
    _count("max_open_uploads"),
    Column("max_bytes_per_second", BigInteger, nullable=False, server_default="0"),
    Column("password_hash", Text),
)

client_key = Table(
    "client_key",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # ssh, token, certificate
    _text("public"),
    _text("comment"),
    _time("created_at"),
    _time("revoked_at", nullable=True),
)

sender = Table(
    "sender",
    metadata,
    Column("network", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    _text("name"),
    _time("created_at"),
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
    _time("created_at"),
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
    _time("updated_at"),
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
    _text("label"),
    Column("sha256", Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    _time("received_at"),
    Column("receipt", LargeBinary, nullable=False),
    Column("report", LargeBinary),  # what the client is told once it is split
    Column("state", Text, nullable=False),
    _text("format"),
    _text("network"),
    _count("records"),
    _count("lots"),
    _count("claims"),
    _count("errors"),
    _count("warnings"),
    _text("facts"),
    Column("worker", Text),
    Column("lease_until", Double),
    _time("split_at", nullable=True),
    UniqueConstraint("client_id", "sha256"),
    _states("state", lifecycle.DepositState),
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
    _time("modified_at"),
    Index("ix_inbox_name_folder", "client_id", "folder"),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("client_id", Text, ForeignKey("client.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("deposit_id", Text, ForeignKey("deposit.id"), nullable=False),
    Column("sha256", Text, nullable=False),
    _time("created_at"),
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
    _text("date"),
    Column("sender", Text, nullable=False, index=True),
    _text("destination"),
    _count("record"),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    _count("claims"),
    _count("errors"),
    _cents("billed"),
    _cents("asked"),
    _count("standing_claims"),  # those that stand in the lot's own account
    _cents("standing_asked"),
    Column("state", Text, nullable=False),
    Column("account", Text, nullable=False),
    _text("cause"),
    _text("cause_words"),
    Column("payer_id", Text),
    Column("payer_code", Text),
    Column("directory_version", Text),
    Column("dispatch_id", Text, ForeignKey("dispatch.id")),
    _time("created_at"),
    _time("changed_at"),
    _states("state", lifecycle.LotState),
    _states("account", ledger.Account),
    Index("ix_lot_state", "state", "changed_at"),
    Index("ix_lot_dispatch_id", "dispatch_id"),
    Index("ix_lot_client_id", "client_id", "created_at"),
)

claim = Table(
    "claim",
    metadata,
    Column("lot_id", Text, ForeignKey("lot.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("number", Text, nullable=False),
    Column("match_key", Text, nullable=False, index=True),
    _text("date"),
    Column("patient", BigInteger, nullable=False),  # keyed hash, see vault
    _cents("billed"),
    _cents("asked"),
    _cents("asked_main"),
    _cents("asked_other"),
    _cents("paid"),
    _count("record"),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("account", Text),
    _text("outcome"),
    _time("answered_at", nullable=True),
    _text("sender"),  # its lot's: numbers are counted by sender
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
    _text("filename"),
    Column("payload_id", Text, ForeignKey("payload.id")),  # null: not composed yet
    Column("size", BigInteger, nullable=False, server_default="0"),
    _count("lots"),
    _count("claims"),
    _cents("asked"),
    Column("state", Text, nullable=False),
    _count("attempts"),
    _time("not_before"),
    _text("reference"),
    _text("cause"),
    _text("cause_words"),
    Column("worker", Text),
    Column("lease_until", Double),
    _time("created_at"),
    _time("sent_at", nullable=True),
    _time("changed_at"),
    UniqueConstraint("payer_id", "flow", "number"),
    _states("state", lifecycle.DispatchState),
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
    _time("started_at"),
    _time("ended_at", nullable=True),
    _text("outcome"),
    _text("code"),
    _text("words"),
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
    _count("owed"),  # claims still without that answer
    _time("due_at"),
    _time("missing_at"),
    Column("level", Text, nullable=False),
    Column("state", Text, nullable=False),
    _time("created_at"),
    _time("changed_at"),
    _states("state", lifecycle.ExpectationState),
    Index("ix_expectation_state", "state", "due_at"),
    Index("ix_expectation_lot_id", "lot_id"),
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
    _time("collected_at"),
    _time("confirmed_at", nullable=True),
    Column("state", Text, nullable=False),
    _text("format"),
    _text("kind"),
    _text("reference"),
    _count("answers"),
    _count("matched"),
    _count("errors"),
    _text("facts"),
    _time("matched_at", nullable=True),
    _time("retry_at", nullable=True),  # when orphans are tried again
    Column("worker", Text),
    Column("lease_until", Double),
    UniqueConstraint("endpoint_id", "sha256"),
    _states("state", lifecycle.ReturnState),
    Index("ix_payer_return_state", "state", "collected_at"),
)

answer = Table(
    "answer",
    metadata,
    Column("return_id", Text, ForeignKey("payer_return.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("level", Text, nullable=False),
    Column("match_key", Text, nullable=False, index=True),
    _text("sender"),
    Column("outcome", Text, nullable=False),
    _cents("asked"),
    _cents("paid"),
    _text("remarks"),
    Column("client_id", Text),
    Column("lot_id", Text),
    Column("claim_seq", Integer),
    Column("rule", Text),  # null: an orphan
    _time("matched_at", nullable=True),
    _count("repeated"),
    Column("handback_id", Text),  # the client's file that carries it
    Index("ix_answer_lot_id", "lot_id", "claim_seq"),
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
    _time("created_at"),
    _time("fetched_at", nullable=True),
    _time("acknowledged_at", nullable=True),
    UniqueConstraint("client_id", "network", "filename"),
    _states("state", lifecycle.HandbackState),
    Index("ix_handback_client_id", "client_id", "id"),
)

anomaly = Table(
    "anomaly",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("subject", Text, nullable=False),  # what repeats of it share
    _text("payer_id"),
    _text("client_id"),
    _text("words"),
    Column("state", Text, nullable=False),
    _count("seen"),
    _time("first_seen"),
    _time("last_seen"),
    _text("assignee"),
    _text("resolution"),
    _states("state", lifecycle.AnomalyState),
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
    _time("at"),
)

ledger_move = Table(
    "ledger_move",
    metadata,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    _time("at"),
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
    _time("at"),
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
    _time("loaded_at"),
)

circuit = Table(
    "circuit",
    metadata,
    Column("endpoint_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    _count("failures"),
    _count("openings"),
    _time("until"),
    _text("cause"),
    _time("changed_at"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    _time("until"),
)

staff = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    _time("created_at"),
    _time("disabled_at", nullable=True),
)

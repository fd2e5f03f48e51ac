"""The tables of what goes to payers and comes back: dispatches, expectations, returns."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.journal.columns import cents, count, metadata, moment, states, words
from routing import lifecycle

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
    Index("ix_dispatch_number", "number"),
    Index("ix_dispatch_created_at", "created_at", "id"),
    Index("ix_dispatch_payer_id", "payer_id", "created_at"),
    Index(
        "ix_dispatch_reference",
        "reference",
        sqlite_where=text("reference <> ''"),
        postgresql_where=text("reference <> ''"),
    ),
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

UNMET: Final = "state IN ('open', 'late', 'missing')"
"""The answers that are still owed, as the indexes for their lists say it."""

PARTLY_MATCHED: Final = "state = 'partly-matched'"
"""The returns that hold orphans, as the index for their next try says it."""

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
    *(
        Index(name, *columns, sqlite_where=text(UNMET), postgresql_where=text(UNMET))
        for name, columns in (
            ("ix_expectation_due_at", ("state", "due_at")),
            ("ix_expectation_payer_id", ("payer_id", "state", "due_at")),
        )
    ),
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
    Index("ix_payer_return_payer_id", "payer_id", "collected_at"),
    Index("ix_payer_return_collected_at", "collected_at", "id"),
    Index("ix_payer_return_sha256", "sha256"),
    Index(
        "ix_payer_return_retry_at",
        *("state", "retry_at"),
        sqlite_where=text(PARTLY_MATCHED),
        postgresql_where=text(PARTLY_MATCHED),
    ),
    Index(
        "ix_payer_return_reference",
        "reference",
        sqlite_where=text("reference <> ''"),
        postgresql_where=text("reference <> ''"),
    ),
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

commitment = Table(  # a payer's word, for a while, that it will pay for a patient
    "commitment",
    metadata,
    Column("return_id", Text, ForeignKey("payer_return.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # the answer's that gave it
    Column("network", Text, nullable=False),
    Column("patient", BigInteger, nullable=False),  # keyed hash, see vault
    Column("payer_code", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("communicated_on", Text, nullable=False),  # ISO days
    Column("valid_until", Text, nullable=False),
    words("insured_from"),
    words("insured_until"),
    moment("created_at"),
    Index("ix_commitment_patient", "patient", "client_id", "network"),
    Index("ix_commitment_valid_until", "valid_until"),
)

payment = Table(  # a transfer that a payer announced for a lot
    "payment",
    metadata,
    Column("lot_id", Text, ForeignKey("lot.id"), primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("reference_key", Text, nullable=False),  # the form that is compared
    Column("return_id", Text, ForeignKey("payer_return.id"), nullable=False),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("payer_id", Text, nullable=False),
    cents("cents"),
    Column("due_on", Text, nullable=False),  # ISO day
    Column("paid_on", Text),  # ISO day of the bank; null: it has not come
    cents("paid_cents"),
    moment("created_at"),
    Index("ix_payment_reference_key", "reference_key"),
    Index("ix_payment_due_on", "due_on"),
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
    Column("arrived", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("client_id", "network", "filename"),
    states("state", lifecycle.HandbackState),
    Index("ix_handback_client_id", "client_id", "id"),
    Index("ix_handback_return_id", "return_id"),
    Index("ix_handback_filename", "filename"),
    Index("ix_handback_sha256", "sha256"),
    Index("ix_handback_arrived", "client_id", "arrived"),
)

sandbox_file = Table(  # what a payer of the sandbox was given
    "sandbox_file",
    metadata,
    Column("endpoint_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    count("tries"),
    Column("size", BigInteger, nullable=False, server_default="0"),
    words("lot_key"),  # empty for what it answers never, as if it had been lost
    moment("taken_at", nullable=True),  # null: not taken yet
    moment("answered_at", nullable=True),  # when its last answer leaves; null: never
    Index("ix_sandbox_file_lot_key", "endpoint_id", "lot_key"),
)

sandbox_return = Table(  # what a payer of the sandbox sends back, ready or to come
    "sandbox_return",
    metadata,
    Column("endpoint_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    words("lot_key"),
    Column("payload_id", Text, ForeignKey("payload.id"), nullable=False),
    Column("size", BigInteger, nullable=False),
    moment("ready_at"),
    moment("removed_at", nullable=True),
    Index(
        "ix_sandbox_return_ready_at",
        "ready_at",
        sqlite_where=text("removed_at IS NULL"),
        postgresql_where=text("removed_at IS NULL"),
    ),
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

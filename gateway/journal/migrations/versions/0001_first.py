"""The first schema: every table of the journal.

Revision texts never change once they have run somewhere: what the schema module
says later is reached by later revisions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table; referenced ones come first."""
    _accounts()
    _bytes()
    _dispatches()
    _lots()
    _answers()
    _history()
    _operation()


def downgrade() -> None:
    """Refuse: there is nothing before it but losing everything."""
    raise NotImplementedError(
        "0001_first is the first revision; drop the database instead"
    )


def _accounts() -> None:
    """Clients, their keys and senders; staff."""
    op.create_table(
        "client",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("vendor", sa.Text(), server_default="", nullable=False),
        sa.Column("software", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("disabled_at", sa.Double(), nullable=True),
        sa.Column("max_file_size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("max_open_uploads", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "max_bytes_per_second", sa.BigInteger(), server_default="0", nullable=False
        ),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    op.create_table(
        "client_key",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_key_client_id")
        ),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_client_key")),
    )
    op.create_index(
        op.f("ix_client_key_client_id"), "client_key", ["client_id"], unique=False
    )
    op.create_table(
        "sender",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_sender_client_id")
        ),
        sa.PrimaryKeyConstraint(
            "network", "number", "client_id", name=op.f("pk_sender")
        ),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("disabled_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )


def _bytes() -> None:
    """Payloads, work in progress, deposits and the names that they came under."""
    op.create_table(
        "payload",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("place_offset", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payload")),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_upload_client_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("client_id", "path", name=op.f("uq_upload_client_id_path")),
    )
    op.create_table(
        "deposit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("payload_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), server_default="", nullable=False),
        sa.Column("network", sa.Text(), server_default="", nullable=False),
        sa.Column("records", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lots", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claims", sa.Integer(), server_default="0", nullable=False),
        sa.Column("errors", sa.Integer(), server_default="0", nullable=False),
        sa.Column("warnings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("facts", sa.Text(), server_default="", nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("split_at", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "state IN ('received', 'split', 'unreadable')",
            name=op.f("ck_deposit_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_deposit_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_deposit_payload_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit")),
        sa.UniqueConstraint(
            "client_id", "sha256", name=op.f("uq_deposit_client_id_sha256")
        ),
    )
    op.create_index(
        "ix_deposit_client_id_received_at",
        "deposit",
        ["client_id", "received_at"],
        unique=False,
    )
    op.create_index("ix_deposit_filename", "deposit", ["filename"], unique=False)
    op.create_index(op.f("ix_deposit_sha256"), "deposit", ["sha256"], unique=False)
    op.create_index(
        "ix_deposit_state", "deposit", ["state", "received_at"], unique=False
    )
    op.create_table(
        "inbox_name",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("deposit_id", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("modified_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_inbox_name_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposit.id"], name=op.f("fk_inbox_name_deposit_id")
        ),
        sa.PrimaryKeyConstraint("client_id", "path", name=op.f("pk_inbox_name")),
    )
    op.create_index(
        "ix_inbox_name_folder", "inbox_name", ["client_id", "folder"], unique=False
    )
    op.create_table(
        "idempotency_key",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("deposit_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_idempotency_key_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposit.id"], name=op.f("fk_idempotency_key_deposit_id")
        ),
        sa.PrimaryKeyConstraint("client_id", "key", name=op.f("pk_idempotency_key")),
    )


def _dispatches() -> None:
    """Files for payers, their numbers and attempts."""
    op.create_table(
        "dispatch",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Text(), nullable=False),
        sa.Column("payer_code", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("directory_version", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.Text(), server_default="", nullable=False),
        sa.Column("payload_id", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lots", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claims", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("cause_words", sa.Text(), server_default="", nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=True),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "state IN ('ready', 'sending', 'unknown', 'sent', 'refused', 'answered', 'withdrawn')",
            name=op.f("ck_dispatch_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_dispatch_payload_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch")),
        sa.UniqueConstraint(
            "payer_id", "flow", "number", name=op.f("uq_dispatch_payer_id_flow_number")
        ),
    )
    op.create_index("ix_dispatch_filename", "dispatch", ["filename"], unique=False)
    op.create_index(
        "ix_dispatch_state", "dispatch", ["state", "not_before"], unique=False
    )
    op.create_table(
        "attempt",
        sa.Column("dispatch_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_attempt_dispatch_id")
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "number", name=op.f("pk_attempt")),
    )
    op.create_table(
        "number_series",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_number_series")),
    )


def _lots() -> None:
    """What was found in deposits, and what it went out with."""
    op.create_table(
        "lot",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deposit_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("match_key", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), server_default="", nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), server_default="", nullable=False),
        sa.Column("record", sa.Integer(), server_default="0", nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("claims", sa.Integer(), server_default="0", nullable=False),
        sa.Column("errors", sa.Integer(), server_default="0", nullable=False),
        sa.Column("billed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("standing_claims", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "standing_asked", sa.BigInteger(), server_default="0", nullable=False
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("cause_words", sa.Text(), server_default="", nullable=False),
        sa.Column("payer_id", sa.Text(), nullable=True),
        sa.Column("payer_code", sa.Text(), nullable=True),
        sa.Column("directory_version", sa.Text(), nullable=True),
        sa.Column("dispatch_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "account IN ('outside', 'received', 'held', 'routed', 'dispatched', 'acknowledged', 'accepted', 'rejected', 'paid', 'partly-paid', 'missing', 'waived', 'withdrawn')",
            name=op.f("ck_lot_account_known"),
        ),
        sa.CheckConstraint(
            "state IN ('new', 'held', 'routed', 'gathered', 'sent', 'acknowledged', 'answered', 'refused', 'withdrawn')",
            name=op.f("ck_lot_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_lot_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposit.id"], name=op.f("fk_lot_deposit_id")
        ),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_lot_dispatch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
    )
    op.create_index(
        "ix_lot_client_id", "lot", ["client_id", "created_at"], unique=False
    )
    op.create_index(op.f("ix_lot_deposit_id"), "lot", ["deposit_id"], unique=False)
    op.create_index("ix_lot_dispatch_id", "lot", ["dispatch_id"], unique=False)
    op.create_index(op.f("ix_lot_match_key"), "lot", ["match_key"], unique=False)
    op.create_index(op.f("ix_lot_number"), "lot", ["number"], unique=False)
    op.create_index(op.f("ix_lot_sender"), "lot", ["sender"], unique=False)
    op.create_index("ix_lot_state", "lot", ["state", "changed_at"], unique=False)
    op.create_table(
        "claim",
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("match_key", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), server_default="", nullable=False),
        sa.Column("patient", sa.BigInteger(), nullable=False),
        sa.Column("billed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked_main", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked_other", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("paid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("record", sa.Integer(), server_default="0", nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_claim_lot_id")),
        sa.PrimaryKeyConstraint("lot_id", "seq", name=op.f("pk_claim")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_claim_match_key"), "claim", ["match_key"], unique=False)
    op.create_index(op.f("ix_claim_number"), "claim", ["number"], unique=False)
    op.create_table(
        "problem",
        sa.Column("deposit_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Text(), nullable=True),
        sa.Column("record", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposit.id"], name=op.f("fk_problem_deposit_id")
        ),
        sa.PrimaryKeyConstraint("deposit_id", "seq", name=op.f("pk_problem")),
    )
    op.create_table(
        "dispatch_lot",
        sa.Column("dispatch_id", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_dispatch_lot_dispatch_id")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_dispatch_lot_lot_id")
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "lot_id", name=op.f("pk_dispatch_lot")),
    )
    op.create_index(
        op.f("ix_dispatch_lot_lot_id"), "dispatch_lot", ["lot_id"], unique=False
    )


def _answers() -> None:
    """What payers owe and say, and what clients get of it."""
    op.create_table(
        "expectation",
        sa.Column("dispatch_id", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("owed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("missing_at", sa.Double(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'late', 'missing', 'met', 'waived')",
            name=op.f("ck_expectation_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_expectation_dispatch_id")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_expectation_lot_id")
        ),
        sa.PrimaryKeyConstraint(
            "dispatch_id", "lot_id", "kind", name=op.f("pk_expectation")
        ),
    )
    op.create_index("ix_expectation_lot_id", "expectation", ["lot_id"], unique=False)
    op.create_index(
        "ix_expectation_state", "expectation", ["state", "due_at"], unique=False
    )
    op.create_table(
        "payer_return",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Text(), nullable=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("remote_name", sa.Text(), nullable=False),
        sa.Column("remote_size", sa.BigInteger(), nullable=False),
        sa.Column("remote_modified", sa.Double(), nullable=False),
        sa.Column("payload_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("collected_at", sa.Double(), nullable=False),
        sa.Column("confirmed_at", sa.Double(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("answers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("matched", sa.Integer(), server_default="0", nullable=False),
        sa.Column("errors", sa.Integer(), server_default="0", nullable=False),
        sa.Column("facts", sa.Text(), server_default="", nullable=False),
        sa.Column("matched_at", sa.Double(), nullable=True),
        sa.Column("retry_at", sa.Double(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "state IN ('stored', 'matched', 'partly-matched', 'unreadable')",
            name=op.f("ck_payer_return_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_payer_return_payload_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payer_return")),
        sa.UniqueConstraint(
            "endpoint_id", "sha256", name=op.f("uq_payer_return_endpoint_id_sha256")
        ),
    )
    op.create_index(
        op.f("ix_payer_return_remote_name"),
        "payer_return",
        ["remote_name"],
        unique=False,
    )
    op.create_index(
        "ix_payer_return_state", "payer_return", ["state", "collected_at"], unique=False
    )
    op.create_table(
        "answer",
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("match_key", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("paid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("remarks", sa.Text(), server_default="", nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("lot_id", sa.Text(), nullable=True),
        sa.Column("claim_seq", sa.Integer(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("matched_at", sa.Double(), nullable=True),
        sa.Column("repeated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("handback_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["return_id"], ["payer_return.id"], name=op.f("fk_answer_return_id")
        ),
        sa.PrimaryKeyConstraint("return_id", "seq", name=op.f("pk_answer")),
    )
    op.create_index("ix_answer_lot_id", "answer", ["lot_id", "claim_seq"], unique=False)
    op.create_index(op.f("ix_answer_match_key"), "answer", ["match_key"], unique=False)
    op.create_table(
        "handback",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("payload_id", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("fetched_at", sa.Double(), nullable=True),
        sa.Column("acknowledged_at", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "state IN ('ready', 'fetched', 'acknowledged')",
            name=op.f("ck_handback_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_handback_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_handback_payload_id")
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["payer_return.id"], name=op.f("fk_handback_return_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handback")),
        sa.UniqueConstraint(
            "client_id",
            "network",
            "filename",
            name=op.f("uq_handback_client_id_network_filename"),
        ),
    )
    op.create_index(
        "ix_handback_client_id", "handback", ["client_id", "id"], unique=False
    )


def _history() -> None:
    """Ledger, event chains and anomalies."""
    op.create_table(
        "ledger_move",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("claim_seq", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_ledger_move_lot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_move")),
    )
    op.create_index(
        op.f("ix_ledger_move_lot_id"), "ledger_move", ["lot_id"], unique=False
    )
    op.create_table(
        "event",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_event")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_event_subject"), "event", ["subject"], unique=False)
    op.create_table(
        "event_chain",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_event_chain")),
    )
    op.create_table(
        "anomaly",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Text(), server_default="", nullable=False),
        sa.Column("client_id", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_seen", sa.Double(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=False),
        sa.Column("assignee", sa.Text(), server_default="", nullable=False),
        sa.Column("resolution", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'assigned', 'snoozed', 'resolved')",
            name=op.f("ck_anomaly_state_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomaly")),
    )
    op.create_index("ix_anomaly_state", "anomaly", ["state"], unique=False)
    op.create_index("ix_anomaly_subject", "anomaly", ["kind", "subject"], unique=True)
    op.create_table(
        "anomaly_comment",
        sa.Column("anomaly_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["anomaly_id"], ["anomaly.id"], name=op.f("fk_anomaly_comment_anomaly_id")
        ),
        sa.PrimaryKeyConstraint("anomaly_id", "seq", name=op.f("pk_anomaly_comment")),
    )


def _operation() -> None:
    """The directory's versions, circuits and leases."""
    op.create_table(
        "directory_version",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_directory_version")),
    )
    op.create_table(
        "circuit",
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("openings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_circuit")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )

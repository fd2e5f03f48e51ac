"""What is owed beyond its due date: cohorts, chases, remedies, enrolments, gaps.

Expectations that were written before have no cohort day of their own: it is made
from when they were written, and their payers' delays are learned from there on.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003_owed"
down_revision = "0002_claim_sender"
branch_labels = None
depends_on = None

_KNOWN = {
    "chase": ("open", "paused", "approval", "given-up", "ended"),
    "remedy": (
        *("approval", "planned", "tried", "brought"),
        *("nothing", "failed", "denied"),
    ),
    "enrolment": ("absent", "to-sign", "requested", "open", "suspended", "closed"),
    "proposal": ("open", "confirmed", "refused", "overtaken"),
}


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def _cents(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def _known(table: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{state}'" for state in _KNOWN[table])
    return sa.CheckConstraint(
        f"state IN ({listed})", name=op.f(f"ck_{table}_state_known")
    )


def _needed(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Add the tables, and what expectations and anomalies say beside."""
    _upgrade_expectations()
    for name in ("facts", "advice"):
        op.add_column("anomaly", _text(name))
    op.add_column("anomaly", _count("claims"))
    where = sa.text("handback_id IS NULL AND client_id IS NOT NULL")
    op.create_index(
        "ix_answer_not_handed_back",
        "answer",
        ["return_id"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_index(
        "ix_payer_return_endpoint_id", "payer_return", ["endpoint_id", "collected_at"]
    )
    _create_cohorts()
    _create_chases()
    _create_enrolments()
    _create_sequences()


def _upgrade_expectations() -> None:
    op.add_column("expectation", sa.Column("usual_at", sa.Double(), nullable=True))
    op.add_column("expectation", sa.Column("next_at", sa.Double(), nullable=True))
    op.add_column("expectation", _text("sent_on"))
    op.execute(
        "UPDATE expectation SET next_at = CASE state WHEN 'open' THEN due_at "
        "WHEN 'late' THEN missing_at END"
    )
    day = (
        "date(created_at, 'unixepoch')"
        if op.get_bind().dialect.name == "sqlite"
        else "to_char(to_timestamp(created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    )
    op.execute(f"UPDATE expectation SET sent_on = {day}")  # noqa: S608 - our own text
    op.drop_index("ix_expectation_state", "expectation")
    where = sa.text("next_at IS NOT NULL")
    op.create_index(
        "ix_expectation_next_at",
        "expectation",
        ["next_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_index(
        "ix_expectation_overdue",
        "expectation",
        ["payer_id", "flow", "kind", "state", "due_at"],
    )


def _create_cohorts() -> None:
    op.create_table(
        "cohort",
        _needed("payer_id", sa.Text()),
        _needed("flow", sa.Text()),
        _needed("kind", sa.Text()),
        _needed("sent_on", sa.Text()),
        _needed("after", sa.Integer()),
        _needed("chased", sa.Integer()),
        _count("claims"),
        _cents("asked"),
        sa.PrimaryKeyConstraint(
            *("payer_id", "flow", "kind", "sent_on", "after", "chased"),
            name=op.f("pk_cohort"),
        ),
        sqlite_with_rowid=False,
    )


def _create_chases() -> None:
    op.create_table(
        "chase",
        _needed("lot_id", sa.Text()),
        _needed("dispatch_id", sa.Text()),
        _needed("payer_id", sa.Text()),
        _needed("flow", sa.Text()),
        _needed("client_id", sa.Text()),
        _needed("state", sa.Text()),
        sa.Column("next_at", sa.Double(), nullable=True),
        _text("known"),
        _cents("asked"),
        _count("claims"),
        _needed("opened_at", sa.Double()),
        _needed("changed_at", sa.Double()),
        sa.Column("ended_at", sa.Double(), nullable=True),
        _known("chase"),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_chase_dispatch_id")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_chase_lot_id")),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_chase")),
    )
    where = sa.text("next_at IS NOT NULL")
    op.create_index(
        "ix_chase_next_at",
        "chase",
        ["next_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_index("ix_chase_payer_id", "chase", ["payer_id", "state"])
    op.create_index("ix_chase_dispatch_id", "chase", ["dispatch_id"])
    op.create_table(
        "remedy",
        _needed("id", sa.Text()),
        _needed("lot_id", sa.Text()),
        _needed("dispatch_id", sa.Text()),
        _needed("payer_id", sa.Text()),
        _needed("flow", sa.Text()),
        _needed("kind", sa.Text()),
        _needed("state", sa.Text()),
        _text("words"),
        _cents("asked"),
        _count("brought"),
        _needed("at", sa.Double()),
        sa.Column("ended_at", sa.Double(), nullable=True),
        _text("approved_by"),
        _known("remedy"),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_remedy_dispatch_id")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_remedy_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remedy")),
    )
    op.create_index(op.f("ix_remedy_lot_id"), "remedy", ["lot_id"])
    op.create_index("ix_remedy_state", "remedy", ["state", "at"])
    op.create_index("ix_remedy_payer_id", "remedy", ["payer_id", "kind", "state"])


def _create_enrolments() -> None:
    op.create_table(
        "enrolment",
        _needed("network", sa.Text()),
        _needed("sender", sa.Text()),
        _needed("payer_id", sa.Text()),
        _needed("flow", sa.Text()),
        sa.Column("client_id", sa.Text(), nullable=True),
        _needed("state", sa.Text()),
        _text("source"),
        _text("words"),
        sa.Column("requested_at", sa.Double(), nullable=True),
        sa.Column("opened_at", sa.Double(), nullable=True),
        _needed("changed_at", sa.Double()),
        _known("enrolment"),
        sa.PrimaryKeyConstraint(
            *("network", "sender", "payer_id", "flow"), name=op.f("pk_enrolment")
        ),
    )
    op.create_index("ix_enrolment_state", "enrolment", ["state", "payer_id"])
    where = sa.text("cause = 'not-enrolled'")
    op.create_index(
        "ix_lot_not_enrolled",
        "lot",
        ["payer_id", "flow"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_table(
        "proposal",
        _needed("return_id", sa.Text()),
        _needed("seq", sa.Integer()),
        _needed("lot_id", sa.Text()),
        _needed("claim_seq", sa.Integer()),
        _count("score"),
        _text("rule"),
        _text("words"),
        _needed("state", sa.Text()),
        _text("decided_by"),
        _needed("made_at", sa.Double()),
        sa.Column("decided_at", sa.Double(), nullable=True),
        _known("proposal"),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_proposal_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["payer_return.id"], name=op.f("fk_proposal_return_id")
        ),
        sa.PrimaryKeyConstraint(
            *("return_id", "seq", "lot_id", "claim_seq"), name=op.f("pk_proposal")
        ),
    )
    op.create_index("ix_proposal_state", "proposal", ["state", "made_at"])


def _create_sequences() -> None:
    op.create_table(
        "sequence",
        _needed("series", sa.Text()),
        _needed("last", sa.BigInteger()),
        _count("seen"),
        _count("in_order"),
        _needed("changed_at", sa.Double()),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_sequence")),
    )
    op.create_table(
        "sequence_gap",
        _needed("series", sa.Text()),
        _needed("number", sa.BigInteger()),
        _needed("noticed_at", sa.Double()),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("series", "number", name=op.f("pk_sequence_gap")),
    )
    op.create_index(
        "ix_sequence_gap_closed_at", "sequence_gap", ["series", "closed_at"]
    )
    op.create_table(
        "anomaly_item",
        _needed("anomaly_id", sa.Text()),
        _needed("subject", sa.Text()),
        _count("claims"),
        _needed("at", sa.Double()),
        sa.ForeignKeyConstraint(
            ["anomaly_id"], ["anomaly.id"], name=op.f("fk_anomaly_item_anomaly_id")
        ),
        sa.PrimaryKeyConstraint("anomaly_id", "subject", name=op.f("pk_anomaly_item")),
    )


def downgrade() -> None:
    """Take all of it away again."""
    op.drop_index("ix_lot_not_enrolled", "lot")
    for table in (
        *("anomaly_item", "sequence_gap", "sequence", "proposal"),
        *("enrolment", "remedy", "chase", "cohort"),
    ):
        op.drop_table(table)
    op.drop_index("ix_payer_return_endpoint_id", "payer_return")
    op.drop_index("ix_answer_not_handed_back", "answer")
    for column in ("facts", "advice", "claims"):
        op.drop_column("anomaly", column)
    op.drop_index("ix_expectation_overdue", "expectation")
    op.drop_index("ix_expectation_next_at", "expectation")
    op.create_index("ix_expectation_state", "expectation", ["state", "due_at"])
    for column in ("usual_at", "next_at", "sent_on"):
        op.drop_column("expectation", column)

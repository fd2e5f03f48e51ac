"""Whatever a person has in hand is found by an index, and lists are read along one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_search_indexes"
down_revision = "0012_sandbox"
branch_labels = None
depends_on = None

_UNMET = "state IN ('open', 'late', 'missing')"
_REFERRED = "reference <> ''"
_NEW = (  # name, table, columns, only where
    ("ix_deposit_received_at", "deposit", ["received_at", "id"], None),
    ("ix_lot_created_at", "lot", ["created_at", "id"], None),
    ("ix_lot_payer_id", "lot", ["payer_id", "created_at"], None),
    ("ix_claim_patient", "claim", ["patient"], None),
    ("ix_dispatch_number", "dispatch", ["number"], None),
    ("ix_dispatch_created_at", "dispatch", ["created_at", "id"], None),
    ("ix_dispatch_payer_id", "dispatch", ["payer_id", "created_at"], None),
    ("ix_dispatch_reference", "dispatch", ["reference"], _REFERRED),
    ("ix_expectation_due_at", "expectation", ["state", "due_at"], _UNMET),
    ("ix_expectation_payer_id", "expectation", ["payer_id", "state", "due_at"], _UNMET),
    ("ix_payer_return_payer_id", "payer_return", ["payer_id", "collected_at"], None),
    ("ix_payer_return_collected_at", "payer_return", ["collected_at", "id"], None),
    ("ix_payer_return_sha256", "payer_return", ["sha256"], None),
    ("ix_payer_return_reference", "payer_return", ["reference"], _REFERRED),
    ("ix_handback_filename", "handback", ["filename"], None),
    ("ix_handback_sha256", "handback", ["sha256"], None),
)
_WIDER = (("ix_lot_number", "number"), ("ix_lot_sender", "sender"))
_NAME_ALONE = "substr(path, length(folder) + 2)"


def upgrade() -> None:
    """Make the indexes."""
    for name, table, columns, where in _NEW:
        only = None if where is None else sa.text(where)
        op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)
    for name, column in _WIDER:
        op.drop_index(name, "lot")
        op.create_index(name, "lot", [column, "created_at"])
    op.drop_index("ix_lot_match_key", "lot")
    op.create_index(
        "ix_lot_match_key",
        "lot",
        ["match_key"],
        postgresql_ops={"match_key": "text_pattern_ops"},
    )
    op.create_index("ix_inbox_name_name", "inbox_name", [sa.text(_NAME_ALONE)])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_inbox_name_name", "inbox_name")
    op.drop_index("ix_lot_match_key", "lot")
    op.create_index("ix_lot_match_key", "lot", ["match_key"])
    for name, column in _WIDER:
        op.drop_index(name, "lot")
        op.create_index(name, "lot", [column])
    for name, table, _, _ in reversed(_NEW):
        op.drop_index(name, table)

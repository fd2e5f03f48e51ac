"""Damaged deposits stand behind their cases, as all else does that cases are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_damaged_cases"
down_revision = "0018_attachments"
branch_labels = None
depends_on = None

_PUT_BEHIND = """
INSERT INTO anomaly_item (anomaly_id, subject, claims, at)
SELECT anomaly.id, anomaly.subject, 0, anomaly.last_seen FROM anomaly
WHERE anomaly.kind = 'deposit-damaged' AND NOT EXISTS (
    SELECT 1 FROM anomaly_item AS own
    WHERE own.anomaly_id = anomaly.id AND own.subject = anomaly.subject
)
"""
_TAKE_AWAY = """
DELETE FROM anomaly_item WHERE EXISTS (
    SELECT 1 FROM anomaly
    WHERE anomaly.id = anomaly_item.anomaly_id AND anomaly.kind = 'deposit-damaged'
    AND anomaly.subject = anomaly_item.subject
)
"""


def upgrade() -> None:
    """Put each damaged deposit behind the case that it has of its own."""
    op.execute(sa.text(_PUT_BEHIND))


def downgrade() -> None:
    """Leave it to the case's subject alone."""
    op.execute(sa.text(_TAKE_AWAY))

"""The journal's tables.  The rows here are the only state there is.

Times are epoch seconds (UTC), amounts are cents, `facts`, `keys` and the like
are JSON texts.  Identifiers are opaque texts that sort by time of creation; a
lot's id is its deposit's with `-<position>`, a claim is (lot, seq).

Each group of tables has its module; whoever reads or writes one finds it here.
"""

from __future__ import annotations

from typing import Final

from gateway.journal.columns import metadata
from gateway.journal.schema_attachments import attachment
from gateway.journal.schema_house import (
    anomaly,
    anomaly_comment,
    directory_version,
    event,
    event_chain,
    event_root,
    lease,
    ledger_move,
)
from gateway.journal.schema_intake import (
    claim,
    client,
    client_key,
    deposit,
    idempotency_key,
    inbox_basename,
    inbox_name,
    lot,
    payload,
    problem,
    sender,
    upload,
    used_number,
)
from gateway.journal.schema_notify import notice, notice_rule, notice_told
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
from gateway.journal.schema_payers import (
    UNMET,
    answer,
    attempt,
    circuit,
    commitment,
    dispatch,
    dispatch_lot,
    expectation,
    handback,
    number_series,
    payer_return,
    payment,
    sandbox_file,
    sandbox_return,
)
from gateway.journal.schema_receipts import (
    receipt,
    receipt_entry,
    receipt_inclusion,
    receipt_link,
    receipt_mark,
    receipt_root,
)
from gateway.journal.schema_referential import referential_taken
from gateway.journal.schema_staff import deed, directory_pin, staff, staff_session
from gateway.journal.schema_webhooks import (
    webhook,
    webhook_delivery,
    webhook_event,
    webhook_place,
)

__all__ = (
    "SCHEMA_VERSION",
    "UNMET",
    "anomaly",
    "anomaly_comment",
    "anomaly_item",
    "answer",
    "attachment",
    "attempt",
    "chase",
    "circuit",
    "claim",
    "client",
    "client_key",
    "cohort",
    "commitment",
    "deed",
    "deposit",
    "directory_pin",
    "directory_version",
    "dispatch",
    "dispatch_lot",
    "enrolment",
    "event",
    "event_chain",
    "event_root",
    "expectation",
    "handback",
    "idempotency_key",
    "inbox_basename",
    "inbox_name",
    "lease",
    "ledger_move",
    "lot",
    "metadata",
    "notice",
    "notice_rule",
    "notice_told",
    "number_series",
    "payer_return",
    "payload",
    "payment",
    "problem",
    "proposal",
    "receipt",
    "receipt_entry",
    "receipt_inclusion",
    "receipt_link",
    "receipt_mark",
    "receipt_root",
    "referential_taken",
    "remedy",
    "sandbox_file",
    "sandbox_return",
    "sender",
    "sequence",
    "sequence_gap",
    "staff",
    "staff_session",
    "upload",
    "used_number",
    "webhook",
    "webhook_delivery",
    "webhook_event",
    "webhook_place",
)

SCHEMA_VERSION: Final = "0019_damaged_cases"
"""The Alembic revision that this program works with; it refuses any other."""

"""The tables of what is owed beyond its due date: cohorts, chases, remedies, enrolments.

`cohort` is what learned delays and the no-response rate are counted from: so many
claims of a payer, flow and kind sent on a day were answered `after` so many days
(`SENT` for all that were sent), `chased` or by itself.  Its size follows payers and days, never claims.
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
    Table,
    Text,
    text,
)

from gateway.journal.columns import cents, count, metadata, moment, states, words
from routing.chase import ChaseState, RemedyState
from routing.enrolment import EnrolmentState
from routing.proposal import ProposalState

SENT: Final = -1
"""The `after` of a cohort's row that counts what was sent."""

cohort = Table(
    "cohort",
    metadata,
    Column("payer_id", Text, primary_key=True),
    Column("flow", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("sent_on", Text, primary_key=True),  # ISO day in the payer's time zone
    Column("after", Integer, primary_key=True),  # days until answered, or SENT
    Column("chased", Integer, primary_key=True),  # 1: after something was done for it
    count("claims"),
    cents("asked"),
    sqlite_with_rowid=False,
)

chase = Table(
    "chase",
    metadata,
    Column("lot_id", Text, ForeignKey("lot.id"), primary_key=True),
    Column("dispatch_id", Text, ForeignKey("dispatch.id"), nullable=False),
    Column("payer_id", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    moment("next_at", nullable=True),  # when it goes on; null: not by itself
    words("known"),  # what is known, JSON: see routing.chase.Known
    cents("asked"),  # of what is unanswered
    count("claims"),
    moment("opened_at"),
    moment("changed_at"),
    moment("ended_at", nullable=True),
    states("state", ChaseState),
    Index(
        "ix_chase_next_at",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    Index("ix_chase_payer_id", "payer_id", "state"),
    Index("ix_chase_dispatch_id", "dispatch_id"),
)

remedy = Table(
    "remedy",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lot_id", Text, ForeignKey("lot.id"), nullable=False, index=True),
    Column("dispatch_id", Text, ForeignKey("dispatch.id"), nullable=False),
    Column("payer_id", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    words("words"),  # why it was chosen, then what came of it
    cents("asked"),
    count("brought"),  # claims answered after it, before the next one
    moment("at"),
    moment("ended_at", nullable=True),
    words("approved_by"),
    states("state", RemedyState),
    Index("ix_remedy_state", "state", "at"),
    Index("ix_remedy_payer_id", "payer_id", "kind", "state"),
)

enrolment = Table(
    "enrolment",
    metadata,
    Column("network", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("payer_id", Text, primary_key=True),
    Column("flow", Text, primary_key=True),
    Column("client_id", Text),
    Column("state", Text, nullable=False),
    words("source"),  # who said so: import, staff, payer, evidence
    words("words"),
    moment("requested_at", nullable=True),
    moment("opened_at", nullable=True),
    moment("changed_at"),
    moment("told_at", nullable=True),  # of when the newest word on it is
    states("state", EnrolmentState),
    Index("ix_enrolment_state", "state", "payer_id"),
)

proposal = Table(
    "proposal",
    metadata,
    Column("return_id", Text, ForeignKey("payer_return.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # of the answer in the return
    Column("lot_id", Text, ForeignKey("lot.id"), primary_key=True),
    Column("claim_seq", Integer, primary_key=True),
    count("score"),  # from 0 to 100
    words("rule"),
    words("words"),  # what agrees and what does not, without values
    Column("state", Text, nullable=False),
    words("decided_by"),
    moment("made_at"),
    moment("decided_at", nullable=True),
    states("state", ProposalState),
    Index("ix_proposal_state", "state", "made_at"),
)

sequence = Table(
    "sequence",
    metadata,
    Column("series", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
    count("seen"),
    count("in_order"),  # how many came right after the one before: the learning
    moment("changed_at"),
)

sequence_gap = Table(
    "sequence_gap",
    metadata,
    Column("series", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    moment("noticed_at"),
    Column("closed_at", Double),
    Index("ix_sequence_gap_closed_at", "series", "closed_at"),
)

anomaly_item = Table(
    "anomaly_item",
    metadata,
    Column("anomaly_id", Text, ForeignKey("anomaly.id"), primary_key=True),
    Column("subject", Text, primary_key=True),  # a lot, deposit, return or dispatch
    count("claims"),
    moment("at"),
)

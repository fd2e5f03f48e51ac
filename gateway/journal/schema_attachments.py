"""The table of supporting documents: lots of the flow `attachment`, and their invoices.

The numbers are those that the document's name gives; `about_lot` and `about_seq` are
the claim of the same client that they name, once it is there.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from gateway.journal.columns import count, metadata, moment, words

attachment = Table(
    "attachment",
    metadata,
    Column("lot_id", Text, ForeignKey("lot.id"), primary_key=True),
    Column("lot_number", Text, nullable=False),
    Column("invoice", Text, nullable=False),
    moment("checked_at", nullable=True),
    count("errors"),  # for which it must not be sent
    words("scan"),  # what the virus scanner said, or that there was none
    Column("about_lot", Text, ForeignKey("lot.id")),
    Column("about_seq", Integer),
    moment("tied_at", nullable=True),
    moment("due_at", nullable=True),  # when it is looked at again; null: it has gone on
    Index("ix_attachment_due_at", "due_at"),
    Index("ix_attachment_about_lot", "about_lot"),
)

"""What stands under one name in `/in`: the question before nearly every upload.

OpenSSH's client asks it of each file that it puts, so it is one statement and
prepared, on the two tables that may know the name.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, case, literal_column, select, union_all

from gateway.journal import schema
from gateway.journal.prepared import Prepared, given


@frozen
class Standing:
    """A name: a folder, a deposit's, or that of work in progress."""

    is_folder: bool
    size: int
    modified: float


def standing(connection: Connection, client: str, path: str) -> Standing | None:
    """Find what stands under a name; work in progress hides a deposit."""
    values = {"its_client": client, "its_path": path}
    found: list[Any] = _UNDER.rows(connection, values)
    if not found:
        return None
    row = min(found, key=lambda row: row.rank)
    return Standing(bool(row.is_folder), row.size, row.modified)


_UPLOAD, _NAME = schema.upload.c, schema.inbox_name.c
_UNDER: Final = Prepared(
    union_all(
        select(
            literal_column("0").label("rank"),
            literal_column("0").label("is_folder"),
            _UPLOAD.size.label("size"),
            _UPLOAD.updated_at.label("modified"),
        ).where(
            _UPLOAD.client_id == given("its_client"), _UPLOAD.path == given("its_path")
        ),
        select(
            literal_column("1"),
            case((_NAME.deposit_id.is_(None), 1), else_=0),
            _NAME.size,
            _NAME.modified_at,
        ).where(
            _NAME.client_id == given("its_client"), _NAME.path == given("its_path")
        ),
    )
)

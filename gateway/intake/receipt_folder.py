"""The folder `/receipts` of one client: what we have signed for it, each under its id.

A receipt per deposit, and once it is read a report; a receipt per dispatch and per
return; the entries of its chain; of each day its proof under the root.  Only those of
the last weeks are listed, or the folder would grow for ever; older ones can be got by
name as before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Row

from gateway.database import Database
from gateway.intake.downloads import InMemory
from gateway.intake.interface import Download, Entry
from gateway.journal import receipt_lists, tree

_REPORT: Final = ".report.json"
_RECEIPT: Final = ".json"


class ReceiptFolder:
    """What stands in it; `listed_since` tells from when on it is listed."""

    def __init__(
        self, database: Database, client: str, listed_since: Callable[[], float]
    ) -> None:
        self._database = database
        self._client = client
        self._listed_since = listed_since

    def entries(self) -> Sequence[Entry]:
        """List it, oldest first."""
        read, since = self._database.read, self._listed_since()
        rows = read(tree.receipts, self._client, since)
        found = [entry for row in rows for entry in _entries(row)]
        others = read(receipt_lists.sizes, self._client, since)
        found += [_file(row.id + _RECEIPT, row.size, row.made_at) for row in others]
        return sorted(found, key=lambda entry: entry.modified)

    def entry(self, name: str) -> Entry | None:
        """Look at one name, listed or not."""
        document = self._document(name)
        if document is not None:
            return _file(name, len(document.content), document.made_at)
        deposit = name.removesuffix(_REPORT).removesuffix(_RECEIPT)
        row = self._database.read(tree.receipt_sizes, self._client, deposit)
        entries = [] if row is None else _entries(row)
        return next((each for each in entries if each.name == name), None)

    def open(self, name: str) -> Download | None:
        """Open one, listed or not."""
        document = self._document(name)
        if document is not None:
            return InMemory(document.content)
        is_report = name.endswith(_REPORT)
        deposit = name.removesuffix(_REPORT if is_report else _RECEIPT)
        row = self._database.read(tree.receipt, self._client, deposit)
        content = None if row is None else row.report if is_report else row.receipt
        return None if content is None else InMemory(content)

    def _document(self, name: str) -> Row[*tuple[Any, ...]] | None:
        """Find what is signed for the client beside deposits' receipts."""
        if not name.endswith(_RECEIPT):
            return None
        document = name.removesuffix(_RECEIPT)
        return self._database.read(receipt_lists.document, self._client, document)


def _entries(row: Row[*tuple[Any, ...]]) -> list[Entry]:
    found = [_file(row.id + _RECEIPT, row.receipt_size, row.received_at)]
    if row.report_size is not None:
        found.append(_file(row.id + _REPORT, row.report_size, row.split_at))
    return found


def _file(name: str, size: int, modified: float) -> Entry:
    return Entry(
        name=name, is_folder=False, size=size, modified=modified, writable=False
    )

"""The file in which documents go to a fund, and its acknowledgement: SIMULATED, both.

The national packaging is not public, and neither is its acknowledgement.  The
container is a ZIP with the documents as they came and one manifest in JSON, the
acknowledgement is that manifest with a word for each document; both say SIMULATED,
without which they are not recognised.  Whoever has the real ones writes them here.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Final, NamedTuple

CONTAINER_MARK: Final = "SIMULATED ATTACHMENTS - NOT A NATIONAL FORMAT"
MANIFEST: Final = "SIMULATED.json"
_FIXED: Final = (1980, 1, 1, 0, 0, 0)  # so that the same documents give the same bytes
_BLOCK: Final = 64 * 1024


class Document(NamedTuple):
    """One document of a container, and the invoice that it belongs to."""

    sender: str
    lot: str
    invoice: str
    sha256: str

    @property
    def key(self) -> str:
        """What an acknowledgement names it by."""
        return document_key(self.sender, self.lot, self.invoice, self.sha256)


def document_key(sender: str, lot: str, invoice: str, sha256: str) -> str:
    """Return the match key of a document's lot."""
    return f"attachment|{sender}|{lot}|{invoice}|{sha256}"


def write_container(
    documents: Sequence[tuple[str, str, str, Callable[[], BinaryIO]]],
    *,
    head: Mapping[str, str],
    into: BinaryIO,
) -> int:
    """Write documents (sender, lot, invoice, how to open it) before their manifest; its size."""
    made = io.BytesIO()
    listed = []
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as package:
        for place, (sender, lot, invoice, open_it) in enumerate(documents, 1):
            digest = hashlib.sha256()
            entry = zipfile.ZipInfo(f"{place:04}.pdf", _FIXED)
            with open_it() as content, package.open(entry, "w") as member:
                while block := content.read(_BLOCK):
                    digest.update(block)
                    member.write(block)
            document = Document(sender, lot, invoice, digest.hexdigest())
            listed.append(document._asdict())
        manifest = {"format": CONTAINER_MARK, **head, "documents": listed}
        entry = zipfile.ZipInfo(MANIFEST, _FIXED)
        package.writestr(entry, json.dumps(manifest, indent=1))
    return into.write(made.getvalue())


def read_container(content: bytes) -> tuple[Mapping[str, Any], list[Document]] | None:
    """Read a container as its payer does; None if it is none."""
    if not content.startswith(b"PK"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            manifest = json.loads(package.read(MANIFEST))
    except (zipfile.BadZipFile, KeyError, ValueError):
        return None
    if manifest.get("format") != CONTAINER_MARK:
        return None
    return manifest, [Document(**each) for each in manifest["documents"]]

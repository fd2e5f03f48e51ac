"""Writes a bundle: files, receipts, history, each with its proof, under one manifest.

Everything is streamed into the archive; what is kept in memory is names and hashes.
The manifest names every file by its hash and is signed with the key of receipts.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from itertools import chain
from typing import IO, Any, Final

from attrs import define, field, frozen
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from gateway.evidence.subject import Subject
from gateway.intake import merkle, receipts
from gateway.intake.receipt_documents import EVIDENCE
from gateway.intake.receipts import FORM, ReceiptSigner, iso_time
from gateway.journal import event_roots, schema
from gateway.journal.events import GENESIS
from gateway.storage.payloads import Payloads

_BLOCK: Final = 1 << 20
_AT_ONCE: Final = 500
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")

Document = Callable[[str, bytes], None]


@frozen(kw_only=True)
class Asked:
    """Who wants a bundle, and why; `mixed` lets other clients' claims be in it."""

    by: str
    purpose: str
    at: float
    mixed: bool


@define
class Bundle:
    """A bundle being written."""

    archive: zipfile.ZipFile
    files: list[dict[str, Any]] = field(factory=list)
    left_out: list[dict[str, Any]] = field(factory=list)

    def add(self, name: str, content: bytes, **facts: Any) -> None:
        """Write a small file."""
        self.copy(name, iter([content]), **facts)

    def copy(self, name: str, blocks: Iterator[bytes], **facts: Any) -> None:
        """Write a file of any size, block by block."""
        digest, size = hashlib.sha256(), 0
        with self.archive.open(name, "w", force_zip64=True) as into:
            for block in blocks:
                digest.update(block)
                size += len(block)
                into.write(block)
        entry = {"name": name, "size": size, "sha256": digest.hexdigest()}
        self.files.append(entry | facts)


def write(
    connection: Connection,
    out: IO[bytes],
    subject: Subject,
    asked: Asked,
    *,
    payloads: Payloads,
    signer: ReceiptSigner,
    keys: Sequence[Ed25519PublicKey],
) -> Mapping[str, Any]:
    """Write the whole bundle; return what its manifest says."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        bundle = Bundle(archive)
        for name in ("README.txt", "verify_evidence.py"):
            bundle.add(name, resources.files(__package__).joinpath(name).read_bytes())
        for key in keys:
            bundle.add(f"keys/{receipts.key_id(key)}.pub", _pem(key))
        _stored(bundle, subject, payloads, mixed=asked.mixed)
        _receipts(connection, bundle, subject)
        _history(connection, bundle, subject)
        manifest = {
            "receipt": FORM,
            "kind": EVIDENCE,
            "about": {"kind": subject.kind, "id": subject.id},
            "clients": list(subject.clients),
            "lots": len(subject.lots),
            "by": asked.by,
            "purpose": asked.purpose,
            "made_at": iso_time(asked.at),
            "files": bundle.files,
            "left_out": bundle.left_out,
        }
        archive.writestr("manifest.json", signer.seal(manifest))
    return manifest


def _stored(
    bundle: Bundle, subject: Subject, payloads: Payloads, *, mixed: bool
) -> None:
    """Copy the files of the life, and say which are not there and why."""
    for each in subject.files:
        row = each.payload
        facts = {"kind": each.kind, "id": each.id, "filename": each.filename}
        why = ""
        if row.purged_at is not None:
            why = f"purged at {iso_time(row.purged_at)}: its retention was over"
        elif each.mixed and not mixed:
            why = "it holds claims of other clients as well"
        if why:
            size = {"size": row.size, "sha256": row.sha256, "why": why}
            bundle.left_out.append(facts | size)
            continue
        name = _UNSAFE.sub("_", posixpath.basename(each.filename)).lstrip(".") or "file"
        with payloads.open_row(row) as stream:
            blocks = iter(lambda: stream.read(_BLOCK), b"")
            bundle.copy(f"files/{each.kind}/{each.id}/{name}", blocks, **facts)


def _receipts(connection: Connection, bundle: Bundle, subject: Subject) -> None:
    """Write receipts about the life, with the way of each to the root of a day."""
    deposits = {each.id for each in subject.files if each.kind == "deposit"}
    others = sorted({each.id for each in subject.files} - deposits)
    link, kept, deposit = schema.receipt_link, schema.receipt, schema.deposit
    for client in subject.clients:
        entries: set[int] = set()
        for name, content in chain(
            _some(connection, sorted(deposits), deposit.c.id, deposit, client),
            _some(connection, others, kept.c.subject, kept, client),
        ):
            bundle.add(f"receipts/{client}/{name}.json", content)
            number = connection.execute(
                select(link.c.number).where(link.c.receipt_id == name)
            ).scalar_one_or_none()
            if number is not None:
                entries.add(number)
        _chain(connection, bundle, client, entries)


def _some(
    connection: Connection, names: Sequence[str], column: Any, table: Any, client: str
) -> Iterator[tuple[str, bytes]]:
    content = table.c.receipt if table is schema.deposit else table.c.content
    for start in range(0, len(names), _AT_ONCE):
        query = select(table.c.id, content).where(
            column.in_(names[start : start + _AT_ONCE]), table.c.client_id == client
        )
        for row in connection.execute(query.order_by(table.c.id)):
            yield row[0], row[1]


def _chain(
    connection: Connection, bundle: Bundle, client: str, numbers: set[int]
) -> None:
    """Write entries from those that cover a receipt to the next that has a root."""
    entry, proof = schema.receipt_entry, schema.receipt_inclusion
    heads = {}
    for row in connection.execute(
        select(proof.c.day, proof.c.content).where(proof.c.client_id == client)
    ):
        heads[int(receipts.read(row.content).body["number"])] = row
    wanted, roots = set(numbers), set()
    for number in numbers:
        head = min((each for each in heads if each >= number), default=None)
        if head is not None:
            wanted.update(range(number, head + 1))
            roots.add(head)
    for number in sorted(wanted):
        content = connection.execute(
            select(entry.c.content).where(
                entry.c.client_id == client, entry.c.number == number
            )
        ).scalar_one()
        bundle.add(f"receipts/{client}/chain-{number}.json", content)
    for head in sorted(roots):
        row = heads[head]
        bundle.add(f"receipts/{client}/root-{row.day}.json", row.content)


def _history(connection: Connection, bundle: Bundle, subject: Subject) -> None:
    """Write every event of the life with its path to a signed root."""
    roots: dict[str, bytes] = {}
    lines = _events(connection, subject, roots)
    bundle.copy("events.jsonl", lines)
    for name, content in roots.items():
        bundle.add(name, content)


def _events(
    connection: Connection, subject: Subject, roots: dict[str, bytes]
) -> Iterator[bytes]:
    table = schema.event
    places: list[tuple[str, int]] = []
    names = sorted(subject.names)
    for start in range(0, len(names), _AT_ONCE):
        some = table.c.subject.in_(names[start : start + _AT_ONCE])
        query = select(table.c.chain, table.c.seq).where(some)
        places += [(row.chain, row.seq) for row in connection.execute(query)]
    root, hashes, paths, name = None, [""], [[("", "")]], ""
    for its_chain, seq in sorted(places):
        if root is None or root.chain != its_chain or seq > root.until:
            root = event_roots.covering(connection, its_chain, seq)
            if root is None:
                raise LookupError(f"event {seq} of {its_chain} has no signed root yet")
            name = f"roots/{_UNSAFE.sub('_', its_chain)}-{root.until}.json"
            roots[name] = root.content
            found = event_roots.leaves(connection, its_chain, root.after, root.until)
            hashes, paths = list(found), [list(each) for each in merkle.tree(found)[1]]
        row = connection.execute(
            select(table).where(table.c.chain == its_chain, table.c.seq == seq)
        ).one()
        at = seq - root.after - 1
        told = row._asdict() | {
            "previous": hashes[at - 1] if at else _before(connection, its_chain, seq),
            "root": name,
            "path": [{"side": side, "sha256": other} for side, other in paths[at]],
        }
        yield (json.dumps(told, ensure_ascii=False) + "\n").encode()


def _before(connection: Connection, chain: str, seq: int) -> str:
    table = schema.event
    query = select(table.c.hash).where(table.c.chain == chain, table.c.seq == seq - 1)
    return connection.execute(query).scalar_one_or_none() or GENESIS


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

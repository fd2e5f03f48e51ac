"""Signed documents as one client gets them over two days, made without a gateway."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.intake import merkle, receipt_documents, receipts
from gateway.intake.receipt_check import GENESIS
from gateway.intake.receipts import ReceiptFacts, ReceiptSigner

KEY: Final = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
SIGNER: Final = ReceiptSigner(KEY)
START: Final = 1_795_000_000.0  # 2026-11-18
DAYS: Final = ("2026-11-18", "2026-11-19")
OTHERS: Final = ("a" * 64, "b" * 64)  # entries of other clients


def deposit(number: int) -> bytes:
    """Make the receipt of a deposit."""
    facts = ReceiptFacts(
        deposit=f"d{number}",
        client="alpha",
        channel="sftp",
        filename=f"factures-{number}é.b2",
        size=number * 100,
        sha256=f"{number:064x}",
        received_at=START + number,
    )
    return SIGNER.sign(facts)


def dispatch() -> bytes:
    """Make the receipt of a dispatch."""
    row = SimpleNamespace(
        id="s1",
        network="toy",
        payer_id="P1",
        payer_code="01",
        flow="billing",
        number=7,
        filename="P1-7.txt",
        sha256="7" * 64,
    )
    lot = SimpleNamespace(
        id="d1-1", deposit_id="d1", number="001", sender="S1", claims=2
    )
    sent = {"at": START, "arrival": "accepted", "reference": "/in/P1-7.txt", "note": ""}
    return SIGNER.seal(
        receipt_documents.dispatch("dispatch-1", "alpha", row, [lot], sent)
    )


def answer() -> bytes:
    """Make the receipt of what was given back."""
    row = SimpleNamespace(
        id="b1",
        client_id="alpha",
        network="toy",
        format="toy.return",
        filename="pay.ret",
        size=12,
        sha256="9" * 64,
        created_at=START,
    )
    said = [
        SimpleNamespace(lot_id="d1-1", number="001", outcome="paid", answers=2),
        SimpleNamespace(lot_id=None, number=None, outcome="rejected", answers=1),
    ]
    return SIGNER.seal(receipt_documents.answer("answer-1", row, said))


def entry(number: int, previous: str, covered: list[bytes]) -> bytes:
    """Make an entry of the chain over receipts."""
    signed = [receipts.read(each) for each in covered]
    body = receipt_documents.entry(
        "alpha",
        number,
        previous,
        START + 10 * number,
        [
            {
                "kind": each.kind,
                "id": each.body.get("id") or each.body["deposit"],
                "sha256": each.sha256,
            }
            for each in signed
        ],
    )
    return SIGNER.seal(body)


def proof(day: str, previous: str, number: int, sha256: str) -> tuple[bytes, str]:
    """Make the proof that the chain up to an entry is under a day's root; and its hash."""
    leaves = sorted([sha256, *OTHERS])
    found, paths = merkle.tree(leaves)
    body = receipt_documents.root(day, found, previous, START)
    path = paths[leaves.index(sha256)]
    made = receipt_documents.inclusion(
        "alpha", day, number, sha256, path, json.loads(SIGNER.seal(body))
    )
    return SIGNER.seal(made), receipts.hash_of(body)


def papers() -> dict[str, bytes]:
    """Make everything that the client has, by file name."""
    found = {f"d{number}.json": deposit(number) for number in (1, 2, 3)}
    found |= {"dispatch-1.json": dispatch(), "answer-1.json": answer()}
    covered: list[Any] = [[each] for each in found.values()]
    head = GENESIS
    for number, some in enumerate(covered, 1):
        made = entry(number, head, some)
        found[f"chain-{number}.json"] = made
        head = receipts.read(made).sha256
    previous = GENESIS
    for day, number in zip(DAYS, (3, 5), strict=True):
        sha256 = receipts.read(found[f"chain-{number}.json"]).sha256
        found[f"root-{day}.json"], previous = proof(day, previous, number, sha256)
    return found

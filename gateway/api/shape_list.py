"""Every shape that the API answers with, by the name of its schema."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.api import (
    claim_documents,
    claim_parts,
    payer_shapes,
    shapes,
    webhook_shapes,
)
from gateway.api.shapes import Shape

SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "Deposit": shapes.DEPOSIT,
        "ProblemFound": shapes.PROBLEM_FOUND,
        "Lot": shapes.LOT,
        "Expectation": shapes.EXPECTATION,
        "Claim": shapes.CLAIM,
        "ClaimPart": claim_parts.CLAIM_PART,
        "ClaimDocument": claim_documents.CLAIM_DOCUMENT,
        "Account": shapes.ACCOUNT,
        "Event": shapes.EVENT,
        "Return": shapes.RETURN,
        "Answer": shapes.ANSWER,
        "ReceiptListed": shapes.RECEIPT_LISTED,
        "Payer": payer_shapes.PAYER,
        "Webhook": webhook_shapes.WEBHOOK,
        "Delivery": webhook_shapes.DELIVERY,
    }
)

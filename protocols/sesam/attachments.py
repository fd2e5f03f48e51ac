"""Supporting documents of the French network (SCOR): scanned prescriptions and the like.

What is known: PDF/A-1, 200 dots per inch, A5 or more, readable on 800 × 600, sent only
after the positive acknowledgement of the lot, tried again for 5 days and then sent on
paper, kept 90 days.  What is not public is simulated: how documents are packed, and
acknowledged (`attachment_container`, `attachment_arl`).  How a vendor names a file is
our own rule.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import BinaryIO, Final

from protocols.attachments import About, Attachments, Checker
from protocols.sending import Addressee, Composed, Emitter, LotPart
from protocols.sesam import attachment_rules
from protocols.sesam.attachment_container import document_key, write_container
from protocols.sesam.keys import normal_invoice, normal_lot, normal_ps
from protocols.sesam.sample_document import make_document
from routing.envelope import LotSeen, Problem

FLOW: Final = "attachment"
_DAY: Final = 86_400.0
_NAMED: Final = re.compile(
    r"scor_([0-9A-Z]{8,15})_([0-9]{1,3})_([0-9A-Z]{1,9})(?:_[0-9A-Z-]{1,20})?\.pdf",
    re.IGNORECASE | re.ASCII,
)
_MEMORY: Final = 1_000_000_000  # bytes of address space, most of it the libraries'
_WORK: Final = 10  # seconds of processor


class Scor:
    """Documents as PDF/A-1, named `scor_SENDER_LOT_INVOICE.pdf`."""

    format = "sesam.attachment"
    naming = "scor_SENDER_LOT_INVOICE.pdf, or scor_SENDER_LOT_INVOICE_MORE.pdf"
    lasts = 5 * _DAY
    checker = Checker(
        command=(
            sys.executable,
            "-I",
            str(Path(__file__).with_name("pdf_child.py")),
            str(_MEMORY),
            str(_WORK),
        ),
        seconds=30.0,
        largest=50_000_000,
    )

    def recognise(self, head: bytes) -> bool:
        """Say whether a file begins as a PDF does."""
        return head.startswith(b"%PDF-")

    def about(self, filename: str) -> About | None:
        """Read the sender, lot and invoice out of a file's name."""
        named = _NAMED.fullmatch(filename)
        if named is None:
            return None
        sender, lot, invoice = named.groups()
        return About(normal_ps(sender), normal_lot(lot), normal_invoice(invoice))

    def sample(self, rng: Random, about: About) -> bytes:
        """Make a SIMULATED prescription for an invoice."""
        return make_document(rng, about="_".join(about))

    def lot(self, about: About, *, sha256: str, size: int) -> LotSeen:
        """Make the lot that a document is: numbered by its lot and invoice."""
        return LotSeen(
            position=1,
            number=f"{about.lot}/{about.invoice}",
            match_key=document_key(*about, sha256),
            date="",
            sender=about.sender,
            flow=FLOW,
            destination={},
            record=1,
            offset=0,
            length=size,
            claims=(),
        )

    def judge(self, told: bytes, *, size: int) -> Sequence[Problem]:
        """Say what is wrong in a document of which the checker told facts."""
        return attachment_rules.judge(told, size=size)

    def compose(
        self,
        parts: Sequence[LotPart],
        *,
        addressee: Addressee,
        emitter: Emitter,
        number: int,
        day: str,
        into: BinaryIO,
    ) -> Composed:
        """Write one SIMULATED container for one fund."""
        name = f"SCOR-SIMULATED-{addressee.code}-{number:06}.zip"
        documents = []
        for part in parts:
            lot, _, invoice = part.number.partition("/")
            documents.append((part.sender, lot, invoice, part.open))
        head = {"container": name, "emitter": emitter.number, "day": day}
        size = write_container(documents, head=head, into=into)
        return Composed(
            name=name, size=size, records=len(parts), lots=len(parts), claims=0
        )


SCOR: Final[Attachments] = Scor()
"""The network's documents, as its network names them."""

"""What simulated vendor software checks of all that the gateway gives it.

Each check returns sentences about what is wrong; none means that all is right.
Nothing of a patient is ever in them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.intake import receipts
from gateway.simulator.vendor_files import REFUSED, Bill, Kind
from protocols.interface import Network
from routing.envelope import AnswerSeen, Level, Outcome

_HEAD: Final = 4096


def check_receipt(
    receipt: bytes, bill: Bill, *, client: str, key: Ed25519PublicKey
) -> Iterable[str]:
    """Check that a receipt is signed and vouches for this very file."""
    if not receipts.verify(receipt, key):
        yield f"the receipt of {bill.name} has no right signature"
        return
    told = json.loads(receipt)
    wanted: Mapping[str, object] = {
        "client": client,
        "size": len(bill.content),
        "sha256": bill.sha256,
    }
    for name, value in wanted.items():
        if told.get(name) != value:
            yield (
                f"the receipt of {bill.name} says {name} {told.get(name)!r}; "
                f"wanted {value!r}"
            )


def check_report(report: bytes, bill: Bill) -> Iterable[str]:
    """Check that the report finds what is wrong with a file, and nothing else."""
    told: dict[str, Any] = json.loads(report)
    unreadable = told["state"] == "unreadable"
    if bill.kind is Kind.NOISE and not unreadable:
        yield f"{bill.name} is noise, and was taken for {told['format']}"
    if told["valid"] is (bill.kind in REFUSED):
        codes = sorted({each["code"] for each in told["problems"]})
        yield f"{bill.name} is {bill.kind}, and was reported with problems {codes}"
    if bill.kind is Kind.GOOD and told["claims"] != len(bill.asked):
        yield f"{bill.name}: {told['claims']} claims found; wanted {len(bill.asked)}"


def check_return(
    name: str,
    content: bytes,
    *,
    networks: Iterable[Network],
    senders: Iterable[str],
    asked: Mapping[str, Collection[int]],
) -> Iterable[str]:
    """Check that a return can be read, and speaks of this client's claims alone.

    It is of one of `networks`.  `asked` is cents by match key of the claims that are known here; a return may
    speak of older ones.
    """
    found = _recognise(content[:_HEAD], networks)
    if found is None:
        yield f"return {name} is in no known format"
        return
    network, format = found
    reading = network.read_return(io.BytesIO(content), format)
    answers = list(reading.answers())
    if not answers:
        yield f"return {name} says nothing"
    known = frozenset(network.normal_sender(each) for each in senders)
    strangers = sum(
        bool(answer.sender) and network.normal_sender(answer.sender) not in known
        for answer in answers
    )
    if strangers:
        yield f"return {name} holds {strangers} answers for somebody else"
    for answer in answers:
        yield from _check_amount(name, answer, asked)
    summary = reading.summary()
    if not summary.valid:
        codes = sorted({each.code for each in summary.problems})
        yield f"return {name} has {summary.errors} errors: {codes}"


def _recognise(head: bytes, networks: Iterable[Network]) -> tuple[Network, str] | None:
    """Say whose return this is, and in which format; None for what is none."""
    for network in networks:
        format = network.recognise(head)
        if format is not None and network.is_return(format):
            return network, format
    return None


def _check_amount(
    name: str, answer: AnswerSeen, asked: Mapping[str, Collection[int]]
) -> Iterable[str]:
    if answer.level is not Level.CLAIM or answer.outcome is Outcome.INFORMATION:
        return
    found = next((asked[key] for key in answer.match_keys if key in asked), None)
    if found is not None and answer.asked not in found:
        yield (
            f"return {name} answers an invoice of {sorted(found)} cents as one of "
            f"{answer.asked}"
        )

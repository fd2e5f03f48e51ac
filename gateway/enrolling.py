"""What must be right before an enrolment is noted: the sender's number, and the flow."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import Final

from config.directory_records import PayerEntry
from protocols.interface import Network
from routing.attachment import FLOW as ATTACHMENT

_ANY_DAY: Final = "2026-01-05"


def sender_problem(network: Network, sender: str, payer: PayerEntry) -> str:
    """Say what is wrong with a sender's number; empty where it is right.

    It is right where the network can write it into a file for the payer.
    """
    number = network.normal_sender(sender)
    if not sender.isalnum() or not number:
        return f"is {sender!r}; wanted a number of letters and digits, not only zeros"
    if not _fits(network, number, payer) and _fits(network, "", payer):
        return (
            f"is {sender!r}, which is no sender's number in network {network.name}; "
            "wanted it as it stands in the sender's files"
        )
    return ""


def _fits(network: Network, sender: str, payer: PayerEntry) -> bool:
    """Say whether the network has a file in the name of a sender (empty: of any)."""
    made = BytesIO()
    try:
        network.sample(
            payer.codes[0].code if payer.codes else "",
            payer.rules,
            rng=Random(0),  # noqa: S311 - invented, and no secret
            day=_ANY_DAY,
            sender=sender,
            lots=1,
            claims=1,
            into=made,
        )
    except ValueError:
        return False
    made.seek(0)
    format = network.recognise(made.getvalue())
    if format is None:
        return False
    reading = network.read(made, format)
    found = {network.normal_sender(lot.sender) for lot in reading.lots()}
    return reading.summary().valid and (not sender or found == {sender})


def flows_of(payer: PayerEntry) -> tuple[str, ...]:
    """Name the flows for which a payer enrols senders; documents follow their claims."""
    return tuple(each for each in payer.flows if each != ATTACHMENT)


def flow_problem(payer: PayerEntry, flow: str) -> str:
    """Say what is wrong with a flow of a payer; empty where it is right.

    An empty flow is the payer's only one.
    """
    flows = flows_of(payer)
    taken = ", ".join(flows)
    if not flow and len(flows) > 1:
        return f"is missing; payer {payer.id} takes {taken}; wanted one of them"
    if flow and flow not in flows:
        return f"is {flow!r}; payer {payer.id} takes {taken}"
    return ""

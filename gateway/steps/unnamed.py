"""Whose claim an answer means that names no professional, as payment notices do."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from gateway.journal import kin
from routing.approximation import forms_of
from routing.envelope import AnswerSeen


def sender_meant(
    connection: Connection,
    network: str,
    answer: AnswerSeen,
    patient_hash: Callable[[str], int],
) -> str:
    """Return the sender named, or the only one who billed that patient that number.

    Nothing is decided by it: the claim is then weighed like any other of the sender.
    Empty if nobody did, or two.
    """
    traits = answer.traits
    if answer.sender or not (traits.number and traits.patients):
        return answer.sender
    senders = kin.senders_of(
        connection,
        network,
        forms_of(traits.number),
        {patient_hash(each) for each in traits.patients},
    )
    return senders.pop() if len(senders) == 1 else ""

"""The numbers that clients and payers give their files, noted as each is first read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Row

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import deposits, sequences
from protocols.interface import Network
from routing.envelope import Summary

AnyRow = Row[*tuple[Any, ...]]

_EXCUSED: Final = 600.0  # seconds before in which unread files may bear a number


def note_deposits(
    tx: Tx,
    entropy: Entropy,
    networks: Mapping[str, Network],
    read: Iterable[tuple[AnyRow, str, Summary]],
) -> None:
    """Note the numbers of deposits that were read, each with its network's name.

    In the order of the numbers: files that came together may have overtaken one
    another, and everybody locks the rows in one order.
    """
    numbered = []
    for deposit, name, summary in read:
        network = networks.get(name)
        number = network.file_number(summary) if network else None
        if number is not None and not deposit.format:  # else it was read before
            numbered.append((_client(tx, deposit, name), number))
    numbered.sort(key=lambda each: (each[0].name, each[1].series, each[1].number))
    for maker, number in numbered:
        sequences.note(tx, entropy, maker, number)


def note_return(
    tx: Tx,
    entropy: Entropy,
    network: Network,
    row: AnyRow,
    summary: Summary,
    payer: str,
) -> None:
    """Note the number of a payer's return that was read."""
    number = network.file_number(summary)
    if number is None or row.format:  # it was read before
        return
    maker = sequences.Maker(
        kind="return-gap",
        name=row.endpoint_id,
        words=f"endpoint {row.endpoint_id}",
        payer=payer,
    )
    sequences.note(tx, entropy, maker, number)


def _client(tx: Tx, deposit: AnyRow, network: str) -> sequences.Maker:
    """Name a client as one who numbers its files."""

    def excused(since: float) -> int:
        return deposits.numberless(
            tx.connection,
            deposit.client_id,
            since=min(since, deposit.received_at) - _EXCUSED,
            until=deposit.received_at,
        )

    return sequences.Maker(
        kind="deposit-gap",
        name=f"{deposit.client_id}:{network}",
        words=f"client {deposit.client_id}",
        client=deposit.client_id,
        excused=excused,
    )

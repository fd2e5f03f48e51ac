"""The vendor software of a study: makes each lot's file, and deposits it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.committing import Tx
from gateway.database import Database
from gateway.intake.interface import Client, Stored
from gateway.intake.reception import Reception
from gateway.journal import clients
from gateway.simulator.study_payers import merged_codes, merger_of
from gateway.simulator.study_plan import Plan, PlannedLot
from protocols.simulation import Order, Sender

_SENDERS_OF_A_CLIENT: Final = 4


class Vendors:
    """All vendor software; it sends by the door's own way in."""

    def __init__(self, plan: Plan, reception: Reception) -> None:
        self._plan = plan
        self._reception = reception
        self._simulations = {of.name: of.simulation for of in plan.simulated}
        self._codes = {
            profile.id: profile.code
            for of in plan.simulated
            for profile in of.simulation.profiles
        }

    def open_accounts(self, database: Database) -> None:
        """Have the gateway know them and their senders."""

        def add(tx: Tx) -> None:
            for name, senders in self._accounts().items():
                clients.add(
                    tx, name, name=name, vendor="Simulated", software="Study 1.0"
                )
                for network in self._simulations:
                    named = [
                        (each.number, each.name)
                        for each in senders
                        if each.network == network
                    ]
                    clients.add_senders(tx, name, network, named)

        database.write("study.clients", add)

    def send(self, lots: Sequence[PlannedLot]) -> None:
        """Deposit lots; raises what the reception raised."""
        waiting = [self._deposit(lot) for lot in lots]
        for each in waiting:
            _result(each)

    def _accounts(self) -> dict[str, list[Sender]]:
        found: dict[str, list[Sender]] = {}
        for index, each in enumerate(self._plan.senders):
            found.setdefault(_client(index), []).append(each)
        return found

    def _deposit(self, lot: PlannedLot) -> Deferred[Stored]:
        name = _client(lot.sender)
        client = Client(
            id=name,
            name=name,
            max_file_size=0,
            max_open_uploads=0,
            max_bytes_per_second=0,
        )
        sender = self._plan.senders[lot.sender]
        suffix = self._simulations[sender.network].suffix
        path = f"/in/{sender.number}-{lot.file:06}{suffix}"
        upload = self._reception.begin(client, "sftp", path)
        upload.write(0, self._file(lot))
        return upload.close()

    def _file(self, lot: PlannedLot) -> bytes:
        code = self._codes[lot.payer]
        if lot.fault == "misrouted":
            merger = merger_of(lot.day)
            code = merged_codes(self._plan.simulated, merger.number)[lot.payer]
        sender = self._plan.senders[lot.sender]
        simulation = self._simulations[sender.network]
        return simulation.bill(
            Random(f"{self._plan.seed}|lot|{lot.index}"),  # noqa: S311 - invented
            Order(
                sender=sender,
                code=code,
                rules=simulation.rules(code),
                lots=1,
                claims=lot.claims,
                day=lot.date.isoformat(),
                file=lot.file,
                first_lot=lot.number,
                first_claim=lot.first_invoice,
            ),
        )


def _client(sender: int) -> str:
    return f"cabinet-{sender // _SENDERS_OF_A_CLIENT + 1:02}"


def _result(deferred: Deferred[Stored]) -> None:
    """Raise what went wrong with a deposit; it has fired already."""
    found: list[Stored | Failure] = []
    deferred.addBoth(found.append)
    (value,) = found
    if isinstance(value, Failure):
        value.raiseException()

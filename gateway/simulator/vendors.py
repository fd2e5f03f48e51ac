"""Simulated vendor software: threads that bill, fetch their returns, and check all.

Each client is a thread with one door.  Whatever the gateway gives it is held
against what it sent; what does not fit is written into the notebook, which is
the demo's word on whether the gateway kept its promises.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from random import Random
from typing import Final

from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.simulator.vendor_accounts import Account
from gateway.simulator.vendor_checks import check_receipt, check_report, check_return
from gateway.simulator.vendor_doors import Door, DoorTrouble
from gateway.simulator.vendor_files import Bill, Typist
from protocols.interface import Network

_MOST_NOTES: Final = 100
_AGAIN_SHARE: Final = 0.1
_LOOK_EVERY: Final = 2.0
_TURN: Final = 0.2
_AFTER_TROUBLE: Final = 1.0
_MOST_CLAIMS: Final = 50_000  # remembered by each client
_PATIENCE: Final = 15.0  # seconds that receipts and reports may take at the end


class Notebook:
    """What simulated software found to be wrong; for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: list[str] = []
        self._more = 0

    def note(self, text: str) -> None:
        """Write something down."""
        with self._lock:
            if len(self._notes) < _MOST_NOTES:
                self._notes.append(text)
            else:
                self._more += 1

    @property
    def notes(self) -> list[str]:
        """All that was written down."""
        with self._lock:
            rest = [f"and {self._more} more"] if self._more else []
            return [*self._notes, *rest]


@define
class _Sent:
    """A file that the gateway has taken, and what is still to come for it."""

    bill: Bill
    deposit: str = ""
    receipt: bytes = b""


@define
class _Desk:
    """What a client has sent and waits for, by SHA-256 and by deposit."""

    waiting: dict[str, _Sent] = field(factory=dict)  # no receipt yet
    unread: dict[str, _Sent] = field(factory=dict)  # no report yet
    known: set[str] = field(factory=set)
    asked: dict[str, Collection[int]] = field(factory=dict)

    @property
    def clear(self) -> bool:
        """Whether nothing more is to come but returns."""
        return not (self.waiting or self.unread)

    def remember(self, bill: Bill) -> None:
        """Remember what was asked, but not for ever."""
        self.asked.update(bill.asked)
        for key in list(islice(self.asked, max(0, len(self.asked) - _MOST_CLAIMS))):
            del self.asked[key]


class Vendor:
    """One client's software.  `pause` is seconds between two files on average."""

    def __init__(
        self,
        *,
        account: Account,
        door: Door,
        typist: Typist,
        networks: Sequence[Network],
        key: Ed25519PublicKey,
        rng: Random,
        pause: float,
        notebook: Notebook,
        monotonic: Callable[[], float],
        wait: Callable[[float], object],
    ) -> None:
        self._account = account
        self._door = door
        self._typist = typist
        self._networks = networks
        self._key = key
        self._rng = rng
        self._pause = pause
        self._notebook = notebook
        self._monotonic = monotonic
        self._wait = wait
        self._desk = _Desk()
        self._next_file = monotonic() + rng.uniform(0, pause)
        self._next_look = monotonic() + _LOOK_EVERY

    def turn(self, *, sending: bool) -> None:
        """Do what is due: send a file, or look what there is."""
        try:
            if sending and self._monotonic() >= self._next_file:
                self._next_file = self._monotonic() + self._rng.uniform(
                    0.5 * self._pause, 1.5 * self._pause
                )
                self._send(self._typist.next())
            if self._monotonic() >= self._next_look:
                began = self._monotonic()
                self.look()
                now = self._monotonic()
                # A long list of receipts must not keep the gateway busy by itself.
                self._next_look = now + max(_LOOK_EVERY, 10 * (now - began))
        except DoorTrouble as trouble:
            self._note(str(trouble))
            self._wait(_AFTER_TROUBLE)

    def look(self) -> None:
        """Fetch and check receipts, reports and returns."""
        if self._desk.waiting:
            self._read_receipts()
        self._read_reports()
        self._fetch_returns()

    def finish(self) -> None:
        """Wait for what the gateway still owes but returns, look once more, leave."""
        until = self._monotonic() + _PATIENCE
        try:
            self.look()
            while not self._desk.clear and self._monotonic() < until:
                self._wait(_TURN)
                self.look()
        except DoorTrouble as trouble:
            self._note(str(trouble))
        for sent in self._desk.waiting.values():
            self._note(f"{sent.bill.name} was taken, and there is no receipt")
        for sent in self._desk.unread.values():
            self._note(f"{sent.bill.name} was taken, and there is no report")
        self._door.close()

    def _send(self, bill: Bill) -> None:
        self._door.deposit(bill)
        self._desk.waiting[bill.sha256] = _Sent(bill)
        self._desk.remember(bill)

    def _read_receipts(self) -> None:
        for deposit, receipt in self._door.receipts(self._desk.known):
            self._desk.known.add(deposit)
            sent = self._desk.waiting.pop(json.loads(receipt)["sha256"], None)
            if sent is None:
                continue  # of an earlier run, or of a person with this account
            sent.deposit, sent.receipt = deposit, receipt
            for wrong in check_receipt(
                receipt, sent.bill, client=self._account.id, key=self._key
            ):
                self._note(wrong)
            self._desk.unread[deposit] = sent
        if self._desk.unread and self._rng.random() < _AGAIN_SHARE:
            self._send_again(self._rng.choice(list(self._desk.unread.values())))

    def _send_again(self, sent: _Sent) -> None:
        again = self._door.deposit_again(sent.bill, sent.deposit)
        if again != sent.receipt:
            self._note(f"{sent.bill.name} was sent again, and has another receipt")

    def _read_reports(self) -> None:
        for deposit, sent in list(self._desk.unread.items()):
            report = self._door.report(deposit)
            if report is not None:
                del self._desk.unread[deposit]
                for wrong in check_report(report, sent.bill):
                    self._note(wrong)

    def _fetch_returns(self) -> None:
        senders = [each.number for each in self._account.senders]
        for name, content in self._door.returns():
            for wrong in check_return(
                name,
                content,
                networks=self._networks,
                senders=senders,
                asked=self._desk.asked,
            ):
                self._note(wrong)
            self._door.acknowledge(name)

    def _note(self, text: str) -> None:
        self._notebook.note(f"{self._account.id}: {text}")


class Office:
    """Runs all simulated software, each client in a thread of its own."""

    def __init__(self, vendors: Sequence[Vendor], notebook: Notebook) -> None:
        self._sending = threading.Event()
        self._stopping = threading.Event()
        self._notebook = notebook
        self._threads = [
            threading.Thread(
                target=self._work, args=(vendor,), name=f"vendor-{number}", daemon=True
            )
            for number, vendor in enumerate(vendors, 1)
        ]

    def start(self) -> None:
        """Let them begin."""
        self._sending.set()
        for thread in self._threads:
            thread.start()

    @property
    def sending(self) -> bool:
        """Whether they may send something new."""
        return self._sending.is_set()

    def hold_back(self, held: bool) -> None:
        """Let them send nothing new while `held`; only between `start` and the end."""
        if held:
            self._sending.clear()
        else:
            self._sending.set()

    def stop_sending(self) -> None:
        """Let them send nothing new; they go on fetching."""
        self._sending.clear()

    def stop(self) -> None:
        """Let each finish, and return when all have."""
        self._sending.clear()
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _work(self, vendor: Vendor) -> None:
        try:
            while not self._stopping.wait(_TURN):
                vendor.turn(sending=self.sending)
            vendor.finish()
        except Exception as error:  # what software did not foresee is a finding too
            self._notebook.note(f"simulated software broke: {error!r}")

"""Simulated vendor software against a door that keeps its word, and ones that do not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.intake.receipts import ReceiptFacts, ReceiptSigner
from gateway.simulator.vendor_accounts import NumberBook, invent
from gateway.simulator.vendor_doors import DoorTrouble, Paper
from gateway.simulator.vendor_files import REFUSED, Address, Bill, Kind, Typist
from gateway.simulator.vendors import Notebook, Office, Vendor
from protocols.sesam.payer_simulator import Faults, respond
from tests.gateway.simulator.study import FRENCH

ACCOUNT = invent(1, 1, bytes, [FRENCH])
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
DAY = "2026-11-22"


class HonestDoor:
    """Keeps every promise; each test breaks one."""

    def __init__(self) -> None:
        self.signer = ReceiptSigner(KEY)
        self.bills: dict[str, Bill] = {}
        self.given: dict[str, bytes] = {}
        self.waiting: dict[str, bytes] = {}
        self.closed = False

    def deposit(self, bill: Bill) -> None:
        name = f"d{len(self.bills)}"
        self.bills[name] = bill
        self.given[name] = self.sign(name, bill)
        if bill.kind is Kind.GOOD:
            made = respond(
                bill.content, rng=Random(1), faults=Faults(), day=DAY, number=1
            )
            self.waiting |= {f"{name}-{each.name}": each.content for each in made}

    def sign(self, name: str, bill: Bill) -> bytes:
        return self.signer.sign(
            ReceiptFacts(
                deposit=name,
                client=ACCOUNT.id,
                channel="sftp",
                filename=bill.name,
                size=len(bill.content),
                sha256=hashlib.sha256(bill.content).hexdigest(),
                received_at=0.0,
            )
        )

    def deposit_again(self, bill: Bill, deposit: str) -> bytes:
        return self.given[deposit]

    def receipts(self, known: Collection[str]) -> Iterator[Paper]:
        for name, receipt in self.given.items():
            if name not in known:
                yield Paper(name, receipt)

    def report(self, deposit: str) -> bytes | None:
        bill = self.bills[deposit]
        told: dict[str, object] = {
            "state": "unreadable" if bill.kind is Kind.NOISE else "split",
            "format": None,
            "valid": bill.kind not in REFUSED,
            "claims": len(bill.asked),
            "problems": [],
        }
        return json.dumps(told).encode()

    def returns(self) -> Iterator[Paper]:
        for name, content in list(self.waiting.items()):
            yield Paper(name, content)

    def acknowledge(self, name: str) -> None:
        del self.waiting[name]

    def close(self) -> None:
        self.closed = True


class Work:
    """A vendor at a door, and a clock that moves when it waits."""

    def __init__(self, door: HonestDoor, folder: Path) -> None:
        self.door = door
        self.seconds = 0.0
        self.notebook = Notebook()
        self.vendor = Vendor(
            account=ACCOUNT,
            door=door,
            typist=Typist(
                account=ACCOUNT,
                simulated=[FRENCH],
                addresses=[Address(network="sesam", code="01751", rules={})],
                numbers=NumberBook(folder / "numbers.json"),
                rng=Random(2),
                today=lambda: DAY,
            ),
            networks=[FRENCH.network],
            key=KEY.public_key(),
            rng=Random(4),
            pause=1.0,
            notebook=self.notebook,
            monotonic=lambda: self.seconds,
            wait=self.wait,
        )

    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    def day(self, turns: int = 300) -> list[str]:
        for _ in range(turns):
            self.wait(0.2)
            self.vendor.turn(sending=True)
        self.vendor.finish()
        return self.notebook.notes


def test_an_honest_door_leaves_nothing_to_note(tmp_path: Path) -> None:
    """Files are sent, returns acknowledged, and nothing is written down."""
    door = HonestDoor()

    assert Work(door, tmp_path).day() == []
    assert len(door.bills) > 30
    assert {bill.kind for bill in door.bills.values()} > {Kind.GOOD}
    assert not door.waiting
    assert door.closed


class ForgetsReceipts(HonestDoor):
    def receipts(self, known: Collection[str]) -> Iterator[Paper]:
        return iter(())


class OtherKey(HonestDoor):
    def __init__(self) -> None:
        super().__init__()
        self.signer = ReceiptSigner(Ed25519PrivateKey.from_private_bytes(b"x" * 32))


class NewReceipt(HonestDoor):
    def deposit_again(self, bill: Bill, deposit: str) -> bytes:
        return self.sign("another", bill)


class NoReport(HonestDoor):
    def report(self, deposit: str) -> bytes | None:
        return None


class TakesAllForGood(HonestDoor):
    def report(self, deposit: str) -> bytes | None:
        told = json.loads(super().report(deposit) or b"{}")
        return json.dumps({**told, "valid": True, "state": "split"}).encode()


class Stranger(HonestDoor):
    def returns(self) -> Iterator[Paper]:
        for paper in super().returns():
            number = ACCOUNT.senders[0].number.encode()
            yield Paper(paper.name, paper.content.replace(number, b"999999999"))


class Cuts(HonestDoor):
    def returns(self) -> Iterator[Paper]:
        for paper in super().returns():
            yield Paper(paper.name, paper.content[: len(paper.content) // 2])


class Trouble(HonestDoor):
    def deposit(self, bill: Bill) -> None:
        raise DoorTrouble("the line was lost")


@pytest.mark.parametrize(
    ("door", "words"),
    [
        (ForgetsReceipts, "there is no receipt"),
        (OtherKey, "has no right signature"),
        (NewReceipt, "has another receipt"),
        (NoReport, "there is no report"),
        (TakesAllForGood, "was reported with problems"),
        (Stranger, "answers for somebody else"),
        (Cuts, "errors"),
        (Trouble, "the line was lost"),
    ],
)
def test_a_broken_promise_is_noted(
    door: type[HonestDoor], words: str, tmp_path: Path
) -> None:
    """Each way to break a promise is found, and named by its client."""
    notes = Work(door(), tmp_path).day(100)

    assert any(words in note for note in notes), notes
    assert all(note.startswith("cabinet-1: ") for note in notes[:100])


def test_a_notebook_stays_readable() -> None:
    """After a hundred notes the rest is only counted."""
    notebook = Notebook()
    for number in range(150):
        notebook.note(f"note {number}")

    assert len(notebook.notes) == 101
    assert notebook.notes[-1] == "and 50 more"


def test_software_that_is_held_back_sends_again_when_it_may() -> None:
    """It is held for a while only, and never after it was told to stop."""
    office = Office([], Notebook())
    office.start()
    office.hold_back(True)
    assert not office.sending
    office.hold_back(False)
    assert office.sending

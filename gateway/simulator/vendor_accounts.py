"""The accounts of simulated vendor software: who they are and for whom they bill.

Each has a folder: `account.json`, `key`, and `numbers.json` with the numbers it
has used.  A number is noted before its file is sent, so software that was
killed and started again never bills under a number twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from attrs import asdict, field, frozen

from gateway.clock import Entropy
from gateway.intake.credentials import new_token
from protocols.catalog import Simulated
from protocols.simulation import Sender

_VENDORS: Final = (
    ("Editions du Lac (simulated)", "LacSoft 4.2"),
    ("Logiciels Tilleul (simulated)", "Tilleul Pro 11"),
    ("Glycine Informatique (simulated)", "Glycine 2026"),
)
_MOST_SENDERS: Final = 3
SFTP, HTTPS = "sftp", "https"


@frozen(kw_only=True)
class Account:
    """One client of the gateway.  `folder` is empty until it is kept somewhere."""

    id: str
    name: str
    vendor: str
    software: str
    channel: str
    token: str = field(repr=False)
    senders: tuple[Sender, ...]
    folder: Path = Path()

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks in which it bills."""
        return tuple(sorted({each.network for each in self.senders}))

    @property
    def key_file(self) -> Path:
        """Its private SSH key."""
        return self.folder / "key"

    @property
    def token_file(self) -> Path:
        """Its token alone, as programs want it."""
        return self.folder / "token"

    def to_json(self) -> dict[str, Any]:
        """Return what `account.json` holds."""
        return {
            "id": self.id,
            "name": self.name,
            "vendor": self.vendor,
            "software": self.software,
            "channel": self.channel,
            "token": self.token,
            "senders": [asdict(each) for each in self.senders],
        }


def invent(
    number: int, seed: int, entropy: Entropy, simulated: Sequence[Simulated]
) -> Account:
    """Invent the n-th account; number 0 is the visitor, a person at a keyboard.

    Software bills in one network, two accounts after the other in each; a visitor
    has senders in all of them.
    """
    # Two, so that a network has software at either door.
    turn = (number - 1) // 2 % len(simulated)
    networks = [simulated[turn]] if number else simulated
    rng = Random(f"{seed}|account|{number}")  # noqa: S311 - invented names, no secret
    vendor, software = rng.choice(_VENDORS)
    count = rng.randint(1, _MOST_SENDERS)
    return Account(
        id=f"cabinet-{number}" if number else "visitor",
        name=f"Cabinet {number} (simulated)" if number else "Visitor",
        vendor=vendor,
        software=software,
        channel=HTTPS if number and number % 2 == 0 else SFTP,
        token=new_token(entropy),
        senders=tuple(
            of.simulation.sender(rng) for of in networks for _ in range(count)
        ),
    )


def read_account(folder: Path) -> Account:
    """Read an account that is kept in a folder."""
    kept = json.loads((folder / "account.json").read_text(encoding="utf-8"))
    senders = tuple(Sender(**each) for each in kept.pop("senders"))
    return Account(**kept, senders=senders, folder=folder)


@frozen(kw_only=True)
class Numbers:
    """The next numbers that a sender's files, lots and invoices may have."""

    file: int = 1
    lot: int = 1
    invoice: int = 1


class NumberBook:
    """The numbers that an account has used, kept on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next: dict[str, list[int]] = {}
        if path.exists():
            self._next = json.loads(path.read_text(encoding="utf-8"))

    def take(self, sender: str, *, lots: int, invoices: int) -> Numbers:
        """Take one file, so many lots and invoices; noted before it returns."""
        file, lot, invoice = self._next.get(sender, [1, 1, 1])
        self._next[sender] = [file + 1, lot + lots, invoice + invoices]
        working = self._path.with_suffix(".tmp")
        working.write_text(json.dumps(self._next), encoding="utf-8")
        working.replace(self._path)
        return Numbers(file=file, lot=lot, invoice=invoice)

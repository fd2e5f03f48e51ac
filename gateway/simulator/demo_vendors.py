"""Puts the demo's simulated vendor software to work, and a sample for a visitor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Final

from gateway.clock import Now
from gateway.simulator.demo_setup import DemoHome
from gateway.simulator.vendor_accounts import SFTP, Account, NumberBook
from gateway.simulator.vendor_doors import Door
from gateway.simulator.vendor_files import Kind, Typist
from gateway.simulator.vendor_https import HttpsDoor
from gateway.simulator.vendor_sftp import Habit, SftpDoor
from gateway.simulator.vendors import Notebook, Office, Vendor

_FILES_A_SECOND: Final = 1.5  # of all clients together: two processor cores are few
_KEY_BITS: Final = 128


def hire(
    home: DemoHome,
    *,
    sftp: str,
    https: str,
    dice: Random,
    notebook: Notebook,
    now: Now,
    monotonic: Callable[[], float],
    wait: Callable[[float], object],
) -> Office:
    """Give every simulated client its door and its habit; nobody works yet."""
    habits = cycle(Habit)

    def door_of(account: Account) -> Door:
        if account.channel == SFTP:
            return SftpDoor(
                account=account,
                where=sftp,
                host_key=home.host_key,
                habit=next(habits),
                wait=wait,
            )
        keys = Random(dice.getrandbits(_KEY_BITS))  # noqa: S311 - unique, not secret
        return HttpsDoor(
            account=account,
            where=https,
            authority=home.settings.https.certificate,
            new_key=lambda: f"{keys.getrandbits(_KEY_BITS):032x}",
        )

    vendors = [
        Vendor(
            account=account,
            door=door_of(account),
            typist=typist(home, account, dice, now),
            networks=[of.network for of in home.simulated],
            key=home.receipt_key,
            rng=Random(dice.getrandbits(_KEY_BITS)),  # noqa: S311
            pause=len(home.vendors) / _FILES_A_SECOND,
            notebook=notebook,
            monotonic=monotonic,
            wait=wait,
        )
        for account in home.vendors
    ]
    return Office(vendors, notebook)


def typist(home: DemoHome, account: Account, dice: Random, now: Now) -> Typist:
    """Return who makes the files of an account."""
    return Typist(
        account=account,
        simulated=home.simulated,
        addresses=home.addresses,
        numbers=NumberBook(account.folder / "numbers.json"),
        rng=Random(dice.getrandbits(_KEY_BITS)),  # noqa: S311
        today=lambda: datetime.fromtimestamp(now(), UTC).date().isoformat(),
    )


def write_samples(home: DemoHome, dice: Random, now: Now) -> list[Path]:
    """Write a good file of each network that the visitor may send by hand."""
    visitor = home.visitor
    maker = typist(home, visitor, dice, now)
    paths = []
    for of in home.simulated:
        sender = next(each for each in visitor.senders if each.network == of.name)
        path = home.folder / f"sample{of.simulation.suffix}"
        path.write_bytes(maker.make(Kind.GOOD, sender).content)
        paths.append(path)
    return paths

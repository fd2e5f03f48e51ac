"""The simulated payers of the demo, as a program: servers with someone behind.

`python -m gateway.simulator.payers --dir DIR --key 'ssh-ed25519 …' NETWORK:CODE:USER…`
opens an SFTP account for each payer, or the host that its network brings, prints one
JSON line with address, host key and hosts, and answers what is put there until it is
told to end.  Their lines fail now and
then; which, when and how follows from the seed and from nothing else.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, Protocol, cast

from attrs import evolve, frozen
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, react
from twisted.logger import Logger, globalLogBeginner

from gateway.clock import Now
from gateway.logs import observer
from gateway.simulator import payer_faults
from gateway.simulator.payer_desk import Desk
from gateway.simulator.payer_host import PayerHost, load_host_key
from gateway.simulator.payer_hosts import LINE_FAULTS, Dialled, HostedPayers, Lines
from protocols.catalog import Catalog
from protocols.simulated_payer import Faults
from protocols.simulation import LineFault

_LOOK_EVERY: Final = 0.5
_NO_FAULT: Final = payer_faults.Faults()

RETURNS: Final = Faults(
    lost=0.08, late=0.03, doubled=0.05, out_of_order=0.005, unknown_sender=0.1
)
"""How often the payers' returns go wrong in the demo: a field that is not mended."""

RETURNS_WITHOUT_DESK: Final = evolve(RETURNS, lost=0.0, unknown_sender=0.0)
"""Likewise, where no desk can be asked: nobody could bring such answers back."""

LOSES: Final = 0.08
"""The share of files that a payer loses before it has read them."""


@frozen
class Episode:
    """A fault of a line, and for how many seconds it holds."""

    faults: payer_faults.Faults
    seconds: float


_EPISODES: Final = (
    Episode(LINE_FAULTS[LineFault.CUT_LATE], 4.0),
    Episode(payer_faults.Faults(drop_before_rename=True), 1.0),
    Episode(LINE_FAULTS[LineFault.CUT_EARLY], 1.0),
    Episode(LINE_FAULTS[LineFault.SLOW], 3.0),
)
_LOCKED_OUT: Final = Episode(LINE_FAULTS[LineFault.LOCKED_OUT], 15.0)


class BadLines:
    """Dials faults into the lines, one at a time; `tick` once a second.

    `every` is seconds between two faults on average, 0 for never.  From
    `locked_out_at` seconds on, one payer once refuses our login.
    """

    def __init__(
        self,
        *,
        host: Dialled,
        users: Sequence[str],
        rng: Random,
        clock: IReactorTime,
        every: float,
        locked_out_at: float | None,
    ) -> None:
        self._host = host
        self._users = users
        self._rng = rng
        self._clock = clock
        self._chance = 1 / every if every else 0.0
        self._locked_out_at = locked_out_at
        self._ticks = 0
        self._busy = False

    def tick(self) -> None:
        """Perhaps begin a fault, unless one is on."""
        self._ticks += 1
        if self._busy:
            return
        if self._locked_out_at is not None and self._ticks >= self._locked_out_at:
            self._locked_out_at = None
            self._begin(_LOCKED_OUT)
        elif self._rng.random() < self._chance:
            self._begin(self._rng.choice(_EPISODES))

    def _begin(self, episode: Episode) -> None:
        user = self._rng.choice(self._users)
        self._busy = True
        self._host.dial(user, episode.faults)
        self._clock.callLater(episode.seconds, self._end, user)

    def _end(self, user: str) -> None:
        self._busy = False
        self._host.dial(user, _NO_FAULT)


class Works(Protocol):
    """A payer's desk, or what is between it and a gateway."""

    def work(self) -> None:
        """Do what there is to do."""
        ...


class DeskRound:
    """Lets each payer work in turn; one that fails never stops the others."""

    _log = Logger()

    def __init__(self, desks: Mapping[str, Works]) -> None:
        self._desks = desks

    def work(self) -> None:
        """Let each work once."""
        for user, desk in self._desks.items():
            try:
                desk.work()
            except Exception:
                self._log.failure("payer {user} failed", user=user)


def run(reactor: IReactorTime, now: Now, *arguments: str) -> Deferred[Any]:
    """Open the payers; fires never, unless something breaks."""
    read = _read_arguments(arguments)
    globalLogBeginner.beginLoggingTo(
        [observer(sys.stderr, "warn")], redirectStandardIO=False
    )
    read.dir.mkdir(parents=True, exist_ok=True)
    host = PayerHost(
        root=read.dir,
        host_key=load_host_key(read.dir / "host_key"),
        clock=reactor,
        arrived=lambda user, name: None,
    )
    simulations = {
        each.name: each.simulation for each in Catalog.installed().simulated()
    }
    hosts = {
        network: HostedPayers(
            simulation.open_host,
            read.dir / f"{network}-host",
            {
                code: read.dir / user
                for name, code, user in read.users
                if name == network
            },
            now=now,
            rng=Random(f"{read.seed}|{network}"),  # noqa: S311
        )
        for network, simulation in simulations.items()
        if simulation.open_host is not None
        and any(name == network for name, _, _ in read.users)
    }
    desks = {
        user: Desk(
            folder=read.dir / user
            if network in hosts
            else host.open_account(user, key=read.key),
            simulation=simulations[network],
            code=code,
            faults=RETURNS_WITHOUT_DESK if network in hosts else RETURNS,
            day=read.day,
            loses=LOSES,
            rng=Random(f"{read.seed}|{user}"),  # noqa: S311
            now=now,
        )
        for network, code, user in read.users
    }
    hosted = {user: hosts[name] for name, _, user in read.users if name in hosts}
    lines = BadLines(
        host=Lines(host, hosted),
        users=[user for _, _, user in read.users],
        rng=Random(f"{read.seed}|lines"),  # noqa: S311
        clock=reactor,
        every=read.fault_every,
        locked_out_at=read.locked_out_at,
    )
    listening = cast(Any, reactor).listenTCP(0, host.factory, interface="127.0.0.1")
    place = cast(IPv4Address, listening.getHost())
    _say(
        text="listening",
        door="payers",
        where=f"{place.host}:{place.port}",
        host_key=host.host_key,
        hosts={name: dict(each.host.place) for name, each in hosts.items()},
    )
    for each in hosts.values():
        cast(Any, reactor).addSystemEventTrigger("before", "shutdown", each.host.close)
    loops = (
        (DeskRound({**desks, **hosts}).work, _LOOK_EVERY),
        (lines.tick, 1.0),
    )
    return DeferredList(
        [_loop(reactor, call, every) for call, every in loops], fireOnOneErrback=True
    )


def _loop(clock: IReactorTime, call: Any, every: float) -> Deferred[Any]:
    loop = LoopingCall(call)
    loop.clock = clock
    return loop.start(every)


def _say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _read_arguments(arguments: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m gateway.simulator.payers")
    parser.add_argument("--dir", type=Path, required=True, help="folder of accounts")
    parser.add_argument("--key", required=True, help="public key that may log in")
    parser.add_argument("--seed", type=int, default=1, help="of all that goes wrong")
    parser.add_argument("--day", type=float, default=1.0, help="seconds in a day")
    parser.add_argument(
        "--fault-every", type=float, default=0.0, help="seconds; 0 for no bad line"
    )
    parser.add_argument("--locked-out-at", type=float, help="seconds from the start")
    parser.add_argument(
        "users",
        nargs="+",
        metavar="NETWORK:CODE:USER",
        type=lambda text: text.split(":", 2),
        help="accounts, one for each payer",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    import time

    react(run, (time.time, *sys.argv[1:]))  # noqa: TID251 - a program's own clock
